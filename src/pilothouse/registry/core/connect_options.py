"""Query parameters of the subresources that reach out (upstream: url.Values conversions of pkg/apis/core/v1).

Options are objects in wire form; a value that Go would leave out is left out. ValueErrors carry Go's wording.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.proxy.location import clean_path

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Request
    from pilothouse.registry.rest import Object

_SIGNED = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)
_UNSIGNED = re.compile(r"[0-9]+\Z", re.ASCII)
_INT64 = 1 << 63
#: Where the path behind .../proxy begins in the parts of a request.
_BEHIND_SUBRESOURCE = 3


def flag(request: Request, name: str) -> bool:
    """Anything but "0" and "false" is true."""
    value = request.query_value(name)
    return value is not None and value != "0" and value.lower() != "false"


def flags(request: Request, *names: str) -> dict[str, bool]:
    return {name: True for name in names if flag(request, name)}


def integer(request: Request, name: str) -> int | None:
    """Go's strconv.ParseInt(…, 10, 64)."""
    text = request.query_value(name)
    if text is None:
        return None
    value = parse_integer(text)
    if value is None:
        raise ValueError(f"strconv.ParseInt: parsing {go_quote(text)}: invalid syntax")
    if not fits_int64(value):
        raise ValueError(f"strconv.ParseInt: parsing {go_quote(text)}: value out of range")
    return value


def parse_integer(text: str) -> int | None:
    """The number, of whatever size; None for a text that is none."""
    return whole(text) if _SIGNED.match(text) else None


def fits_int64(value: int) -> bool:
    return -_INT64 <= value < _INT64


def ports(request: Request) -> list[int]:
    """?ports=80,443&ports=8080."""
    found: list[int] = []
    for value in (value for name, value in request.query if name == "ports"):
        for text in value.split(","):
            problem = "" if _UNSIGNED.match(text) else "invalid syntax"
            if not problem and whole(text) >= 1 << 16:
                problem = "value out of range"
            if problem:
                raise ValueError(f"cannot convert to []int32: strconv.ParseUint: parsing {go_quote(text)}: {problem}")
            found.append(whole(text))
    return found


def proxy_path(request: Request) -> Object:
    """The options of the proxy subresources: what stands behind /proxy in the path (upstream: getRequestOptions)."""
    info = request.context.request_info
    path = "/".join(info.parts[_BEHIND_SUBRESOURCE:])
    if path:
        path = "/" + path.removeprefix("/")
    if info.path.endswith("/") and not path.endswith("/"):
        path += "/"
    return {"path": path} if path else {}


def target_path(options: Object) -> str:
    """The path to ask the backend for."""
    return clean_path(options.get("path", ""))
