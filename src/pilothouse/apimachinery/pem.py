"""PEM blocks as Go reads them (encoding/pem, Decode).

Signers read what they sign with Go's reader. Whoever decides on a request must see the same block as they do, so
there is one reader here, and a lenient one of another library is never asked.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_BEGIN: Final = b"-----BEGIN "
_END: Final = b"\n-----END "
_DASHES: Final = b"-----"
_SIGNING_REQUEST: Final = "CERTIFICATE REQUEST"
#: The base64 decoder passes over ends of lines, the reader over spaces and tabs.
_IGNORED: Final = re.compile(rb"[ \t\r\n]")


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    has_headers: bool
    data: bytes


def blocks(pem: bytes) -> Iterator[Block]:
    """The well-formed blocks; whatever stands between them does not count.

    A block begins with the last begin before an end, so that every byte is looked at once or twice, however many begins
    there are.
    """
    at = 0
    while (end := pem.find(_END, at)) >= 0:
        begin = pem.rfind(_BEGIN, at, end)
        start, at = at, end + len(_END)
        if begin < 0 or (begin > start and pem[begin - 1:begin] != b"\n"):
            continue
        kind, content = _line(pem, begin + len(_BEGIN))
        if not kind.endswith(_DASHES):
            continue
        body = _after_headers(pem, content)
        if body > at or body == len(pem):
            # the end itself reads like a header: Go gives up
            return
        closing = kind.removesuffix(_DASHES) + _DASHES
        if (body > content and body > end) or not pem.startswith(closing, at) or _line(pem, at + len(closing))[0]:
            continue
        try:
            data = base64.b64decode(_IGNORED.sub(b"", pem[body:end]), validate=True)
        except binascii.Error:
            continue
        _, at = _line(pem, at)
        yield Block(closing.removesuffix(_DASHES).decode("utf-8", "replace"), body > content, data)


def signing_request(pem: bytes) -> bytes:
    """The DER of a certificate signing request: of the first block. Raises ValueError with upstream's text."""
    block = next(blocks(pem), None)
    if block is None or block.kind != _SIGNING_REQUEST:
        raise ValueError("PEM block type must be CERTIFICATE REQUEST")
    return block.data


def _line(data: bytes, start: int) -> tuple[bytes, int]:
    """The line at `start` without blanks at its end, and where the next one begins."""
    end = data.find(b"\n", start)
    if end < 0:
        return data[start:].rstrip(b" \t"), len(data)
    line = data[start:end]
    return line.removesuffix(b"\r").rstrip(b" \t"), end + 1


def _after_headers(pem: bytes, start: int) -> int:
    while start < len(pem):
        line, after = _line(pem, start)
        if b":" not in line:
            break
        start = after
    return start
