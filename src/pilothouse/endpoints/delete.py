"""DELETE of one object (upstream: handlers/delete.go, DeleteResource)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.aside import aside, is_heavy
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.admitting import Admitting
from pilothouse.endpoints.auditing import keep_delete_options
from pilothouse.endpoints.bodies import decode_delete_options
from pilothouse.endpoints.negotiation import input_media_type
from pilothouse.endpoints.rendering import metadata_of
from pilothouse.endpoints.transform import write_item, write_status
from pilothouse.registry.rest import DeleteOptions

if TYPE_CHECKING:
    from pilothouse.endpoints.scope import Scope
    from pilothouse.storage.interface import Item


_STORAGE = "storage.k8s.io"
_DRA = "resource.k8s.io"
#: Kinds whose delete answers with the object that is gone (upstream: ReturnDeletedObject of each storage).
_RETURNED = frozenset(
    GroupResource(group, name)
    for group, names in (
        ("", ("namespaces", "persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates", "resourcequotas",
              "serviceaccounts", "services")),
        (_STORAGE, ("csidrivers", "csinodes", "storageclasses", "volumeattachments", "volumeattributesclasses")),
        (_DRA, ("deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices")),
    )
    for name in names
)


def delete(scope: Scope) -> Handler:
    """The answer is the object while something still holds it, else a Status (or, for some kinds, the object)."""
    returns_object = scope.group_resource in _RETURNED

    async def handle(request: Request) -> Response:
        ctx = request.context
        info = ctx.request_info
        accepted = scope.negotiate(request)
        wanted = await read_delete_options(request, scope)
        namespace = scope.namespace(info)
        admitting = Admitting(scope, request, info.namespace, info.name, wanted)
        item, gone = await scope.store.delete(
            ctx, namespace, info.name, wanted, validate=admitting.of_delete()
        )
        if gone and not returns_object:
            return await write_status(request, accepted, 200, _success(scope, item))
        # a client that says "do not orphan" is told that the object is still there
        code = 202 if not gone and wanted.orphan_dependents is False else 200
        return await write_item(request, scope, accepted, code, item)

    return handle


async def read_delete_options(request: Request, scope: Scope) -> DeleteOptions:
    """From the body if there is one, else from the query. Raises 400, 413, 415 and 422."""
    body = await scope.read_body(request, "delete")
    if body:
        given = (body, input_media_type(request))
        wanted = await aside(decode_delete_options, *given) if is_heavy(body) else decode_delete_options(*given)
        if request.context.audit is not None:
            keep_delete_options(request.context, wanted)
        return wanted
    return options.delete_options(request)


def _success(scope: Scope, item: Item) -> dict[str, Any]:
    metadata = orjson.loads(metadata_of(item.body))
    details = {"name": metadata.get("name", "")}
    if scope.group_resource.group:
        details["group"] = scope.group_resource.group
    details["kind"] = scope.group_resource.resource
    details["uid"] = metadata.get("uid", "")
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
