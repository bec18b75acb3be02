"""PUT of an object (upstream: handlers/update.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.admission.interface import CREATE, UPDATE
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.admitting import Admitting
from pilothouse.endpoints.auditing import keep_object
from pilothouse.endpoints.negotiation import input_media_type
from pilothouse.endpoints.scope import AS_THEY_ARE
from pilothouse.endpoints.transform import write_item
from pilothouse.endpoints.writing import (
    check_name,
    dedup_owners,
    from_storage,
    has_uid,
    manage_fields,
    to_storage,
)
from pilothouse.registry.writing import ensure_namespace

if TYPE_CHECKING:
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Object


def update(scope: Scope) -> Handler:
    """Replaces an object, or its status when the scope is that of the status subresource."""

    async def handle(request: Request) -> Response:
        ctx = request.context
        info = ctx.request_info
        name = info.name
        accepted = scope.negotiate(request)
        body = await scope.read_body(request, "update")
        wanted = options.write_options(request, "UpdateOptions")
        media_type = input_media_type(request)
        namespace = scope.namespace(info)

        def decode() -> Object:
            return scope.bodies.decode(body, media_type, wanted.field_validation, ctx)

        def check(obj: Object) -> Object:
            ensure_namespace(obj["metadata"], namespace)
            check_name(obj["metadata"], name)
            dedup_owners(ctx, obj["metadata"])
            return obj

        ctx.heavy = scope.waits or scope.bodies.is_heavy(body)
        decoded: Object | None = await scope.aside(decode) if ctx.heavy else decode()
        if not ctx.heavy and scope.bodies.has_grown(body, decoded or {}):
            ctx.heavy = True
        if ctx.audit is not None:
            await keep_object(scope, ctx, decoded or {})
        check(decoded or {})
        uid = decoded["metadata"].get("uid", "") if decoded else ""
        admitting = Admitting(scope, request, info.namespace, name, wanted)

        async def updater(live: Object) -> Object:
            nonlocal decoded
            # admission may have changed the object of an attempt that lost to another write
            obj, decoded = decoded or check(decode()), None
            there = from_storage(scope, live)
            obj = to_storage(
                scope, await scope.aside(manage_fields, scope, there, obj, wanted) if ctx.heavy
                else manage_fields(scope, there, obj, wanted)
            )
            exists = has_uid(live)
            obj = await admitting.mutate(UPDATE if exists else CREATE, obj, live if exists else None)
            dedup_owners(ctx, obj["metadata"], admitted=True)
            return obj

        item, created = await scope.store.update(
            ctx, namespace, name, scope.view.updater(updater), wanted, subresource=scope.store_subresource,
            validate=scope.view.validation(admitting.of_update()), uid=uid,
        )
        if scope.view is not AS_THEY_ARE:
            item = await scope.view.item(item)
        return await write_item(request, scope, accepted, 201 if created else 200, item)

    return handle
