"""Acting as somebody else (upstream: endpoints/filters/impersonation).

Who asks with Impersonate-User is judged first: may he act as that user, those groups, that uid and those extras. What
follows sees the user acted as; the audit event keeps both.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.http import ErrorRenderer, Handler, Headers, Request, Response
from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.authorization.builtin import AlwaysDeny
from pilothouse.authorization.impersonation import Impersonation
from pilothouse.authorization.interface import Attributes
from pilothouse.observability.logging import log
from pilothouse.server.headers import NameTest
from pilothouse.server.impersonation_metrics import CountingAuthorizer, ImpersonationMetrics
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import NOSNIFF

if TYPE_CHECKING:
    from pilothouse.authorization.interface import Authorizer

_USER, _UID, _GROUP = b"impersonate-user", b"impersonate-uid", b"impersonate-group"
_EXTRA = b"impersonate-extra-"


def with_impersonation(
    handler: Handler, authorizer: Authorizer | None, render: ErrorRenderer, metrics: ServerMetrics,
    *, constrained: bool = True, clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """Without an authorizer nobody may act as somebody else."""
    ours = NameTest(lambda name: name in (_USER, _UID, _GROUP) or name.startswith(_EXTRA))
    counts = ImpersonationMetrics(metrics.registry)
    filters = metrics.filters
    passed = filters.impersonation(constrained=constrained)
    impersonation = Impersonation(
        CountingAuthorizer(authorizer or AlwaysDeny(), counts, clock), constrained=constrained, clock=clock
    )

    def serve(request: Request) -> Awaitable[Response]:
        for name, _ in request.headers:
            if ours[name]:
                return impersonate(request)
        return handler(request)

    async def impersonate(request: Request) -> Response:
        context = request.context
        filters.impersonating += 1
        try:
            wanted = wanted_user([header for header in request.headers if ours[header[0]]])
        except StatusError as error:
            return _refused(request, render, error)
        if wanted is None:
            passed.fast += 1
            return await handler(request)
        request.headers = [header for header in request.headers if not ours[header[0]]]
        requestor, start = context.user, clock()
        try:
            found = await impersonation.check(wanted, Attributes.of_request(requestor, context.request_info))
        except StatusError as error:
            counts.attempt("", "denied", clock() - start)
            log.info("Forbidden", level=4, URI=request_uri(request), err=error.message)
            return _refused(request, render, error)
        counts.attempt(found.mode, "allowed", clock() - start)
        log.info("Impersonating", level=3, URI=request_uri(request), user=requestor.name, wanted=found.user.name)
        context.user, context.impersonated = found.user, found
        filters.done(passed, context)
        return await handler(request)

    return serve


def wanted_user(headers: Headers) -> User | None:
    """Whom `headers` (all of them impersonation's) ask to act as, as they say it. Raises 400 if a name lacks."""
    first: dict[bytes, str] = {}
    groups: list[str] = []
    extra: dict[str, tuple[str, ...]] = {}
    for header, raw in headers:
        value = raw.decode("utf-8", "surrogateescape")
        if header in (_USER, _UID):
            first.setdefault(header, value)
        elif header == _GROUP:
            groups.append(value)
        else:
            key = _unescaped(header[len(_EXTRA):])
            extra[key] = (*extra.get(key, ()), value)
    name, uid = first.get(_USER, ""), first.get(_UID, "")
    if not name and (uid or groups or extra):
        raise status.bad_request(f"requested {_go_user(uid, groups, extra)} without impersonating a user name")
    return User(name, uid, tuple(groups), extra) if name else None


def _unescaped(key: bytes) -> str:
    """The key of an extra, decoded; one that is escaped wrongly stays as it is (upstream: unescapeExtraKey)."""
    parts = key.split(b"%")[1:]
    if all(len(part) >= 2 and _HEX.issuperset(part[:2]) for part in parts):
        key = unquote_to_bytes(key)
    return key.decode("utf-8", "surrogateescape")


_HEX = frozenset(b"0123456789abcdefABCDEF")


def _go_user(uid: str, groups: list[str], extra: dict[str, tuple[str, ...]]) -> str:
    """Go's %#v of a user.DefaultInfo without a name."""

    def strings(values: list[str] | tuple[str, ...]) -> str:
        return f"[]string{{{', '.join(go_quote(value) for value in values)}}}"

    shown_groups = strings(groups) if groups else "[]string(nil)"
    entries = ", ".join(f"{go_quote(key)}:{strings(extra[key])}" for key in sorted(extra))
    shown_extra = f"map[string][]string{{{entries}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{go_quote(uid)}, Groups:{shown_groups}, Extra:{shown_extra}}}'


def _refused(request: Request, render: ErrorRenderer, error: StatusError) -> Response:
    response = render(request, error)
    response.headers.append(NOSNIFF)
    return response
