"""One object as the client asked to see it (upstream: handlers/response.go, transformResponseObject)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.http import Request, Response
from pilothouse.endpoints import options
from pilothouse.endpoints.negotiation import Accepted
from pilothouse.endpoints.rendering import resource_version_of
from pilothouse.endpoints.response import dumps, write

if TYPE_CHECKING:
    from pilothouse.endpoints.scope import Scope
    from pilothouse.storage.interface import Item


async def write_item(request: Request, scope: Scope, accepted: Accepted, code: int, item: Item) -> Response:
    """Answers with `item`, plain or transformed. Raises 406 for a transformation of lists."""
    target = accepted.transform
    rendering = scope.rendering
    if target is None:
        data = rendering.object(item)
    elif target.kind == "Table":
        include = options.include_object(request)
        data = scope.tables.one(item, include, target.version, resource_version_of(item))
    elif target.kind == "PartialObjectMetadata":
        data = rendering.metadata(item, target.version)
    else:
        raise scope.not_a_list()
    return await write(request, accepted, code, data)


async def write_status(request: Request, accepted: Accepted, code: int, body: dict[str, Any]) -> Response:
    """Answers with a metav1.Status, which no transformation changes."""
    return await write(request, accepted, code, dumps(body))
