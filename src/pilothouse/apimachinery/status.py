"""The one error type: API status errors (upstream: k8s.io/apimachinery pkg/api/errors).

Whatever goes wrong anywhere is raised as a `StatusError` and rendered in one place. The constructors
below are the only makers of status bodies; their wording is kube-apiserver's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.gvk import GroupKind, GroupResource

#: Characters of the errors that one answer tells of.
_MOST_TEXT: Final = 1 << 20

REASON_UNAUTHORIZED = "Unauthorized"
REASON_FORBIDDEN = "Forbidden"
REASON_NOT_FOUND = "NotFound"
REASON_ALREADY_EXISTS = "AlreadyExists"
REASON_CONFLICT = "Conflict"
REASON_GONE = "Gone"
REASON_INVALID = "Invalid"
REASON_SERVER_TIMEOUT = "ServerTimeout"
REASON_TIMEOUT = "Timeout"
REASON_TOO_MANY_REQUESTS = "TooManyRequests"
REASON_BAD_REQUEST = "BadRequest"
REASON_METHOD_NOT_ALLOWED = "MethodNotAllowed"
REASON_NOT_ACCEPTABLE = "NotAcceptable"
REASON_REQUEST_ENTITY_TOO_LARGE = "RequestEntityTooLarge"
REASON_UNSUPPORTED_MEDIA_TYPE = "UnsupportedMediaType"
REASON_INTERNAL_ERROR = "InternalError"
REASON_EXPIRED = "Expired"
REASON_SERVICE_UNAVAILABLE = "ServiceUnavailable"


class StatusError(Exception):
    """An answer that is not a success.

    `details` is the wire form of metav1.StatusDetails or None (absent on the wire). `headers` are sent
    in addition. `retryAfterSeconds` in the details also becomes a Retry-After header when rendered.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers or {}

    def status(self) -> dict[str, Any]:
        """The metav1.Status body."""
        body: dict[str, Any] = {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = dict(self.details)
        body["code"] = self.code
        return body


def _resource_details(resource: GroupResource, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if resource.group:
        details["group"] = resource.group
    if resource.resource:
        details["kind"] = resource.resource
    return details


def not_found(resource: GroupResource, name: str) -> StatusError:
    return StatusError(404, REASON_NOT_FOUND, f'{resource} "{name}" not found', _resource_details(resource, name))


def already_exists(resource: GroupResource, name: str) -> StatusError:
    return StatusError(
        409, REASON_ALREADY_EXISTS, f'{resource} "{name}" already exists', _resource_details(resource, name)
    )


def generate_name_conflict(resource: GroupResource, name: str, retry_after: int = 1) -> StatusError:
    details = _resource_details(resource, name) | {"retryAfterSeconds": retry_after}
    return StatusError(
        409, REASON_ALREADY_EXISTS,
        f'{resource} "{name}" already exists, the server was not able to generate a unique name for the object',
        details,
    )


def conflict(resource: GroupResource, name: str, cause: str) -> StatusError:
    return StatusError(
        409, REASON_CONFLICT, f'Operation cannot be fulfilled on {resource} "{name}": {cause}',
        _resource_details(resource, name),
    )


def apply_conflict(causes: Sequence[Mapping[str, str]], message: str) -> StatusError:
    return StatusError(409, REASON_CONFLICT, message, {"causes": list(causes)})


def unauthorized(message: str = "Unauthorized") -> StatusError:
    return StatusError(401, REASON_UNAUTHORIZED, message)


def forbidden(resource: GroupResource, name: str, cause: str) -> StatusError:
    """A refusal of admission or the registry; authorization words its own (see `server.filters.authorization`)."""
    if not resource.resource:
        message = f"forbidden: {cause}"
    elif not name:
        message = f"{resource} is forbidden: {cause}"
    else:
        message = f'{resource} "{name}" is forbidden: {cause}'
    return StatusError(403, REASON_FORBIDDEN, message, _resource_details(resource, name))


def invalid(kind: GroupKind, name: str, errors: Sequence[field.Error]) -> StatusError:
    """422 with one cause for each error; upstream drops repeated texts from the message but not from the causes. Of
    very much that is wrong, what was found first is told."""
    told = _told(errors)
    texts = list(dict.fromkeys(f"{e.field}: {body}" for e, body in told))
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if kind.group:
        details["group"] = kind.group
    if kind.kind:
        details["kind"] = kind.kind
    if errors:
        details["causes"] = [{"reason": e.reason, "message": body, "field": e.field} for e, body in told]
    message = f'{kind} "{name}" is invalid: {text}' if errors else f'{kind} "{name}" is invalid'
    return StatusError(422, REASON_INVALID, message, details)


def _told(errors: Sequence[field.Error]) -> list[tuple[field.Error, str]]:
    """As many of the errors as there is room for, with their texts; the first one always."""
    told: list[tuple[field.Error, str]] = []
    room = _MOST_TEXT
    for e in errors:
        if room <= 0:
            break
        body = e.body()
        told.append((e, body))
        room -= len(body) + len(e.field)
    return told


def bad_request(message: str) -> StatusError:
    return StatusError(400, REASON_BAD_REQUEST, message)


def method_not_supported(resource: GroupResource, verb: str) -> StatusError:
    return StatusError(
        405, REASON_METHOD_NOT_ALLOWED, f'{verb} is not supported on resources of kind "{resource}"',
        _resource_details(resource, ""),
    )


def internal_error(message: str) -> StatusError:
    return StatusError(
        500, REASON_INTERNAL_ERROR, f"Internal error occurred: {message}", {"causes": [{"message": message}]}
    )


def plain_internal(message: str) -> StatusError:
    """500 as upstream renders an error that is no API status (code 500, no reason, no details)."""
    return StatusError(500, "", message)


def timeout(message: str, retry_after: int = 0) -> StatusError:
    details: dict[str, Any] = {"retryAfterSeconds": retry_after} if retry_after else {}
    return StatusError(504, REASON_TIMEOUT, f"Timeout: {message}", details)


def too_large_resource_version(requested: int, current: int, retry_after: int = 1) -> StatusError:
    return StatusError(
        504, REASON_TIMEOUT, f"Timeout: Too large resource version: {requested}, current: {current}",
        {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": retry_after,
        },
    )


def expired(message: str) -> StatusError:
    return StatusError(410, REASON_EXPIRED, message)


def too_old_resource_version(requested: int, oldest: int) -> StatusError:
    return expired(f"too old resource version: {requested} ({oldest})")


def too_many_requests(message: str, retry_after: int = 1) -> StatusError:
    return StatusError(429, REASON_TOO_MANY_REQUESTS, message, {"retryAfterSeconds": retry_after})


def request_entity_too_large(message: str) -> StatusError:
    return StatusError(413, REASON_REQUEST_ENTITY_TOO_LARGE, f"Request entity too large: {message}")


def service_unavailable(message: str) -> StatusError:
    return StatusError(503, REASON_SERVICE_UNAVAILABLE, message)


#: By code: the reason, and the message, or None where the server's own message is kept.
_SERVER_RESPONSES: Mapping[int, tuple[str, str | None]] = {
    400: (REASON_BAD_REQUEST, "the server rejected our request for an unknown reason"),
    401: (REASON_UNAUTHORIZED, "the server has asked for the client to provide credentials"),
    403: (REASON_FORBIDDEN, None),
    404: (REASON_NOT_FOUND, "the server could not find the requested resource"),
    405: (REASON_METHOD_NOT_ALLOWED, "the server does not allow this method on the requested resource"),
    406: (REASON_NOT_ACCEPTABLE, None),
    409: (REASON_CONFLICT, "the server reported a conflict"),
    415: (REASON_UNSUPPORTED_MEDIA_TYPE, None),
    422: (REASON_INVALID, "the server rejected our request due to an error in our request"),
    429: (
        REASON_TOO_MANY_REQUESTS,
        "the server has received too many requests and has asked us to try again later",
    ),
    503: (REASON_SERVICE_UNAVAILABLE, "the server is currently unable to handle the request"),
    504: (
        REASON_TIMEOUT,
        "the server was unable to return a response in the time allotted, but may still be processing the request",
    ),
}


def generic_server_response(
    code: int, verb: str, resource: GroupResource, name: str, server_message: str, *, unexpected: bool = True
) -> StatusError:
    """What another server's answer, or a path nobody serves, becomes (upstream: errors.NewGenericServerResponse).

    With `unexpected` the server's message is among the causes.
    """
    if code in _SERVER_RESPONSES:
        reason, text = _SERVER_RESPONSES[code]
        message = server_message if text is None else text
    elif code >= 500:
        reason = REASON_INTERNAL_ERROR
        quoted = field.go_quote(server_message)
        message = f"an error on the server ({quoted}) has prevented the request from succeeding"
    else:
        reason = ""
        message = f"the server responded with the status code {code} but did not return more information"
    if resource.resource:
        message += f" ({verb.lower()} {resource}{' ' + name if name else ''})"
    details = _resource_details(resource, name)
    if server_message and unexpected:
        details["causes"] = [{"reason": "UnexpectedServerResponse", "message": server_message}]
    return StatusError(code, reason, message, details)
