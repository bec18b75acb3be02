"""Subresources and resources with a meaning of their own (upstream: the REST types of pkg/registry/*/storage).

What they do stands in a `rest.SubresourceHandler` of the kind's folder; here are the steps around it: options,
decoding, admission, and the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pilothouse.admission.interface import CREATE, UPDATE
from pilothouse.apimachinery import status
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.admitting import Admitting
from pilothouse.endpoints.auditing import keep_object
from pilothouse.endpoints.list import Listed, write_list
from pilothouse.endpoints.negotiation import Accepted, input_media_type
from pilothouse.endpoints.transform import write_item, write_status
from pilothouse.endpoints.writing import check_name, manage_fields
from pilothouse.registry.rest import SubresourceCall, WriteOptions
from pilothouse.registry.writing import ensure_namespace, wipe_system_fields

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Object, SubresourceHandler

_STATUS_KIND = "Status"
#: Whose bodies say which object they mean (upstream: PreserveRequestObjectMetaSystemFieldsOnSubresourceCreate).
_PRESERVING = frozenset({"binding", "token"})


def special(scope: Scope, verb: str, handler: SubresourceHandler) -> Handler:
    """`verb` is get, list, create or update; `handler` does the rest."""
    makers: dict[str, Callable[[Scope, SubresourceHandler], Handler]] = {
        "get": _reading("get"), "list": _reading("list"), "create": _create, "update": _update,
    }
    return makers[verb](scope, handler)


def _reading(verb: str) -> Callable[[Scope, SubresourceHandler], Handler]:
    def make(scope: Scope, handler: SubresourceHandler) -> Handler:
        async def handle(request: Request) -> Response:
            ctx = request.context
            info = ctx.request_info
            lists = verb == "list"
            accepted = (scope.negotiate_list if lists else scope.negotiate)(request)
            if lists and (options.list_options(request, scope.field_labels).watch or info.verb == "watch"):
                raise status.method_not_supported(scope.group_resource, "watch")
            call = SubresourceCall(verb, scope.namespace(info), info.name, None, options=dict(request.query))
            return await _answer(request, scope, accepted, 200, await handler(scope.store_or_none, ctx, call))

        return handle

    return make


def _create(scope: Scope, handler: SubresourceHandler) -> Handler:
    named = scope.subresource is not None

    async def handle(request: Request) -> Response:
        ctx = request.context
        info = ctx.request_info
        accepted = scope.negotiate(request)
        media_type = input_media_type(request)
        body = await scope.read_body(request, "create")
        wanted = options.write_options(request, "CreateOptions")
        obj = await _decoded(scope, ctx, body, media_type, wanted)
        if ctx.audit is not None:
            await keep_object(scope, ctx, obj)
        metadata = obj["metadata"]
        namespace = scope.namespace(info)
        if scope.subresource_name not in _PRESERVING:
            wipe_system_fields(metadata)
        ensure_namespace(metadata, namespace)
        name = info.name if named else metadata.get("name", "")
        managed = (scope, None, obj, wanted)
        obj = await aside(manage_fields, *managed) if ctx.heavy else manage_fields(*managed)
        obj = await _admitted(scope, request, name, wanted, CREATE, obj)
        call = SubresourceCall("create", namespace, name, obj, wanted.dry_run, dict(request.query))
        return await _answer(request, scope, accepted, 201, await handler(scope.store_or_none, ctx, call))

    return handle


def _update(scope: Scope, handler: SubresourceHandler) -> Handler:
    async def handle(request: Request) -> Response:
        ctx = request.context
        info = ctx.request_info
        accepted = scope.negotiate(request)
        body = await scope.read_body(request, "update")
        wanted = options.write_options(request, "UpdateOptions")
        obj = await _decoded(scope, ctx, body, input_media_type(request), wanted)
        if ctx.audit is not None:
            await keep_object(scope, ctx, obj)
        namespace = scope.namespace(info)
        ensure_namespace(obj["metadata"], namespace)
        check_name(obj["metadata"], info.name)
        obj = await _admitted(scope, request, info.name, wanted, UPDATE, obj)
        call = SubresourceCall("update", namespace, info.name, obj, wanted.dry_run, dict(request.query))
        return await _answer(request, scope, accepted, 200, await handler(scope.store_or_none, ctx, call))

    return handle


async def _decoded(scope: Scope, ctx: Context, body: bytes, media_type: str, wanted: WriteOptions) -> Object:
    ctx.heavy = scope.bodies.is_heavy(body)
    given = (body, media_type, wanted.field_validation, ctx)
    return await aside(scope.bodies.decode, *given) if ctx.heavy else scope.bodies.decode(*given)


async def _admitted(
    scope: Scope, request: Request, name: str, wanted: WriteOptions, operation: str, obj: Object
) -> Object:
    admitting = Admitting(scope, request, request.context.request_info.namespace, name, wanted)
    obj = await admitting.mutate(operation, obj, None)
    validation = admitting.of_create()
    if validation is not None and operation == CREATE:
        await validation(obj, None)
    return obj


async def _answer(request: Request, scope: Scope, accepted: Accepted, code: int, result: Object) -> Response:
    kind: Any = result.get("kind")
    if kind == _STATUS_KIND:
        return await write_status(request, accepted, code, _with_code(result, code))
    if "items" in result and kind == scope.resource.list_kind:
        items = [scope.rendering.computed(item) for item in result["items"]]
        return await write_list(request, scope, accepted, Listed(items, 0))
    return await write_item(request, scope, accepted, code, scope.rendering.computed(result))


def _with_code(result: Object, code: int) -> Object:
    """A Status says how it was answered when the answer is new (upstream: createHandler)."""
    body = {"kind": _STATUS_KIND, "apiVersion": "v1", "metadata": {}, **result}
    if code == 201 and not body.get("code"):
        body["code"] = code
    return body
