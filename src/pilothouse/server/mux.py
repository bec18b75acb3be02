"""Paths outside of the API groups (upstream: k8s.io/apiserver pkg/server/mux/pathrecorder.go).

Exact paths first, then the prefix with the most segments, then `not_found`. No path is cleaned: "/healthz/"
is not "/healthz".
"""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.server.responses import not_found as not_found_response


async def not_found_handler(request: Request) -> Response:
    return not_found_response()


class PathRecorderMux:
    """Knows its paths and remembers which are to be listed at `/`."""

    def __init__(self, name: str, not_found: Handler = not_found_handler) -> None:
        self.name = name
        self.not_found = not_found
        self._exact: dict[str, Handler] = {}
        self._prefixes: list[tuple[str, Handler]] = []
        self._listed: set[str] = set()

    def handle(self, path: str, handler: Handler, *, listed: bool = True) -> None:
        """Serve exactly `path`. Raises ValueError if it is taken: two owners of a path are a bug."""
        if path in self._exact:
            raise ValueError(f"path {path!r} of {self.name} is registered twice")
        self._exact[path] = handler
        if listed:
            self._listed.add(path)

    def handle_prefix(self, prefix: str, handler: Handler, *, listed: bool = True) -> None:
        """Serve everything below `prefix`, which ends with a slash."""
        if not prefix.endswith("/"):
            raise ValueError(f"{prefix!r} must end in a trailing slash")
        if any(known == prefix for known, _ in self._prefixes):
            raise ValueError(f"prefix {prefix!r} of {self.name} is registered twice")
        self._prefixes.append((prefix, handler))
        self._prefixes.sort(key=lambda entry: (entry[0].count("/"), len(entry[0]), entry[0]), reverse=True)
        if listed:
            self._listed.add(prefix)

    def list_path(self, path: str) -> None:
        """Show a path that a delegate serves."""
        self._listed.add(path)

    def unregister(self, path: str) -> None:
        """Forget a path or prefix; unknown ones are ignored."""
        self._exact.pop(path, None)
        self._prefixes = [entry for entry in self._prefixes if entry[0] != path]
        self._listed.discard(path)

    def find(self, path: str) -> Handler | None:
        """Who serves `path` here."""
        handler = self._exact.get(path)
        if handler is not None:
            return handler
        for prefix, candidate in self._prefixes:
            if path.startswith(prefix):
                return candidate
        return None

    def serve(self, request: Request) -> Awaitable[Response]:
        return (self.find(request.path) or self.not_found)(request)

    def listed_paths(self) -> list[str]:
        return sorted(self._listed)
