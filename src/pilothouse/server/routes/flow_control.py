"""/debug/api_priority_and_fairness/*: what is in the queues (upstream: apf_controller_debug.go)."""

import time
from collections.abc import Callable

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.flowcontrol import dump
from pilothouse.flowcontrol.controller import FlowController
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import text

_PREFIX = "/debug/api_priority_and_fairness/"


def install_flow_control(mux: PathRecorderMux, controller: FlowController) -> None:
    def show(name: str, make: Callable[[Request], str]) -> None:
        async def serve(request: Request) -> Response:
            return text(make(request))

        handler: Handler = serve
        mux.handle(_PREFIX + name, handler, listed=False)

    def requests(request: Request) -> str:
        offset = time.time() - time.monotonic()
        details = bool(request.query_value("includeRequestDetails"))
        return dump.requests(controller, details=details, wall=lambda at: at + offset)

    show("dump_priority_levels", lambda request: dump.priority_levels(controller))
    show("dump_queues", lambda request: dump.queues(controller))
    show("dump_requests", requests)
