"""/debug/flags/v: log verbosity at run time (upstream: server/routes/flags.go, component-base/logs GlogSetter).

    kubectl proxy & curl -X PUT --data 4 localhost:8001/debug/flags/v
"""

from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.numbers import whole
from pilothouse.observability.logging import Logger
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import NOSNIFF

_INDEX = (
    b"<html>\n<head>\n<title>/debug/flags/</title>\n</head>\n<body>\n/debug/flags/<br>\n<br>\nflags:<br>\n<table>\n"
    b"<tr>v<br>\n</table>\n<br>\nfull flags configurable<br>\n</body>\n</html>\n"
)
_BODY_LIMIT = 1024


def install_debug_flags(mux: PathRecorderMux, logger: Logger) -> None:
    async def index(request: Request) -> Response:
        return Response(200, _INDEX, [(b"content-type", b"text/html; charset=utf-8")])

    async def verbosity(request: Request) -> Response:
        if request.method != "PUT":
            return _plain(406, "unsupported http method")
        text = (await request.body(_BODY_LIMIT)).decode("utf-8", "replace")
        if not (text.isascii() and text.isdigit()):
            return _plain(400, f"strconv.ParseUint: parsing {go_quote(text)}: invalid syntax")
        if whole(text) > 0x7FFFFFFF:
            return _plain(400, f"strconv.ParseUint: parsing {go_quote(text)}: value out of range")
        logger.configure(verbosity=whole(text))
        return _plain(200, f"successfully set klog.logging.verbosity to {text}")

    mux.handle("/debug/flags", index, listed=False)
    mux.handle_prefix("/debug/flags/", index, listed=False)
    mux.handle("/debug/flags/v", verbosity, listed=False)


def _plain(code: int, text: str) -> Response:
    return Response(code, f"{text}\n".encode(), [(b"content-type", b"text/plain"), NOSNIFF])
