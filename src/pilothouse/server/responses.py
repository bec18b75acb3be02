"""Answers that more than one part of the chain gives (upstream: net/http Error, endpoints/handlers/responsewriters).

`render_status` is the default `ErrorRenderer`: JSON, whatever the client accepts. The server is built with
the negotiating one of `endpoints/`.
"""

from typing import Any, Final

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Headers, Request, Response
from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.apimachinery.status import StatusError
from pilothouse.authorization.forbidden import sanitize

JSON_TYPE: Final = (b"content-type", b"application/json")
TEXT_TYPE: Final = (b"content-type", b"text/plain; charset=utf-8")
NOSNIFF: Final = (b"x-content-type-options", b"nosniff")


def text(body: str, code: int = 200, headers: Headers | None = None) -> Response:
    """Plain text as Go sends it when nobody set a type."""
    return Response(code, body.encode(), [TEXT_TYPE, *(headers or [])])


def text_error(code: int, message: str, headers: Headers | None = None) -> Response:
    """Go's http.Error: the message and a line feed."""
    return Response(code, f"{message}\n".encode(), [TEXT_TYPE, NOSNIFF, *(headers or [])])


def not_found() -> Response:
    """Go's http.NotFound."""
    return text_error(404, "404 page not found")


def json_response(value: Any, code: int = 200, headers: Headers | None = None) -> Response:
    """Compact JSON without a line feed at its end."""
    return Response(code, orjson.dumps(value), [JSON_TYPE, *(headers or [])])


def raw_json(value: Any, code: int = 200) -> Response:
    """JSON indented by two spaces (upstream: responsewriters.WriteRawJSON)."""
    return Response(code, orjson.dumps(value, option=orjson.OPT_INDENT_2), [JSON_TYPE])


def render_status(request: Request, error: StatusError) -> Response:
    """A `StatusError` as JSON with its headers, Retry-After included."""
    if request.context.audit is not None:
        request.context.audit.answer_status(error.status())
    headers: Headers = [JSON_TYPE]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    retry_after = (error.details or {}).get("retryAfterSeconds")
    if retry_after and not any(name == b"retry-after" for name, _ in headers):
        headers.append((b"retry-after", str(retry_after).encode()))
    return Response(error.code, orjson.dumps(error.status()) + b"\n", headers)


def internal_error(request: Request, cause: object) -> Response:
    """500 before a media type could be negotiated (upstream: responsewriters.InternalError)."""
    return text_error(500, sanitize(f"Internal Server Error: {go_quote(request_uri(request))}: {cause}"))


def generic_status(code: int, server_message: str = "") -> StatusError:
    """What go-restful's container says about a path that it owns and cannot serve (404, 405, 406).

    upstream: server/handler.go, serviceErrorHandler
    """
    if code == 406:
        return StatusError(406, status.REASON_NOT_ACCEPTABLE, server_message, {})
    return status.generic_server_response(code, "", GroupResource("", ""), "", "")
