"""Routes of one group version (upstream: endpoints/installer.go, groupversion.go).

A table verb → handler stands for upstream's installer. A resource's handlers are made at its first request:
they compile schemas, and most resources are never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource, GroupVersion
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import deprecation, discovery
from pilothouse.endpoints.building import Builder
from pilothouse.endpoints.connect import connect, stream
from pilothouse.endpoints.create import create
from pilothouse.endpoints.delete import delete
from pilothouse.endpoints.deletecollection import delete_collection
from pilothouse.endpoints.deprecation import Deprecation
from pilothouse.endpoints.get import get
from pilothouse.endpoints.list import list_or_watch
from pilothouse.endpoints.patch import patch
from pilothouse.endpoints.scale import get_scale
from pilothouse.endpoints.subresource import special
from pilothouse.endpoints.update import update
from pilothouse.observability.tracing import active, span
from pilothouse.registry.rest import Connecter, Streamer

if TYPE_CHECKING:
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.endpoints.scope import Scope, Services
    from pilothouse.registry.rest import Resource, Subresource, SubresourceHandler
    from pilothouse.registry.store import Store

Routes = dict[str, Handler]
"""By HTTP method."""

#: Where a verb is served, by which method, and what makes its handler.
_COLLECTION: Mapping[str, tuple[str, Callable[[Scope], Handler]]] = {
    "list": ("GET", list_or_watch),
    "create": ("POST", create),
    "deletecollection": ("DELETE", delete_collection),
}
_OBJECT: Mapping[str, tuple[str, Callable[[Scope], Handler]]] = {
    "get": ("GET", get),
    "update": ("PUT", update),
    "patch": ("PATCH", patch),
    "delete": ("DELETE", delete),
}
_METHODS = {"get": "GET", "list": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
#: Subresources that may have further path segments behind them.
_OPEN_ENDED = frozenset({"proxy"})


class Endpoints:
    """The routes of one resource: its collection, its objects, their subresources, and watches by path."""

    def __init__(self, resource: Resource, build: Builder) -> None:
        self.resource = resource
        self._build = build
        self._namespaced = resource.namespaced
        self._is_namespaces = resource.group_resource == _NAMESPACES
        self.collection: Routes = {}
        self.everywhere: Routes = {}
        """The collection over all namespaces."""
        self.object: Routes = {}
        self.watch_object: Routes = {}
        self.subresources: dict[str, Routes] = {}
        if resource.virtual is None:
            self._add_stored()
        else:
            self._add_virtual(resource.virtual)
        for sub in resource.subresources:
            self.subresources[sub.name] = self._routes_of(sub)

    def _add_stored(self) -> None:
        scope = self._build.resource(self.resource)
        verbs = self.resource.verbs
        self.collection = {m: make(scope) for verb, (m, make) in _COLLECTION.items() if verb in verbs}
        self.object = {m: make(scope) for verb, (m, make) in _OBJECT.items() if verb in verbs}
        self.everywhere = {m: handler for m, handler in self.collection.items() if m == "GET"}
        if "watch" in verbs and "list" in verbs:
            self.watch_object = {"GET": self.collection["GET"]}

    def _add_virtual(self, handlers: Mapping[str, SubresourceHandler]) -> None:
        scope = self._build.resource(self.resource)
        for verb, handler in handlers.items():
            routes = self.object if verb == "get" else self.collection
            routes[_METHODS[verb]] = special(scope, verb, handler)

    def _routes_of(self, sub: Subresource) -> Routes:
        verbs = sub.verbs
        if sub.handler == "scale":
            scope, view = self._build.scale(self.resource, sub)
            made = {"get": get_scale(scope, view), "update": update(scope), "patch": patch(scope)}
            return {_METHODS[verb]: made[verb] for verb in verbs}
        scope = self._build.subresource(self.resource, sub)
        if isinstance(sub.handler, Connecter):
            handler = connect(scope, sub.kind or self.resource.gvk, sub.handler)
            return dict.fromkeys(sub.handler.methods, handler)
        if isinstance(sub.handler, Streamer):
            return {"GET": stream(scope, sub.handler)}
        if callable(sub.handler):
            return {_METHODS[verb]: special(scope, verb, sub.handler) for verb in verbs}
        return {m: make(scope) for verb, (m, make) in _OBJECT.items() if verb in verbs}

    def routes(self, info: RequestInfo) -> Routes:
        """The routes of the request's path; empty for a path that upstream has no route for."""
        parts = info.parts
        if info.verb == "proxy":
            # /api/v1/proxy/… was taken out long ago; it must not be another door to the proxy subresources.
            return {}
        if not self._namespaced:
            if info.namespace and not self._is_namespaces:
                return {}
        elif not info.namespace:
            return self.everywhere if len(parts) == 1 else {}
        if len(parts) == 1:
            return self.collection
        if len(parts) == 2:
            return self.watch_object if info.verb == "watch" else self.object
        if (len(parts) > 3 and parts[2] not in _OPEN_ENDED) or info.verb == "watch":
            # Nothing below an object can be watched by path, and a connection must not be had with that verb.
            return {}
        return self.subresources.get(parts[2], {})


_NAMESPACES = GroupResource("", "namespaces")


class APIGroupVersion:
    """Serves one group version (a `server.director.APIGroupHandler`).

    `stores` finds the store of a resource (None: it has none); `stored` are the storage versions of all
    resources of the server, for discovery.
    """

    def __init__(
        self,
        group_version: GroupVersion,
        resources: Sequence[Resource],
        stores: Callable[[Resource], Store | None],
        services: Services,
        stored: discovery.StorageVersions | None = None,
    ) -> None:
        self.group_version = group_version
        self.resources = {resource.name: resource for resource in resources}
        self._builder = Builder(stores, services)
        self._compress = services.compress
        self._endpoints: dict[str, tuple[Endpoints, Deprecation | None]] = {}
        if stored is None:
            stored = discovery.storage_versions(resources)
        self.discovery = discovery.Document(discovery.resource_list(group_version, resources, stored))

    def serves(self, resource: str, subresource: str) -> bool:
        """Whether there is such a resource here, or such a subresource of it."""
        found = self.resources.get(resource)
        if found is None:
            return False
        return not subresource or any(sub.name == subresource for sub in found.subresources)

    async def handle(self, request: Request) -> Response:
        """Raises StatusError: 404 for a path nobody serves, 405 for a method, and whatever the verb raises."""
        info = request.context.request_info
        if not info.is_resource_request:
            if request.method != "GET":
                raise _generic(405)
            return await self.discovery(request)
        found = self._endpoints.get(info.resource) or self._install(info.resource)
        if found is None:
            raise _generic(404)
        endpoints, deprecated = found
        routes = endpoints.routes(info)
        if not routes:
            raise _generic(404)
        handler = routes.get(request.method)
        # a path below /watch/ is read with GET only, whatever its resource takes elsewhere
        if handler is None or (info.verb == "watch" and request.method != "GET"):
            raise _generic(405)
        if deprecated is not None:
            deprecation.tell(request.context, deprecated)
        if not self._compress:
            request.headers = [entry for entry in request.headers if entry[0] != b"accept-encoding"]
        if not active():
            return await handler(request)
        with span(_SPANS.get(info.verb, info.verb)):
            return await handler(request)

    def _install(self, name: str) -> tuple[Endpoints, Deprecation | None] | None:
        resource = self.resources.get(name)
        if resource is None:
            return None
        text = resource.deprecated
        deprecated = deprecation.Deprecation(text) if text else deprecation.of(resource.gvk)
        made = self._endpoints[name] = Endpoints(resource, self._builder), deprecated
        return made


#: Upstream's names of the spans of verbs.
_SPANS = {verb: verb.capitalize() for verb in ("get", "list", "watch", "create", "update", "patch", "delete")}
_SPANS |= {"deletecollection": "Delete"}


def _generic(code: int) -> status.StatusError:
    """As the router words it (upstream: server/handler.go, serviceErrorHandler)."""
    return status.generic_server_response(code, "", GroupResource("", ""), "", "")
