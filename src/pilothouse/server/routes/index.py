"""The index of paths at `/` (upstream: server/routes/index.go)."""

from collections.abc import Callable

from pilothouse.apimachinery.http import Request, Response
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import raw_json


def install_index(mux: PathRecorderMux, listed_paths: Callable[[], list[str]]) -> None:
    async def serve(request: Request) -> Response:
        return raw_json({"paths": listed_paths()})

    mux.handle("/", serve, listed=False)
    mux.handle("/index.html", serve, listed=False)
