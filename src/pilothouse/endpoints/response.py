"""Bytes to answers: JSON, pretty JSON, YAML, gzip, and Status errors (upstream: handlers/responsewriters).

Callers hand in compact JSON without a trailing newline; what goes out has Go's form.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from pilothouse.apimachinery.codec.encode import encode_pretty, escape
from pilothouse.apimachinery.http import Headers, Request, Response, StreamResponse
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints import negotiation
from pilothouse.endpoints.negotiation import JSON, PLAIN_JSON, Accepted

GZIP_THRESHOLD = 128 * 1024
"""Smaller answers are never compressed (upstream: defaultGzipThresholdBytes)."""
_GZIP_LEVEL = 1
_STREAM_THRESHOLD = 1024 * 1024
_CHUNK = 256 * 1024
_THREAD_THRESHOLD = 64 * 1024

CONTENT_JSON = (b"content-type", b"application/json")
CONTENT_YAML = (b"content-type", b"application/yaml")
_GZIPPED = ((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))


def dumps(value: Any) -> bytes:
    """Compact JSON in Go's form, keys in the order of the value."""
    return escape(orjson.dumps(value))


def reformat(data: bytes, media_type: str) -> bytes:
    """Compact JSON as indented JSON, or as YAML with sorted keys."""
    value = orjson.loads(data)
    if media_type == JSON:
        return encode_pretty(value)
    from pilothouse.apimachinery.codec import yaml

    return yaml.dumps(value)


def _content_type(media_type: str) -> tuple[bytes, bytes]:
    return CONTENT_JSON if media_type == JSON else CONTENT_YAML


def wants_gzip(request: Request) -> bool:
    """Upstream reads no q-values here (responsewriters.negotiateContentEncoding)."""
    header = request.header(b"accept-encoding")
    return header is not None and any(token.strip() == "gzip" for token in header.split(","))


async def write(request: Request, accepted: Accepted, status: int, data: bytes) -> Response:
    """An answer with one document."""
    if accepted is PLAIN_JSON and len(data) <= GZIP_THRESHOLD and not negotiation.is_pretty(request):
        return Response(status, data + b"\n", [CONTENT_JSON])
    return await write_parts(request, accepted, status, (data,))


async def write_parts(request: Request, accepted: Accepted, status: int, parts: Sequence[bytes]) -> Response:
    """An answer whose document is the concatenation of `parts`; large ones are compressed or streamed."""
    media_type = accepted.media_type
    headers: Headers = [_content_type(media_type)]
    size = sum(map(len, parts))
    if media_type != JSON or accepted.pretty or negotiation.is_pretty(request):
        if size > _THREAD_THRESHOLD:
            body = await asyncio.to_thread(lambda: reformat(b"".join(parts), media_type))
        else:
            body = reformat(b"".join(parts), media_type)
        parts, size = (body,), len(body)
    else:
        parts = (*parts, b"\n")
        size += 1
    if size > GZIP_THRESHOLD and wants_gzip(request):
        headers += _GZIPPED
        return Response(status, await asyncio.to_thread(_gzip, parts), headers)
    if size > _STREAM_THRESHOLD:
        return StreamResponse(_Chunks(parts), status, headers)
    return Response(status, b"".join(parts), headers)


def _gzip(parts: Sequence[bytes]) -> bytes:
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    out = [compressor.compress(part) for part in parts]
    out.append(compressor.flush())
    return b"".join(out)


class _Chunks(AsyncIterator[bytes]):
    """Parts joined to chunks as they are sent, so that a large list is never copied in one go."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts
        self._next = 0

    async def __anext__(self) -> bytes:
        start = end = self._next
        if start >= len(self._parts):
            raise StopAsyncIteration
        size = 0
        while end < len(self._parts) and size < _CHUNK:
            size += len(self._parts[end])
            end += 1
        self._next = end
        return b"".join(self._parts[start:end])

    async def aclose(self) -> None:
        self._next = len(self._parts)


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
        # what cannot be negotiated is answered all the same, indented (upstream: WriteRawJSON)
        headers.append(CONTENT_JSON)
        return Response(error.code, encode_pretty(body), headers)
    headers.append(_content_type(accepted.media_type))
    data = dumps(body)
    if accepted.media_type != JSON or accepted.pretty or negotiation.is_pretty(request):
        return Response(error.code, reformat(data, accepted.media_type), headers)
    return Response(error.code, data + b"\n", headers)
