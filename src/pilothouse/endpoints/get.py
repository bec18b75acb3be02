"""GET of one object (upstream: handlers/get.go, GetResource)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.negotiation import PLAIN_JSON
from pilothouse.endpoints.response import write
from pilothouse.endpoints.transform import write_item

if TYPE_CHECKING:
    from pilothouse.endpoints.scope import Scope


def get(scope: Scope) -> Handler:
    """Reads from the watch cache: no await, no decoding, one concatenation for the plain form."""
    negotiate = scope.negotiate
    store = scope.store
    find = store.cacher.get
    key_of, prefix = store.key, store.prefix
    namespaced = scope.namespaced
    group_resource = scope.group_resource
    object_bytes = scope.rendering.object
    one_version = scope.rendering.versions is None

    async def handle(request: Request) -> Response:
        info = request.context.request_info
        accepted = negotiate(request)
        namespace = info.namespace if namespaced else ""
        if request.raw_query:
            options.check_export(request)
            version = request.query_value("resourceVersion")
            if version:
                item = await store.get(request.context, namespace, info.name, version)
                return await write_item(request, scope, accepted, 200, item)
        found = find(f"{prefix}{namespace}/{info.name}" if namespaced else prefix + info.name)
        if found is None:
            key_of(namespace, info.name)  # which refuses what no object can be called
            raise status.not_found(group_resource, info.name)
        if accepted is PLAIN_JSON and one_version:
            return await write(request, accepted, 200, object_bytes(found))
        return await write_item(request, scope, accepted, 200, found)

    return handle
