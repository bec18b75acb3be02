"""Handlers that proxy (upstream: proxy.UpgradeAwareHandler)."""

from __future__ import annotations

from dataclasses import replace

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.proxy import headers as passing
from pilothouse.apimachinery.proxy import upgrade
from pilothouse.apimachinery.proxy.backend import BackendError, Transport
from pilothouse.apimachinery.proxy.forward import Answer, forward, response_of
from pilothouse.apimachinery.proxy.location import Location
from pilothouse.apimachinery.proxy.rewrite import ENCODINGS, Rewriter, forwarded_uri, path_prefix

HTML_LIMIT = 64 * 1024 * 1024
"""Pages above this many bytes are refused: to change their links they must be held whole."""


def upgrade_only(location: Location, transport: Transport) -> Handler:
    """Carries upgrades to `location`, whose query counts; anything else answers 400."""

    async def handle(request: Request) -> Response:
        if not passing.is_upgrade(request):
            raise status.bad_request("Upgrade request required")
        return await _upgraded(request, location, transport)

    return handle


def rewriting(location: Location, transport: Transport) -> Handler:
    """Carries any request to `location`, with the client's query, and makes the answer's links lead back here."""

    async def handle(request: Request) -> Response:
        if passing.is_upgrade(request):
            # The query of an upgrade is not passed on: a quirk of upstream's tryUpgrade.
            return await _upgraded(request, location, transport)
        target = replace(location, raw_query=request.raw_query)
        if request.path.endswith("/") and not target.path.endswith("/"):
            target = replace(target, path=target.path + "/")
        if not target.path and request.method in ("GET", "HEAD"):
            query = f"?{request.raw_query}" if request.raw_query else ""
            return Response(301, b"", [(b"location", f"{request.path}/{query}".encode())])
        return await _forwarded(request, location, target, transport)

    return handle


async def _upgraded(request: Request, location: Location, transport: Transport) -> Response:
    if passing.value_of(request.headers, b"content-length") not in ("", "0"):
        raise status.bad_request("a request that asks for an upgrade cannot have a body")
    try:
        return await upgrade.carry(request, location, transport)
    except BackendError as error:
        raise status.plain_internal(str(error)) from None


async def _forwarded(request: Request, location: Location, target: Location, transport: Transport) -> Response:
    prefix = path_prefix(request.path, location)
    headers = [
        *passing.to_backend(request), (b"x-forwarded-uri", forwarded_uri(prefix, target).encode()),
    ]
    try:
        answer = await forward(request, target, transport, headers)
    except BackendError as error:
        raise status.service_unavailable(f"error trying to reach service: {error}") from None
    try:
        answer.headers = passing.without_cors(answer.headers)
        rewriter = Rewriter(prefix, target.host, passing.value_of(request.headers, b"host"))
        return await _rewritten(request, answer, rewriter)
    except BaseException:
        await answer.aclose()
        raise


async def _rewritten(request: Request, answer: Answer, rewriter: Rewriter) -> Response:
    if redirect := passing.value_of(answer.headers, b"location"):
        try:
            target = rewriter.url(redirect)
        except ValueError as error:
            raise status.internal_error(f"error trying to parse Location header: {error}") from None
        rest = [header for header in answer.headers if header[0] != b"location"]
        answer.headers = [*rest, (b"location", target.encode("latin-1", "replace"))]
        return await response_of(answer)
    content_type = passing.value_of(answer.headers, b"content-type").partition(";")[0].strip()
    if content_type != "text/html" or request.method == "HEAD":
        return await response_of(answer)
    return await _page(answer, rewriter)


async def _page(answer: Answer, rewriter: Rewriter) -> Response:
    encoding = passing.value_of(answer.headers, b"content-encoding")
    if encoding not in ENCODINGS:
        return await response_of(answer)
    page = await answer.read(HTML_LIMIT + 1)
    if len(page) > HTML_LIMIT:
        raise status.plain_internal(f"the page has more than {HTML_LIMIT} bytes")
    try:
        body = rewriter.encoded_html(page, encoding) if page else page
    except ValueError as error:
        raise status.plain_internal(str(error)) from None
    headers = [header for header in answer.headers if header[0] != b"content-length"]
    return Response(answer.status, body, headers)
