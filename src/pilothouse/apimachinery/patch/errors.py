"""What is wrong with a patch (upstream: apiserver endpoints/handlers/patch.go)."""

from typing import Any

from pilothouse.apimachinery.status import REASON_INVALID, StatusError, bad_request


def rejected() -> StatusError:
    """422 for a patch that does not apply. Upstream's answer keeps the reason to itself."""
    return StatusError(422, REASON_INVALID, "the server rejected our request due to an error in our request", {})


def wrong_type(value: Any, target: str) -> StatusError:
    """400 with the text of Go's JSON decoder. `target` is "value of type T" or "struct field S.f of type T"."""
    return bad_request(f"error decoding patch: {decoding_text(value, target)}")


def decoding_text(value: Any, target: str) -> str:
    return f"json: cannot unmarshal {_json_kind(value)} into Go {target}"


def _json_kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case None:
            return "null"
    return "number"
