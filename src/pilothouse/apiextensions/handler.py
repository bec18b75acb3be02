"""Serves the custom resources of one group version (upstream: pkg/apiserver/customresource_handler.go, ServeHTTP).

Which resources there are is looked up for each request. What is not served goes to the next server of the chain,
which knows nothing of it either: 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from pilothouse.apiextensions import discovery
from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.endpoints.discovery import Document

if TYPE_CHECKING:
    from pilothouse.apiextensions.definition import Definition
    from pilothouse.apiextensions.serving import Instances
    from pilothouse.apimachinery.http import Handler, Request, Response
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.endpoints.installer import Endpoints, Routes

#: Verb → (where its route stands, its method).
_ROUTES: Final[Mapping[str, tuple[Callable[[Endpoints], Routes], str]]] = {
    "get": (lambda endpoints: endpoints.object, "GET"),
    "list": (lambda endpoints: endpoints.collection, "GET"),
    "watch": (lambda endpoints: endpoints.collection, "GET"),
    "create": (lambda endpoints: endpoints.collection, "POST"),
    "update": (lambda endpoints: endpoints.object, "PUT"),
    "patch": (lambda endpoints: endpoints.object, "PATCH"),
    "delete": (lambda endpoints: endpoints.object, "DELETE"),
    "deletecollection": (lambda endpoints: endpoints.collection, "DELETE"),
}
_SUBRESOURCE_METHODS: Final = {"get": "GET", "update": "PUT", "patch": "PATCH"}
_WRITING: Final = frozenset({"create", "update", "patch"})
_ACROSS_NAMESPACES: Final = frozenset({"list", "watch"})


class CustomGroupVersion:
    """A `server.director.APIGroupHandler`. `find` gives the instances of a plural name in the group; `not_found` is
    the next server's handler."""

    def __init__(
        self, group: str, version: str, find: Callable[[str], Instances | None],
        definitions: Callable[[], list[Definition]], not_found: Handler,
    ) -> None:
        self._group = group
        self._version = version
        self._find = find
        self._definitions = definitions
        self._not_found = not_found
        self._document: Document | None = None

    def refresh(self) -> None:
        """The definitions of the group have changed."""
        self._document = None

    def serves(self, resource: str, subresource: str) -> bool:
        instances = self._find(resource)
        version = instances.definition.version(self._version) if instances is not None else None
        if version is None:
            return False
        return not subresource or (subresource == "status" and version.has_status) or (
            subresource == "scale" and version.scale is not None
        )

    async def handle(self, request: Request) -> Response:
        """Raises StatusError."""
        info = request.context.request_info
        if not info.is_resource_request:
            return await self._discovery(request)
        instances = self._find(info.resource)
        if instances is None or instances.overlapping or not self._is_served(instances.definition, info):
            return await self._not_found(request)
        if not instances.opened:
            await instances.open()
        serving = instances.serving
        if info.verb in _WRITING:
            await serving.prepare(self._version)
        endpoints = serving.endpoints(self._version)
        if warning := serving.resource(self._version).deprecated:
            request.context.warn(warning)
        return await self._route(endpoints, info)(request)

    def _is_served(self, definition: Definition, info: RequestInfo) -> bool:
        if not definition.accepted or bool(info.namespace) > definition.namespaced:
            return False
        if definition.namespaced and not info.namespace and info.verb not in _ACROSS_NAMESPACES:
            return False
        version = definition.version(self._version)
        return version is not None and version.served

    def _route(self, endpoints: Endpoints, info: RequestInfo) -> Handler:
        resource = GroupResource(self._group, info.resource)
        handler: Handler | None = None
        if info.subresource:
            routes = endpoints.subresources.get(info.subresource)
            if routes is None:
                raise status.not_found(resource, info.name)
            handler = routes.get(_SUBRESOURCE_METHODS.get(info.verb, ""))
        elif (route := _ROUTES.get(info.verb)) is not None:
            where, method = route
            handler = where(endpoints).get(method)
        if handler is None:
            raise status.method_not_supported(resource, info.verb)
        return handler

    async def _discovery(self, request: Request) -> Response:
        definitions = self._definitions()
        if self._version not in discovery.served_versions(definitions):
            return await self._not_found(request)
        if self._document is None:
            self._document = Document(discovery.resource_list(self._group, self._version, definitions))
        return await self._document(request)
