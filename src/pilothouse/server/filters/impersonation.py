"""Impersonation headers are refused for now (upstream: endpoints/filters/impersonation).

Whoever asks to act as somebody else must not be served as himself, so such a request is refused in the
words in which kube-apiserver refuses a user without the right to impersonate.
"""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import ErrorRenderer, Handler, Request, Response
from pilothouse.authorization.interface import Attributes
from pilothouse.server.filters.authorization import forbidden
from pilothouse.server.headers import NameTest

_PREFIX = b"impersonate-"
_REASON = "impersonation (--as) is not supported by this server yet"


def with_impersonation(handler: Handler, render: ErrorRenderer) -> Handler:
    impersonates = NameTest(lambda name: name.startswith(_PREFIX))

    def serve(request: Request) -> Awaitable[Response]:
        for name, value in request.headers:
            if impersonates[name]:
                return _refuse(request, name, value, render)
        return handler(request)

    return serve


async def _refuse(request: Request, name: bytes, value: bytes, render: ErrorRenderer) -> Response:
    resource, group = "users", ""
    if name == b"impersonate-group":
        resource = "groups"
    elif name != b"impersonate-user":
        resource, group = ("uids" if name == b"impersonate-uid" else "userextras"), "authentication.k8s.io"
    attributes = Attributes(
        request.context.user, "impersonate", api_group=group, resource=resource, name=value.decode("latin-1")
    )
    return render(request, forbidden(attributes, _REASON))
