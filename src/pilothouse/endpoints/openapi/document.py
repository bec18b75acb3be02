"""One OpenAPI document in one form, kept compressed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 3
_BLOCK = 1 << 18


class Document:
    """`pieces` are its bytes in order. `etag` is upstream's: the SHA-512 of its JSON in hexadecimal, whatever the form;
    `modified` are Unix seconds."""

    def __init__(self, pieces: Iterable[bytes], modified: float, etag: str = "") -> None:
        compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
        digest = hashlib.sha512()
        compressed = []
        for block in _blocks(pieces):
            digest.update(block)
            compressed.append(compressor.compress(block))
        compressed.append(compressor.flush())
        self.gzipped = b"".join(compressed)
        self.etag = etag or digest.hexdigest().upper()
        self.modified = modified

    def data(self) -> bytes:
        """The document itself; for a large one this takes milliseconds."""
        return zlib.decompress(self.gzipped, wbits=_GZIP)


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Fewer and larger pieces: the lock that threads share changes hands with each."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
