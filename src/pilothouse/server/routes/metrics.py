"""/metrics and /metrics/slis (upstream: server/routes/metrics.go, component-base metrics/prometheus/slis)."""

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.observability.metrics import CONTENT_TYPE, Registry
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import text

_HEADERS = [(b"content-type", CONTENT_TYPE.encode())]


def install_metrics(mux: PathRecorderMux, registry: Registry, slis: Registry, *, resettable: bool) -> None:
    """`resettable`: DELETE sets all counts to zero (upstream: with profiling on)."""
    mux.handle("/metrics", _serve(registry, "metrics reset\n", resettable))
    mux.handle("/metrics/slis", _serve(slis, "metrics reset\n", resettable))


def _serve(registry: Registry, done: str, resettable: bool) -> Handler:
    async def serve(request: Request) -> Response:
        if resettable and request.method == "DELETE":
            registry.reset()
            return text(done)
        return Response(200, await registry.render_by_turns(), list(_HEADERS))

    return serve
