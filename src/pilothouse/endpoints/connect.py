"""Subresources that hand the request on: exec, attach, portforward, proxy, log (upstream: handlers/rest.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.admission.interface import CONNECT, Attributes
from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Request, Response

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupVersionKind
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Connecter, Object, Streamer


def connect(scope: Scope, kind: GroupVersionKind, connecter: Connecter) -> Handler:
    """`kind` is that of the options, which admission is shown as the object."""

    async def handle(request: Request) -> Response:
        if request.query_value("dryRun") is not None:
            raise status.bad_request("dryRun is not supported")
        ctx = request.context
        info = ctx.request_info
        try:
            options = connecter.connect_options(request)
        except ValueError as error:
            raise status.bad_request(str(error)) from None
        await _admit(scope, kind, request, options)
        handler = await connecter.connect(ctx, scope.namespace(info), info.name, options)
        return await handler(request)

    return handle


async def _admit(scope: Scope, kind: GroupVersionKind, request: Request, options: Object) -> None:
    chain = scope.services.admission
    if chain is None:
        return
    info = request.context.request_info
    attributes = Attributes(
        request.context, CONNECT, kind, scope.group_resource, namespace=info.namespace, name=info.name,
        subresource=scope.subresource_name, object=options,
    )
    await chain.admit(attributes)
    await chain.validate(attributes)


def stream(scope: Scope, streamer: Streamer) -> Handler:
    """A read; admission has no say."""

    async def handle(request: Request) -> Response:
        info = request.context.request_info
        scope.negotiate(request)
        try:
            options = streamer.stream_options(request)
        except ValueError as error:
            raise status.bad_request(str(error)) from None
        return await streamer.stream(request.context, scope.namespace(info), info.name, options)

    return handle
