"""A span for every request (upstream: endpoints/filters/traces.go, otelhttp)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.server.streams import tracked

if TYPE_CHECKING:
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.observability.tracing import Tracer

_TOLD = ("traceparent", "tracestate", "baggage")
_TRUSTED = frozenset({"system:masters", "system:monitoring"})
"""Groups whose traces are continued. Anybody else could have the server sample all he does."""


def with_tracing(handler: Handler, tracer: Tracer | None, clock: Callable[[], float] = time.monotonic) -> Handler:
    if tracer is None:
        return handler

    async def serve(request: Request) -> Response:
        context = request.context
        told = {name: value for name in _TOLD if (value := request.header(name.encode())) is not None}
        user = getattr(context, "user", None)
        trusted = user is not None and not _TRUSTED.isdisjoint(user.groups)
        began = time.time_ns() - int((clock() - context.received_at) * 1e9)
        span = tracer.request(span_name(request.method, context.request_info), told, trusted, began, {
            "http.request.method": request.method, "url.path": request.path, "http.target": request_uri(request),
            "user_agent.original": request.header(b"user-agent") or "", "audit-id": context.audit_id[:64],
        })
        try:
            with span.current():
                response = await handler(request)
        except BaseException:
            span.end(failed=True)
            raise
        span.set({"http.response.status_code": response.status})
        if isinstance(response, StreamResponse):
            tracked(response).on_end(lambda: span.end(failed=response.status >= 500))
        else:
            span.end(failed=response.status >= 500)
        return response

    return serve


def span_name(method: str, info: RequestInfo) -> str:
    """Of all requests of a kind the same, so that they can be compared: names and namespaces are left out."""
    if not info.is_resource_request:
        return method
    parts = ["", info.api_prefix]
    if info.api_group:
        parts.append(info.api_group)
    parts.append(info.api_version)
    if info.namespace:
        parts += ("namespaces", "{:namespace}")
    parts.append(info.resource)
    if info.name:
        parts.append("{:name}")
    if info.subresource:
        parts.append(info.subresource)
    return f"{method} {'/'.join(parts)}"
