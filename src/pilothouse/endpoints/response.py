"""Bytes to answers: JSON, pretty JSON, YAML, protobuf, gzip, and Status errors (upstream: handlers/responsewriters).

Callers hand in compact JSON without a trailing newline; what goes out has Go's form.
"""

from __future__ import annotations

import asyncio
import functools
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import orjson

from pilothouse.apimachinery.codec.encode import encode_pretty, escape
from pilothouse.apimachinery.http import Headers, Request, Response, StreamResponse
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints import negotiation
from pilothouse.endpoints.auditing import keep_answer
from pilothouse.endpoints.negotiation import JSON, PLAIN_JSON, PROTOBUF, Accepted

GZIP_THRESHOLD = 128 * 1024
"""Smaller answers are never compressed (upstream: defaultGzipThresholdBytes)."""
_GZIP_LEVEL = 1
_STREAM_THRESHOLD = 1024 * 1024
_CHUNK = 256 * 1024
_THREAD_THRESHOLD = 64 * 1024

CONTENT_JSON = (b"content-type", b"application/json")
CONTENT_PROTOBUF_STREAM = (b"content-type", b"application/vnd.kubernetes.protobuf;stream=watch")
_CONTENT_TYPES = {media_type: (b"content-type", media_type.encode()) for media_type in negotiation.MEDIA_TYPES}
_GZIPPED = ((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))


def dumps(value: Any) -> bytes:
    """Compact JSON in Go's form, keys in the order of the value."""
    return escape(orjson.dumps(value))


def reformat(data: bytes, media_type: str) -> bytes:
    """Compact JSON as indented JSON, as YAML with sorted keys, or as protobuf. Raises 406 for a kind without that."""
    value = orjson.loads(data)
    if media_type == PROTOBUF:
        from pilothouse.apimachinery.codec.protobuf import kinds

        return kinds.sealed(value)
    if media_type == JSON:
        return encode_pretty(value)
    from pilothouse.apimachinery.codec import yaml

    return yaml.dumps(value)


def wants_gzip(request: Request) -> bool:
    """Upstream reads no q-values here (responsewriters.negotiateContentEncoding)."""
    header = request.header(b"accept-encoding")
    return header is not None and any(token.strip() == "gzip" for token in header.split(","))


async def write(request: Request, accepted: Accepted, status: int, data: bytes) -> Response:
    """An answer with one document."""
    if request.context.audit is not None:
        keep_answer(request, data)
    if accepted is PLAIN_JSON and len(data) <= GZIP_THRESHOLD and not negotiation.is_pretty(request):
        return Response(status, data + b"\n", [CONTENT_JSON])
    return await _written(request, accepted, status, data, (), b"")


async def write_items(
    request: Request, accepted: Accepted, status: int, head: bytes, items: Sequence[bytes], tail: bytes
) -> Response:
    """An answer whose document is `head`, `items` with commas between, and `tail`. Large ones are compressed in a
    thread, if the client takes that, or else joined and sent piece by piece."""
    if request.context.audit is not None:
        keep_answer(request, head, items, tail)
    return await _written(request, accepted, status, head, items, tail)


async def _written(
    request: Request, accepted: Accepted, status: int, head: bytes, items: Sequence[bytes], tail: bytes
) -> Response:
    media_type = accepted.media_type
    size = len(head) + sum(map(len, items)) + max(len(items), 1) + len(tail)
    if media_type != JSON or accepted.pretty or negotiation.is_pretty(request):
        joined = functools.partial(_joined, head, items, tail)
        if size > _THREAD_THRESHOLD:
            body = await asyncio.to_thread(lambda: reformat(joined(), media_type))
        else:
            body = reformat(joined(), media_type)
        head, items, tail, size = body, (), b"", len(body)
    else:
        tail += b"\n"
    return await _sent(request, status, media_type, _Pieces(head, items, tail, b",", size))


async def write_messages(
    request: Request, status: int, head: bytes, items: Sequence[bytes] = (), tail: bytes = b""
) -> Response:
    """An answer in protobuf: `head`, `items` and `tail` are what is sent."""
    size = len(head) + sum(map(len, items)) + len(tail)
    return await _sent(request, status, PROTOBUF, _Pieces(head, items, tail, b"", size))


class _Pieces(NamedTuple):
    """What is to be sent, `separator` between the items. `size` is that of the whole, in bytes."""

    head: bytes
    items: Sequence[bytes]
    tail: bytes
    separator: bytes
    size: int


async def _sent(request: Request, status: int, media_type: str, pieces: _Pieces) -> Response:
    headers: Headers = [_CONTENT_TYPES[media_type]]
    if pieces.size > GZIP_THRESHOLD and wants_gzip(request):
        headers += _GZIPPED
        return Response(status, await asyncio.to_thread(_gzip, pieces), headers)
    if pieces.size > _STREAM_THRESHOLD and pieces.items:
        return StreamResponse(_Chunks(pieces), status, headers)
    return Response(status, _joined(pieces.head, pieces.items, pieces.tail, pieces.separator), headers)


def _joined(head: bytes, items: Sequence[bytes], tail: bytes, separator: bytes = b",") -> bytes:
    return b"".join((head, separator.join(items), tail))


def _gzip(pieces: _Pieces) -> bytes:
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    data = _joined(pieces.head, pieces.items, pieces.tail, pieces.separator)
    return compressor.compress(data) + compressor.flush()


class _Chunks(AsyncIterator[bytes]):
    """A list in pieces of about `_CHUNK` bytes, joined as they are sent: nothing is copied in one go."""

    def __init__(self, pieces: _Pieces) -> None:
        self._lead = pieces.head
        self._items = pieces.items
        self._tail = pieces.tail
        self._separator = pieces.separator
        self._next = 0
        self._step = max(1, _CHUNK * len(pieces.items) // pieces.size)

    async def __anext__(self) -> bytes:
        start = self._next
        if start >= len(self._items):
            raise StopAsyncIteration
        end = self._next = start + self._step
        lead, self._lead = self._lead, self._separator
        tail = self._tail if end >= len(self._items) else b""
        return b"".join((lead, self._separator.join(self._items[start:end]), tail))

    async def aclose(self) -> None:
        self._next = len(self._items)


_errors = negotiation.Negotiator(allows=negotiation.allows_no_transform)


def render_error(request: Request, error: StatusError) -> Response:
    """The answer for an error, in the client's media type (upstream: ErrorNegotiated). An `http.ErrorRenderer`."""
    body = error.status()
    headers: Headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    details = body.get("details")
    retry_after = details.get("retryAfterSeconds") if details else None
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    accepted = _errors.handler_match(request)
    if accepted is None:
        # what cannot be negotiated is answered all the same, indented, and told of by its code only (upstream:
        # WriteRawJSON)
        headers.append(CONTENT_JSON)
        return Response(error.code, encode_pretty(body), headers)
    headers.append(_CONTENT_TYPES[accepted.media_type])
    data = dumps(body)
    if request.context.audit is not None:
        request.context.audit.answer_status(body)
        keep_answer(request, data)
    if accepted.media_type != JSON or accepted.pretty or negotiation.is_pretty(request):
        return Response(error.code, reformat(data, accepted.media_type), headers)
    return Response(error.code, data + b"\n", headers)
