"""How long a request may take (upstream: endpoints/filters/request_deadline.go).

The server's --request-timeout, or less if the client asks for less with ?timeout=.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from pilothouse.apimachinery import duration, status
from pilothouse.apimachinery.http import ErrorRenderer, Handler, Request, Response
from pilothouse.server.filters.audit import audited_refusal

if TYPE_CHECKING:
    from pilothouse.audit.auditor import Auditor


def with_request_deadline(
    handler: Handler, maximum: float, render: ErrorRenderer, auditor: Auditor | None = None
) -> Handler:
    """`maximum` in seconds."""

    def serve(request: Request) -> Awaitable[Response]:
        context = request.context
        if context.request_info.long_running:
            return handler(request)
        seconds = maximum
        if "timeout" in request.raw_query:
            text = request.query_value("timeout")
            if text:
                try:
                    asked = duration.parse(text) / duration.SECOND
                except ValueError as error:
                    return _refuse(request, error, render, auditor)
                if 0 < asked < maximum:
                    seconds = asked
        context.deadline = context.received_at + seconds
        return handler(request)

    return serve


def _refuse(
    request: Request, error: ValueError, render: ErrorRenderer, auditor: Auditor | None
) -> Awaitable[Response]:
    text = f"invalid timeout specified in the request URL - {error}"
    refusal = audited_refusal(lambda request: render(request, status.bad_request(text)), auditor, lambda request: text)
    return refusal(request)
