"""Sends a request to whoever owns its path (upstream: k8s.io/apiserver pkg/server/handler.go).

An API group version owns everything below its root path, as does a web service; other paths go to the mux.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import ErrorRenderer, Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.requestinfo import RequestInfo
from pilothouse.apimachinery.status import StatusError
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import generic_status, not_found


class APIGroupHandler(Protocol):
    """Serves one group version: its resources and its discovery document.

    Gets every request whose path is the group version's root or lies below it; raises StatusError, also for
    resources (404) and methods (405) that it does not know.
    """

    async def handle(self, request: Request) -> Response: ...

    def serves(self, resource: str, subresource: str) -> bool:
        """Whether the group version has this resource; metrics are kept only for those."""
        ...


def root_path(prefix: str, group: str, version: str) -> str:
    """`("api", "", "v1")` is "/api/v1", `("apis", "apps", "v1")` is "/apis/apps/v1"."""
    return f"/{prefix}/{group}/{version}" if group else f"/{prefix}/{version}"


class Director:
    """The routes of one server, and through `delegate` those of the servers behind it.

    A resource request goes to the first server of the chain that has its group version. Any other request goes to
    the first server that has a web service above its path (the one with the longest root) or the path on its mux.
    """

    def __init__(
        self, mux: PathRecorderMux, metrics: ServerMetrics, render: ErrorRenderer, delegate: "Director | None" = None
    ) -> None:
        self.mux = mux
        self._metrics = metrics
        self._render = render
        self._delegate = delegate
        self.groups: dict[tuple[str, str, str], APIGroupHandler] = {}
        self._versions: dict[tuple[str, str, str], tuple[str, Handler]] = {}
        self._services: dict[str, Handler] = {}
        self._deepest = 0
        """Slashes in the root of a service at most."""

    def install_group(self, prefix: str, group: str, version: str, handler: APIGroupHandler) -> None:
        """Serve one group version. Raises ValueError if this server serves it already."""
        key = (prefix, group, version)
        if key in self.groups:
            raise ValueError(f"group version {key} is registered twice")
        root = root_path(*key)
        serve = instrument(
            handler.handle, self._metrics, self._render,
            lambda info: info.is_resource_request and handler.serves(info.resource, info.subresource),
        )
        self.groups[key] = handler
        self._versions[key] = (f"{root}/", serve)
        self._add_service(root, serve)

    def install_proxy(self, prefix: str, group: str, version: str, handler: Handler) -> None:
        """Hand everything below a group version to `handler`, before any server of the chain that serves it itself.

        Replaces an earlier one; `remove_group` takes it away.
        """
        root = root_path(prefix, group, version)
        self._versions[prefix, group, version] = (f"{root}/", handler)
        self._add_service(root, handler)

    def remove_group(self, prefix: str, group: str, version: str) -> None:
        self.groups.pop((prefix, group, version), None)
        self._versions.pop((prefix, group, version), None)
        self._services.pop(root_path(prefix, group, version), None)

    def install_service(self, root: str, handler: Handler) -> None:
        """Serve `root` and `root/`; what lies below and has no longer root of its own is a 404 Status.

        "/apis" claims nothing below itself, as upstream: groups it does not know are plain unknown paths.
        Replaces an earlier handler of the same root.
        """
        self._add_service(root, handler)

    def _add_service(self, root: str, handler: Handler) -> None:
        self._services[root] = handler
        self._deepest = max(self._deepest, root.count("/"))

    def remove_service(self, root: str) -> None:
        self._services.pop(root, None)

    def serve(self, request: Request) -> Awaitable[Response]:
        info = request.context.request_info
        if info.is_resource_request:
            key = (info.api_prefix, info.api_group, info.api_version)
            director: Director | None = self
            while director is not None:
                route = director._versions.get(key)
                if route is not None and request.path.startswith(route[0]):
                    return route[1](request)
                director = director._delegate
        return self._serve_path(request)

    def _serve_path(self, request: Request) -> Awaitable[Response]:
        path = request.path
        director: Director = self
        while True:
            handler = director._service(path) or director.mux.find(path)
            if handler is not None:
                return handler(request)
            if director._delegate is None:
                return director.mux.not_found(request)
            director = director._delegate

    def _service(self, path: str) -> Handler | None:
        """This server's own web service for `path`."""
        own = path[:-1] if len(path) > 1 and path.endswith("/") else path
        handler = self._services.get(own)
        if handler is not None:
            return handler
        # from where a root can be: a path of thousands of segments is not gone through segment by segment
        root = "/".join(own.split("/", self._deepest + 1)[: self._deepest + 1])
        while root:
            if root in self._services and root != "/apis":
                return _unknown_below_service
            root = root.rpartition("/")[0]
        return None

    def listed_paths(self) -> list[str]:
        """What the index shows: the roots and the mux's listed paths, of the whole chain."""
        paths = {*self._services, *self.mux.listed_paths()}
        if self._delegate is not None:
            paths.update(self._delegate.listed_paths())
        return sorted(paths)


async def _unknown_below_service(request: Request) -> Response:
    raise generic_status(404)


def instrument(
    handler: Handler, metrics: ServerMetrics, render: ErrorRenderer,
    known: Callable[[RequestInfo], bool] | None = None, clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """Count what `handler` serves; its status errors become answers here, so that their codes are counted."""

    async def serve(request: Request) -> Response:
        try:
            response = await handler(request)
        except StatusError as error:
            response = render(request, error)
        except Exception:
            metrics.record(request, 500, 0, clock() - request.context.received_at, known)
            raise
        if isinstance(response, StreamResponse):
            status = response.status
            metrics.follow(request, response, lambda size: metrics.record(
                request, status, size, clock() - request.context.received_at, known))
        else:
            metrics.record(
                request, response.status, len(response.body), clock() - request.context.received_at, known)
        return response

    return serve


def not_found_handler(render: ErrorRenderer) -> Handler:
    """The end of every chain: 404, or 503 for a request that came before all paths were installed.

    upstream: pkg/util/notfoundhandler
    """

    async def serve(request: Request) -> Response:
        if not request.context.mux_incomplete:
            return not_found()
        error = status.service_unavailable(
            "the request has been made before all known HTTP paths have been installed, please try again"
        )
        error.details = {"retryAfterSeconds": 5}
        return render(request, error)

    return serve
