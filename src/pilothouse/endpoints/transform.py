"""One object as the client asked to see it (upstream: handlers/response.go, transformResponseObject)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.http import Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.auditing import keep_answer, wants_answer
from pilothouse.endpoints.negotiation import PROTOBUF, Accepted
from pilothouse.endpoints.rendering import resource_version_of
from pilothouse.endpoints.response import dumps, write, write_messages

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupVersionKind
    from pilothouse.endpoints.scope import Scope
    from pilothouse.storage.interface import Item


async def write_item(request: Request, scope: Scope, accepted: Accepted, code: int, item: Item) -> Response:
    """Answers with `item`, plain or transformed. Raises 406 for a transformation of lists."""
    target = accepted.transform
    rendering = scope.rendering
    if rendering.versions is not None:
        item, = await rendering.versions.shown((item,))
    if accepted.media_type == PROTOBUF:
        if wants_answer(request):
            keep_answer(request, _document(request, scope, target, item))
        return await write_messages(request, code, _message(scope, target, item))
    return await write(request, accepted, code, _document(request, scope, target, item))


def _document(request: Request, scope: Scope, target: GroupVersionKind | None, item: Item) -> bytes:
    """The item as JSON."""
    if target is None:
        return scope.rendering.object(item)
    if target.kind == "Table":
        include = options.include_object(request)
        return scope.tables.one(item, include, target.version, resource_version_of(item))
    if target.kind == "PartialObjectMetadata":
        return scope.rendering.metadata(item, target.version)
    raise scope.not_a_list()


def _message(scope: Scope, target: GroupVersionKind | None, item: Item) -> bytes:
    """The item in protobuf; Tables are not negotiated for that."""
    if target is None:
        return scope.messages.object(item)
    if target.kind == "PartialObjectMetadata":
        return scope.messages.metadata(item, target.version)
    raise scope.not_a_list()


async def write_status(request: Request, accepted: Accepted, code: int, body: dict[str, Any]) -> Response:
    """Answers with a metav1.Status, which no transformation changes."""
    if request.context.audit is not None:
        request.context.audit.answer_status(body)
    return await write(request, accepted, code, dumps(body))
