"""Who is asking (upstream: endpoints/filters/authentication.go).

Anonymous access is an authenticator like the others; what none of them knows is refused. Credentials are
taken off the request, so that nothing behind this filter can leak or replay them.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import ErrorRenderer, Handler, Request, Response
from pilothouse.apimachinery.user import ALL_UNAUTHENTICATED, ANONYMOUS, User
from pilothouse.authentication.interface import AuthenticationError
from pilothouse.observability.logging import log
from pilothouse.server.filters.audit import attempted, audited_refusal
from pilothouse.server.filters.goaway import GOAWAY, HTTP2
from pilothouse.server.headers import NameTest
from pilothouse.server.metrics import ServerMetrics

if TYPE_CHECKING:
    from pilothouse.audit.auditor import Auditor
    from pilothouse.authentication.interface import Authenticator

_CREDENTIAL_HEADERS = frozenset(
    {b"authorization", b"x-remote-user", b"x-remote-uid", b"x-remote-group"}
)
_EXTRA_PREFIX = "x-remote-extra-"


def with_authentication(
    handler: Handler,
    authenticator: "Authenticator | None",
    render: ErrorRenderer,
    metrics: ServerMetrics,
    *,
    api_audiences: Sequence[str] = (),
    front_proxy_headers: Sequence[str] = (),
    front_proxy_extra_prefixes: Sequence[str] = (),
    auditor: "Auditor | None" = None,
    mitigate_http2: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> Handler:
    """`front_proxy_*` are the names configured with --requestheader-*-headers, dropped like the usual ones.

    With `mitigate_http2` an HTTP/2 connection ends with a request that is anonymous or refused: whoever is not known
    gets no more out of the protocol than of HTTP/1.1 without keep-alive (CVE-2023-44487, CVE-2023-39325).
    """
    if authenticator is None:
        return handler
    authenticate = authenticator.authenticate
    names = _CREDENTIAL_HEADERS | {name.lower().encode() for name in front_proxy_headers}
    prefixes = tuple({p.lower().encode() for p in (_EXTRA_PREFIX, *front_proxy_extra_prefixes) if p})
    kept = NameTest(lambda name: name not in names and not name.startswith(prefixes))
    wanted = tuple(api_audiences)
    audiences = frozenset(api_audiences)
    attempt = metrics.filters.authentication
    succeeded, failed, errored = attempt("success"), attempt("failure"), attempt("error")

    def unauthorized(request: Request) -> Response:
        if mitigate_http2 and request.protocol == HTTP2:
            request.context.response_headers.append(GOAWAY)
        return render(request, status.unauthorized())

    refuse = audited_refusal(unauthorized, auditor, attempted)
    users = metrics.authenticated_users

    async def serve(request: Request) -> Response:
        context = request.context
        start = clock()
        context.audiences = wanted
        try:
            answer = await authenticate(request)
        except AuthenticationError as error:
            log.error("Unable to authenticate the request", error)
            errored(clock() - start)
            return await refuse(request)
        if answer is None:
            failed(clock() - start)
            return await refuse(request)
        if answer.audiences and audiences and audiences.isdisjoint(answer.audiences):
            log.error("Unable to match the audience", audiences=answer.audiences, accepted=api_audiences)
            errored(clock() - start)
            return await refuse(request)
        context.filtered_at = now = clock()
        succeeded(now - start)
        user = answer.user
        users[_compress(user.name)].value += 1
        context.user = user
        if mitigate_http2 and request.protocol == HTTP2 and _is_anonymous(user):
            context.response_headers.append(GOAWAY)
        request.headers = [header for header in request.headers if kept[header[0]]]
        return await handler(request)

    return serve


def _is_anonymous(user: User) -> bool:
    return user.name == ANONYMOUS or ALL_UNAUTHENTICATED in user.groups


_KNOWN = frozenset({"admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"})


def _compress(name: str) -> str:
    """A user name as a metric may show it: a few known ones, else only its sort."""
    if name in _KNOWN:
        return name
    return "email_id" if "@" in name else "other"
