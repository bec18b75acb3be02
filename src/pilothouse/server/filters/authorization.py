"""Whether they may (upstream: endpoints/filters/authorization.go, responsewriters/errors.go)."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import ErrorRenderer, Handler, Request, Response
from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.authorization.forbidden import forbidden
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.observability.logging import log
from pilothouse.server.filter_metrics import FAST, FilterTime
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import internal_error

if TYPE_CHECKING:
    from pilothouse.authorization.interface import Authorizer

_ALLOW = Decision.ALLOW


def with_authorization(
    handler: Handler,
    authorizer: "Authorizer | None",
    render: ErrorRenderer,
    metrics: ServerMetrics,
    clock: Callable[[], float] = time.perf_counter,
    *, queued: bool = True,
) -> Handler:
    """`queued`: the filter before is that of priority and fairness, whose time ends here."""
    if authorizer is None:
        return handler
    authorize = authorizer.authorize
    of_request = Attributes.of_request
    record = {
        Decision.ALLOW: metrics.filters.authorization("allowed"),
        Decision.DENY: metrics.filters.authorization("denied"),
        Decision.NO_OPINION: metrics.filters.authorization("no-opinion"),
    }
    allowed = record[_ALLOW]
    errored = metrics.filters.authorization("error")
    fairness = metrics.filters.time("priorityandfairness") if queued else FilterTime.untold()

    async def serve(request: Request) -> Response:
        context = request.context
        attributes = of_request(context.user, context.request_info)
        start = clock()
        waited = start - context.filtered_at
        if waited > FAST:
            fairness.slow(waited)
        else:
            fairness.fast += 1
            fairness.seconds += waited
        try:
            decision, reason = await authorize(attributes)
        except AuthorizationError as error:
            errored(clock() - start)
            context.authorization_reason = "internal error"
            log.error("Authorization failed", error, URI=request_uri(request))
            return internal_error(request, error)
        context.authorization_reason = reason
        if decision is _ALLOW:
            allowed(clock() - start)
            context.authorization_decision = "allow"
            return await handler(request)
        record[decision](clock() - start)
        context.authorization_decision = "forbid"
        if log.v(4):
            log.info("Forbidden", level=4, URI=request_uri(request), reason=reason)
        response = render(request, forbidden(attributes, reason))
        response.headers.append((b"x-content-type-options", b"nosniff"))
        return response

    return serve
