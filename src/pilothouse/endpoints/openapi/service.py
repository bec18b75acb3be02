"""Serves OpenAPI documents (upstream: kube-openapi pkg/handler, pkg/handler3; kube-aggregator controllers/openapiv3).

    openapi.set_v3("apis/stable.example.com/v1", lambda: {"apis/stable.example.com/v1": v3.document(…)})
    openapi.set_v2("crontabs.stable.example.com", lambda: v2.document(…))
    openapi.remove_v3("apis/stable.example.com/v1")

Documents are built when somebody asks, or a moment after they have changed, in a thread, and are kept compressed.
"""

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from urllib.parse import quote

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.http import Headers, Request, Response
from pilothouse.endpoints.negotiation import parse_accept
from pilothouse.endpoints.openapi.document import Document
from pilothouse.endpoints.openapi.sources import CUSTOM, JSON, PROTOBUF, BuildV2, BuildV3, Rank, V2Sources, V3Sources
from pilothouse.observability.logging import log

#: The spelling with "@" is not a media type; old clients ask for it, and are answered with the other one.
_PROTOBUF_DEPRECATED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_V2_FORMS = ((JSON, JSON), (_PROTOBUF_DEPRECATED, PROTOBUF), (PROTOBUF, PROTOBUF))
_YEAR_SECONDS = 365 * 86400
_QUIET_SECONDS = 1.0
"""Documents are built ahead once nothing has changed for so long."""


class OpenAPIService:
    """The handlers `v2`, `v3_index` and `v3_document` for /openapi/v2, /openapi/v3 and what is below it.

    `clock` gives Unix seconds. A source is replaced by setting it again under its name; that costs next to nothing.
    Built-in documents (rank ()) are not built ahead.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._v2 = V2Sources(clock)
        self._v3 = V3Sources(clock)
        self._changed = asyncio.Event()

    def set_v2(self, name: str, build: BuildV2, *, rank: Rank = CUSTOM) -> None:
        """`build` makes what `name` adds to the v2 document. It must not change what it reads, and is run once."""
        self._v2.set(name, build, rank)
        if rank:
            self._changed.set()

    def remove_v2(self, name: str) -> None:
        self._v2.remove(name)
        self._changed.set()

    def set_v3(self, name: str, build: BuildV3, *, rank: Rank = CUSTOM) -> None:
        """`build` makes v3 documents by their key, such as "apis/apps/v1". It is run once."""
        self._v3.set(name, build, rank)
        if rank:
            self._changed.set()

    def remove_v3(self, name: str) -> None:
        self._v3.remove(name)
        self._changed.set()

    async def keep_built(self) -> None:
        """Build ahead what changes after the start, so that requests find it there; until cancelled."""
        while True:
            await self._changed.wait()
            while self._changed.is_set():
                self._changed.clear()
                await asyncio.sleep(_QUIET_SECONDS)
            try:
                await self._v3.documents()
                await self._v2.document(JSON)
            except Exception as error:
                # Requests build what they ask for, and get the error.
                log.exception("OpenAPI documents were not built ahead", error)

    async def v2(self, request: Request) -> Response:
        """The v2 document as JSON or protobuf."""
        vary = (b"vary", b"Accept")
        form = _v2_form(request)
        if form is None:
            return Response(406, headers=[vary])
        document = await self._v2.document(form)
        headers = [vary, (b"content-type", form.encode()), *_validators(document)]
        if _not_modified(request, document):
            return Response(304, headers=headers)
        if _accepts_gzip(request):
            headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
            return Response(200, document.gzipped, headers)
        return Response(200, await asyncio.to_thread(document.data), headers)

    async def v3_index(self, request: Request) -> Response:
        """Where each document is, with its hash. (Upstream's aggregator sets no content type: Go guesses text.)"""
        documents = await self._v3.documents()
        paths = {key: {"serverRelativeURL": _url(key, document)} for key, document in documents.items()}
        modified = formatdate(self._clock(), usegmt=True).encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"last-modified", modified)]
        return Response(200, escape(orjson.dumps({"paths": paths})), headers)

    async def v3_document(self, request: Request) -> Response:
        """One document. With the right hash it may be cached for good; with another one the answer leads there."""
        key = request.path.removeprefix("/openapi/v3/")
        document = (await self._v3.documents()).get(key)
        if document is None:
            return Response(404)
        headers: Headers = [(b"vary", b"Accept")]
        if not _accepts_json(request):
            return Response(406, headers=headers)
        headers += [(b"content-type", JSON.encode()), *_validators(document)]
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
    return not header or any(clause.covers(JSON) for clause in parse_accept(header))


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
