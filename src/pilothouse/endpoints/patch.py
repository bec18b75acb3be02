"""PATCH of an object (upstream: handlers/patch.go).

JSON and merge patches work on the document that a client reads, a strategic merge patch on the typed object,
and an apply patch on field ownership. What comes out of each is decoded again, defaulted, and written like
an update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.admission.interface import CREATE, UPDATE
from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.admitting import Admitting
from pilothouse.endpoints.auditing import keep_patch
from pilothouse.endpoints.negotiation import unsupported_media_type
from pilothouse.endpoints.patching import APPLY_YAML, MECHANISMS, STRATEGIC_MERGE_PATCH, Patching
from pilothouse.endpoints.scope import AS_THEY_ARE
from pilothouse.endpoints.transform import write_item
from pilothouse.endpoints.writing import check_name, dedup_owners, from_storage, has_uid, to_storage
from pilothouse.registry.writing import ensure_namespace

if TYPE_CHECKING:
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Object


def patch(scope: Scope) -> Handler:
    """The store reads the newest object, has it patched here, and begins again if another write came between."""
    routed = scope.bodies.routed
    mechanisms = {
        media_type: mechanism for media_type, mechanism in MECHANISMS.items()
        if routed or media_type != STRATEGIC_MERGE_PATCH
    }

    async def handle(request: Request) -> Response:
        ctx = request.context
        info = ctx.request_info
        name = info.name
        content_type = (request.header(b"content-type") or "").partition(";")[0]
        mechanism = mechanisms.get(content_type)
        if mechanism is None:
            raise unsupported(request) if routed else unsupported_media_type(tuple(mechanisms))
        accepted = scope.negotiate(request)
        body = await scope.read_body(request, "patch")
        applies = content_type == APPLY_YAML
        wanted = options.patch_options(request, applies)
        if ctx.audit is not None:
            await keep_patch(ctx, body, content_type)
        namespace = scope.namespace(info)
        admitting = Admitting(scope, request, info.namespace, name, wanted)
        patching = Patching(scope, ctx, name, body, wanted)
        ctx.heavy = scope.waits or scope.bodies.is_heavy(body)

        async def updater(live: Object) -> Object:
            exists = has_uid(live)
            if not exists and not applies:
                raise status.not_found(scope.group_resource, name)
            there = from_storage(scope, live)
            obj = await scope.aside(mechanism, patching, there) if ctx.heavy else mechanism(patching, there)
            if not ctx.heavy and scope.bodies.has_grown(body, obj):
                ctx.heavy = True
            if not exists and has_uid(obj):
                raise status.conflict(
                    scope.group_resource, name,
                    f"uid mismatch: the provided object specified uid {obj['metadata']['uid']}, and no existing "
                    "object was found",
                )
            ensure_namespace(obj["metadata"], namespace)
            check_name(obj["metadata"], name)
            obj = await admitting.mutate(UPDATE if exists else CREATE, to_storage(scope, obj), live if exists else None)
            dedup_owners(ctx, obj["metadata"], admitted=True)
            return obj

        item, created = await scope.store.update(
            ctx, namespace, name, scope.view.updater(updater), wanted, subresource=scope.store_subresource,
            create_on_missing=applies and not scope.subresource_name,
            validate=scope.view.validation(admitting.of_update()),
        )
        if scope.view is not AS_THEY_ARE:
            item = await scope.view.item(item)
        return await write_item(request, scope, accepted, 201 if created else 200, item)

    return handle


def unsupported(request: Request) -> status.StatusError:
    """415 in the words of the router, which refuses a content type before the handler can say what it takes."""
    length = request.header(b"content-length")
    message = "415: Unsupported Media Type"
    if length is None or length == "0":
        message += "\n\nAvailable representations: "
    return status.StatusError(415, status.REASON_UNSUPPORTED_MEDIA_TYPE, message, {})
