"""Requests handed on to extension API servers (upstream: kube-aggregator pkg/apiserver/handler_proxy.go)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from pilothouse.aggregator.api_services import Object, is_available
from pilothouse.aggregator.backend import Backend, user_headers, without_user
from pilothouse.aggregator.resolver import ResolveError
from pilothouse.apimachinery.http import Headers, Request, Response
from pilothouse.apimachinery.proxy import headers as passing
from pilothouse.apimachinery.proxy import upgrade
from pilothouse.apimachinery.proxy.backend import BackendError
from pilothouse.apimachinery.proxy.forward import Answer, forward, response_of
from pilothouse.apimachinery.proxy.location import Location, encode_query
from pilothouse.observability import tracing
from pilothouse.observability.logging import log
from pilothouse.server.responses import text_error
from pilothouse.server.streams import on_end

_DISCOVERY_SECONDS = 5.0
"""Discovery of a group version must be quick, so that all clients of the server stay quick."""
_REDIRECT = b"the backend attempted to redirect this request, which is not permitted"
#: Told of a request that was refused here: (request, status code).
Terminated = Callable[[Request, int], None]


class ProxyHandler:
    """The handler of one remote APIService. `update` takes its newest state."""

    def __init__(self, backend: Backend, obj: Object, *, reject_redirects: bool, terminated: Terminated) -> None:
        self.backend = backend
        self._available = is_available(obj)
        self._reject_redirects = reject_redirects
        self._terminated = terminated

    def update(self, obj: Object, backend: Backend | None = None) -> None:
        """`backend` when the spec has changed."""
        self._available = is_available(obj)
        if backend is not None:
            self.backend = backend

    async def __call__(self, request: Request) -> Response:
        """An `http.Handler`."""
        backend = self.backend
        if not self._available:
            return self._refuse(request, "service unavailable", 503)
        try:
            await backend.prepare()
        except BackendError as error:
            return self._refuse(request, str(error), 500)
        try:
            location = backend.locate()
        except ResolveError as error:
            namespace, name, _ = backend.service
            log.error(f"error resolving {namespace}/{name}", error)
            return self._refuse(request, "service unavailable", 503)
        location = replace(location, path=request.path, raw_query=encode_query(request.query))
        try:
            if passing.is_upgrade(request):
                return await self._upgrade(request, location)
            return await self._forward(request, location)
        except BackendError as error:
            return text_error(503, str(error))

    async def _upgrade(self, request: Request, location: Location) -> Response:
        """Raises BackendError."""
        if passing.value_of(request.headers, b"content-length") not in ("", "0"):
            return text_error(400, "a request that asks for an upgrade cannot have a body")
        headers = self._headers(request, request.headers, location)
        # Nothing but the upgrade: a header that the client names there could be dropped on the way, the user's too.
        request.headers = [*(header for header in headers if header[0] != b"connection"), (b"connection", b"Upgrade")]
        return await upgrade.carry(request, location, self.backend.transport)

    def _refuse(self, request: Request, text: str, code: int) -> Response:
        self._terminated(request, code)
        return text_error(code, text)

    def _headers(self, request: Request, headers: Headers, location: Location) -> Headers:
        """What goes to the server: the user, the request's audit id, and the server's own host."""
        own = (b"host", b"audit-id")
        found = [header for header in without_user(headers) if header[0] not in own]
        found.append((b"host", location.host.encode()))
        if request.context.audit_id:
            found.append((b"audit-id", request.context.audit_id.encode("latin-1")))
        return found + user_headers(request.context.user)

    async def _forward(self, request: Request, location: Location) -> Response:
        """Raises BackendError."""
        headers = self._headers(request, passing.to_backend(request), location)
        headers += [
            (b"x-forwarded-uri", location.escaped_path.encode()), (b"x-forwarded-host", location.host.encode()),
            (b"x-forwarded-proto", b"https"),
        ]
        call = tracing.outgoing(request.method, location.url)
        try:
            answer = await self._answer(request, location, _with_trace(headers, call.headers))
        except BaseException as error:
            call.end(error)
            raise
        call.answered(answer.status)
        response = await self._response(request, answer)
        on_end(response, call.end)
        return response

    async def _answer(self, request: Request, location: Location, headers: Headers) -> Answer:
        """Raises BackendError."""
        seconds = _DISCOVERY_SECONDS if _is_discovery(request) else None
        try:
            async with asyncio.timeout(seconds):
                return await forward(request, location, self.backend.transport, headers)
        except BackendError as error:
            raise BackendError(f"error trying to reach service: {error}") from None
        except TimeoutError:
            raise BackendError("error trying to reach service: context deadline exceeded") from None

    async def _response(self, request: Request, answer: Answer) -> Response:
        if self._reject_redirects and 300 <= answer.status < 400 and passing.value_of(answer.headers, b"location"):
            await answer.aclose()
            return Response(502, _REDIRECT)
        # A shutdown ends watches in order.
        request.context.end_stream = answer.end
        answer.headers = passing.without_cors(answer.headers)
        return await response_of(answer)


def _with_trace(headers: Headers, trace: Mapping[str, str]) -> Headers:
    if not trace:
        return headers
    told = {name.lower().encode(): value.encode() for name, value in trace.items()}
    return [header for header in headers if header[0] not in told] + list(told.items())


def _is_discovery(request: Request) -> bool:
    info = request.context.request_info
    return not info.is_resource_request and len(info.path.strip("/").split("/")) == 3
