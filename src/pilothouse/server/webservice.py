"""Small services with a root path of their own, as go-restful serves them (/version, discovery, OpenID).

What such a service refuses gets a Status, not the plain text of the mux. (upstream:
vendor/github.com/emicklei/go-restful; server/handler.go, serviceErrorHandler)
"""

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.status import StatusError
from pilothouse.server.responses import generic_status


def accepts(request: Request, produces: str) -> bool:
    """go-restful's reading of Accept: no weights, no wildcards but */*."""
    header = request.header(b"accept")
    if not header:
        return True
    types = {part.partition(";")[0].strip() for part in header.split(",")}
    return "*/*" in types or produces in types


def web_service(get: Handler, *, produces: str = "") -> Handler:
    """Serve GET with `get`; 405 for other methods, 406 for other media types.

    `produces` empty: `get` negotiates by itself. Raises StatusError.
    """
    async def serve(request: Request) -> Response:
        if request.method != "GET":
            raise generic_status(405)
        if produces and not accepts(request, produces):
            raise _not_acceptable(produces)
        return await get(request)

    return serve


def _not_acceptable(produces: str) -> StatusError:
    return generic_status(406, f"406: Not Acceptable\n\nAvailable representations: {produces}")
