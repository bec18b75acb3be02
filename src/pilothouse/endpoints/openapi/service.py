"""Serves OpenAPI documents (upstream: kube-openapi pkg/handler, pkg/handler3; kube-aggregator controllers/openapiv3).

Documents are built when somebody asks for the first one, in a thread, and are kept compressed.
"""

import asyncio
import hashlib
import time
import zlib
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Protocol
from urllib.parse import quote

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.http import Headers, Request, Response
from pilothouse.endpoints.negotiation import parse_accept
from pilothouse.endpoints.openapi import gnostic

_JSON = "application/json"
#: The spelling with "@" is not a media type; old clients ask for it, and are answered with the other one.
_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PROTOBUF_DEPRECATED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_V2_FORMS = ((_JSON, _JSON), (_PROTOBUF_DEPRECATED, _PROTOBUF), (_PROTOBUF, _PROTOBUF))
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 3
_YEAR_SECONDS = 365 * 86400


class Builder(Protocol):
    """Where documents come from; called in a thread, once."""

    def v2(self) -> bytes: ...

    def v3(self) -> Mapping[str, bytes]:
        """The documents by their key, such as "api/v1" and "apis/apps/v1"."""
        ...


class Document:
    """One document in one form. `etag` is upstream's: the SHA-512 of its JSON in hexadecimal, whatever the form;
    `modified` are Unix seconds."""

    def __init__(self, data: bytes, modified: float, etag: str = "") -> None:
        compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self.gzipped = compressor.compress(data) + compressor.flush()
        self.etag = etag or hashlib.sha512(data).hexdigest().upper()
        self.modified = modified

    def data(self) -> bytes:
        """The document itself; for a large one this takes milliseconds."""
        return zlib.decompress(self.gzipped, wbits=_GZIP)


class OpenAPIService:
    """The handlers `v2`, `v3_index` and `v3_document` for /openapi/v2, /openapi/v3 and what is below it.

    `clock` gives Unix seconds.
    """

    def __init__(self, builder: Builder, *, clock: Callable[[], float] = time.time) -> None:
        self._builder = builder
        self._clock = clock
        self._building = asyncio.Lock()
        self._v2: Mapping[str, Document] | None = None
        self._v3: Mapping[str, Document] | None = None

    async def v2(self, request: Request) -> Response:
        """The v2 document as JSON or protobuf."""
        vary = (b"vary", b"Accept")
        form = _v2_form(request)
        if form is None:
            return Response(406, headers=[vary])
        document = (await self._v2_documents())[form]
        headers = [vary, (b"content-type", form.encode()), *_validators(document)]
        if _not_modified(request, document):
            return Response(304, headers=headers)
        if _accepts_gzip(request):
            headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
            return Response(200, document.gzipped, headers)
        return Response(200, await asyncio.to_thread(document.data), headers)

    async def v3_index(self, request: Request) -> Response:
        """Where each document is, with its hash. (Upstream's aggregator sets no content type: Go guesses text.)"""
        documents = await self._v3_documents()
        paths = {key: {"serverRelativeURL": _url(key, document)} for key, document in documents.items()}
        modified = formatdate(self._clock(), usegmt=True).encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"last-modified", modified)]
        return Response(200, escape(orjson.dumps({"paths": paths})), headers)

    async def v3_document(self, request: Request) -> Response:
        """One document. With the right hash it may be cached for good; with another one the answer leads there."""
        key = request.path.removeprefix("/openapi/v3/")
        document = (await self._v3_documents()).get(key)
        if document is None:
            return Response(404)
        headers: Headers = [(b"vary", b"Accept")]
        if not _accepts_json(request):
            return Response(406, headers=headers)
        headers += [(b"content-type", _JSON.encode()), *_validators(document)]
        wanted = request.query_value("hash")
        if wanted:
            if wanted != document.etag:
                return Response(301, headers=[*headers, (b"location", _url(key, document).encode())])
            # upstream formats this date with Go's RFC1123, which says UTC
            expires = formatdate(self._clock() + _YEAR_SECONDS, usegmt=True).replace("GMT", "UTC")
            headers += [(b"cache-control", b"public, immutable"), (b"expires", expires.encode())]
        if _not_modified(request, document):
            return Response(304, headers=headers)
        return Response(200, await asyncio.to_thread(document.data), headers)

    async def _v2_documents(self) -> Mapping[str, Document]:
        async with self._building:
            if self._v2 is None:
                self._v2 = await asyncio.to_thread(self._build_v2)
            return self._v2

    async def _v3_documents(self) -> Mapping[str, Document]:
        async with self._building:
            if self._v3 is None:
                self._v3 = await asyncio.to_thread(self._build_v3)
            return self._v3

    def _build_v2(self) -> Mapping[str, Document]:
        text = self._builder.v2()
        document = Document(text, self._clock())
        protobuf = Document(gnostic.encode(orjson.loads(text)), document.modified, document.etag)
        return {_JSON: document, _PROTOBUF: protobuf}

    def _build_v3(self) -> Mapping[str, Document]:
        return {key: Document(text, self._clock()) for key, text in sorted(self._builder.v3().items())}


def _url(key: str, document: Document) -> str:
    return f"/openapi/v3/{quote(key)}?hash={document.etag}"


def _validators(document: Document) -> Headers:
    modified = formatdate(document.modified, usegmt=True).encode()
    return [(b"etag", f'"{document.etag}"'.encode()), (b"last-modified", modified)]


def _v2_form(request: Request) -> str | None:
    """The form that the best clause of the Accept header covers."""
    clauses = parse_accept(request.header(b"accept") or "*/*")
    return next((form for clause in clauses for asked, form in _V2_FORMS if clause.covers(asked)), None)


def _accepts_json(request: Request) -> bool:
    header = request.header(b"accept")
    return not header or any(clause.covers(_JSON) for clause in parse_accept(header))


def _accepts_gzip(request: Request) -> bool:
    header = request.header(b"accept-encoding") or ""
    for part in header.split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0")
    return False


def _not_modified(request: Request, document: Document) -> bool:
    """If-None-Match decides; without it, If-Modified-Since (upstream: Go's http.ServeContent)."""
    header = request.header(b"if-none-match")
    if header is not None:
        tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
        return "*" in tags or f'"{document.etag}"' in tags
    return request.header(b"if-modified-since") == formatdate(document.modified, usegmt=True)
