"""Header blocks to requests, answers to header blocks. No I/O."""

from collections.abc import Sequence
from typing import NamedTuple

from pilothouse.apimachinery.http import Headers, Response
from pilothouse.transport import wire

_CONNECTION_SPECIFIC = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""Headers that HTTP/2 does not know (RFC 9113, 8.2.2)."""


class Head(NamedTuple):
    """What a request's header block says. `path` is decoded."""

    method: str
    path: str
    raw_query: str
    headers: Headers


def read_head(fields: Sequence[tuple[bytes, bytes]]) -> Head:
    """A block that the library found well-formed, as a head. `:authority` stands for Host, and counts before it.

    Raises wire.BadTarget (upstream: httpcommon.NewServerRequest).
    """
    pseudo: dict[bytes, bytes] = {}
    headers: Headers = []
    for field in fields:
        name = field[0]
        if name.startswith(b":"):
            pseudo[name] = field[1]
        else:
            headers.append(field)
    authority = pseudo.get(b":authority")
    if authority:
        headers = [(b"host", authority), *(field for field in headers if field[0] != b"host")]
    if sum(name == b"cookie" for name, _ in headers) > 1:
        headers = _with_one_cookie(headers)
    # CONNECT has no path, and no tunnels are dug here.
    path, raw_query = wire.split_target(pseudo.get(b":path", b""))
    return Head(pseudo[b":method"].decode("latin-1"), path, raw_query, headers)


def _with_one_cookie(headers: Headers) -> Headers:
    """HTTP/2 may split the header for compression's sake (RFC 9113, 8.2.3)."""
    joined = b"; ".join(value for name, value in headers if name == b"cookie")
    return [*(field for field in headers if field[0] != b"cookie"), (b"cookie", joined)]


def answer_fields(response: Response, length: int | None) -> tuple[Headers, bool]:
    """(the header block of an answer, whether it asks for the connection's end: `Connection: close`).

    `length` becomes content-length. As in HTTP/1.1 a line break in a value becomes a space.
    """
    fields: Headers = [(b":status", b"%d" % response.status)]
    closes = False
    for field in response.headers:
        if field[0] in _CONNECTION_SPECIFIC:
            closes = closes or field == (b"connection", b"close")
        else:
            fields.append(field)
    fields.append((b"date", wire.date_line()[6:-2]))
    if length is not None:
        fields.append((b"content-length", b"%d" % length))
    text = b"".join([value for _, value in fields])
    if b"\n" in text or b"\r" in text or b"\0" in text:
        fields = [(name, _one_line(value)) for name, value in fields]
    return fields, closes


def _one_line(value: bytes) -> bytes:
    return value.translate(_BREAKS_TO_SPACES)


_BREAKS_TO_SPACES = bytes(32 if byte in b"\r\n\0" else byte for byte in range(256))
