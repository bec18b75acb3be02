"""DELETE of a collection (upstream: handlers/delete.go, DeleteCollection)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.admitting import Admitting
from pilothouse.endpoints.delete import read_delete_options
from pilothouse.endpoints.list import collect, write_list

if TYPE_CHECKING:
    from pilothouse.endpoints.scope import Scope


def delete_collection(scope: Scope) -> Handler:
    """Lists as a list with the same options would, deletes what it found, and answers with that list."""

    async def handle(request: Request) -> Response:
        ctx = request.context
        info = ctx.request_info
        accepted = scope.negotiate(request)
        selected = options.list_options(request, scope.field_labels)
        wanted = await read_delete_options(request, scope)
        found = await collect(scope, info, selected)
        namespace = scope.namespace(info)
        admitting = Admitting(scope, request, namespace, "", wanted)
        deleted = await scope.store.delete_collection(
            ctx, namespace, found.items, wanted, validate=admitting.of_delete()
        )
        return await write_list(request, scope, accepted, replace(found, items=deleted))

    return handle
