"""POST of an object (upstream: handlers/create.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.admission.interface import CREATE
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.admitting import Admitting
from pilothouse.endpoints.auditing import keep_object
from pilothouse.endpoints.negotiation import input_media_type
from pilothouse.endpoints.transform import write_item
from pilothouse.endpoints.writing import dedup_owners, manage_fields, to_storage
from pilothouse.registry.writing import ensure_namespace, wipe_system_fields

if TYPE_CHECKING:
    from pilothouse.endpoints.scope import Scope


def create(scope: Scope) -> Handler:
    """Decode, manage fields, admit, store."""
    is_namespaces = scope.group_resource == ("", "namespaces")

    async def handle(request: Request) -> Response:
        ctx = request.context
        accepted = scope.negotiate(request)
        media_type = input_media_type(request)
        body = await scope.read_body(request, "create")
        wanted = options.write_options(request, "CreateOptions")
        heavy = ctx.heavy = scope.waits or scope.bodies.is_heavy(body)
        given = (body, media_type, wanted.field_validation, ctx)
        obj = await scope.aside(scope.bodies.decode, *given) if heavy else scope.bodies.decode(*given)
        if not heavy and scope.bodies.has_grown(body, obj):
            heavy = ctx.heavy = True
        if ctx.audit is not None:
            await keep_object(scope, ctx, obj)
        metadata = obj["metadata"]
        name = metadata.get("name", "")
        namespace = scope.namespace(ctx.request_info)
        wipe_system_fields(metadata)
        ensure_namespace(metadata, namespace)
        dedup_owners(ctx, metadata)
        managed = (scope, None, obj, wanted)
        obj = to_storage(scope, await scope.aside(manage_fields, *managed) if heavy else manage_fields(*managed))
        # a namespace is admitted as being within itself
        admitting = Admitting(scope, request, name if is_namespaces else namespace, name, wanted)
        obj = await admitting.mutate(CREATE, obj, None)
        dedup_owners(ctx, obj["metadata"], admitted=True)
        item = await scope.store.create(ctx, namespace, obj, wanted, validate=admitting.of_create())
        return await write_item(request, scope, accepted, 201, item)

    return handle
