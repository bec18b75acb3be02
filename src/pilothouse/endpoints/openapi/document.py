"""One OpenAPI document in one form, kept compressed."""

from __future__ import annotations

import hashlib
import zlib

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 3


class Document:
    """`etag` is upstream's: the SHA-512 of its JSON in hexadecimal, whatever the form; `modified` are Unix seconds."""

    def __init__(self, data: bytes, modified: float, etag: str = "") -> None:
        compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self.gzipped = compressor.compress(data) + compressor.flush()
        self.etag = etag or hashlib.sha512(data).hexdigest().upper()
        self.modified = modified

    def data(self) -> bytes:
        """The document itself; for a large one this takes milliseconds."""
        return zlib.decompress(self.gzipped, wbits=_GZIP)
