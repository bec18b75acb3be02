"""What a URL asks for (upstream: k8s.io/apiserver pkg/endpoints/request/requestinfo.go)."""

import re
from dataclasses import dataclass
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from pilothouse.apimachinery.http import Request

_VERBS = {
    "GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
}
_SPECIAL_VERBS = frozenset({"proxy", "watch"})
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
_VERBS_WITH_SELECTORS = frozenset({"list", "watch", "deletecollection"})
_LONG_RUNNING_VERBS = frozenset({"watch", "proxy"})
_LONG_RUNNING_SUBRESOURCES = frozenset({"attach", "exec", "proxy", "log", "portforward"})
#: Query values of list options that upstream decodes as numbers or booleans; a bad one loses the field selector.
_INTEGER_OPTIONS = frozenset({"limit", "timeoutSeconds"})


@dataclass(slots=True)
class RequestInfo:
    """The API's reading of method and path.

    For non-resource requests only `is_resource_request`, `path` and `verb` (lower-case method) are set.
    `field_selector`/`label_selector` are the raw query texts of list, watch and deletecollection.
    """

    is_resource_request: bool
    path: str
    verb: str
    api_prefix: str = ""
    api_group: str = ""
    api_version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()
    field_selector: str = ""
    label_selector: str = ""
    long_running: bool = False


class RequestInfoError(Exception):
    """A URL that has a special verb and nothing behind it."""


_REMEMBERED = 1024
_LONGEST_PATH = 256
_known: dict[tuple[str, str], RequestInfo] = {}
"""What method and path alone say. Clients come again and again with the same few."""


def resolve(request: Request) -> RequestInfo:
    """Read a request's method, path and, where the name or the verb depends on it, its query.

    Others may get the same object. Raises RequestInfoError, which upstream answers with a plain 500.
    """
    key = (request.method, request.path)
    info = _known.get(key)
    if info is None or (request.raw_query and not info.name and info.verb != "create"):
        info = _resolve(request)
        if not request.raw_query and len(request.path) <= _LONGEST_PATH:
            if len(_known) >= _REMEMBERED:
                _known.clear()
            _known[key] = info
    return info


def _resolve(request: Request) -> RequestInfo:
    path = request.path
    parts = path.strip("/").split("/")
    prefix = parts[0]
    if len(parts) >= 3 and prefix == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and prefix == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return RequestInfo(
            False, path, request.method.lower(), prefix if prefix in ("api", "apis") and len(parts) >= 3 else "",
            long_running=path.startswith("/debug/pprof/"),
        )

    via_path = rest[0] in _SPECIAL_VERBS
    if via_path:
        if len(rest) < 2:
            raise RequestInfoError(f"unable to determine kind and namespace from url, {request_uri(request)}")
        verb = rest[0]
        rest = rest[1:]
    else:
        verb = _VERBS.get(request.method, "")

    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        # What follows a namespace's name is a resource of its own, unless it is a subresource of namespaces.
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]

    count = len(rest)
    # Upstream leaves the subresource of /proxy/… paths uninterpreted.
    subresource = rest[2] if count >= 3 and verb != "proxy" else ""
    info = RequestInfo(
        True, path, verb, prefix, group, version, namespace, rest[0], subresource, rest[1] if count >= 2 else "",
        tuple(rest),
    )
    if not info.name:
        _resolve_collection(request, info, via_path)
    info.long_running = info.verb in _LONG_RUNNING_VERBS or subresource in _LONG_RUNNING_SUBRESOURCES
    return info


def _resolve_collection(request: Request, info: RequestInfo, via_path: bool) -> None:
    """A get without a name is a list or a watch; a delete without one is a deletecollection."""
    if info.verb == "get":
        info.verb = "watch" if request.raw_query and is_watch(request) else "list"
        if request.raw_query:
            info.name = _single_name(request)
    elif info.verb == "delete":
        info.verb = "deletecollection"
    if request.raw_query and not via_path and info.verb in _VERBS_WITH_SELECTORS:
        info.field_selector = request.query_value("fieldSelector") or ""
        info.label_selector = request.query_value("labelSelector") or ""


def is_watch(request: Request) -> bool:
    """Whether ?watch says so: any value but "0" and "false", also none (upstream: Convert_Slice_string_To_bool)."""
    value = request.query_value("watch")
    return value is not None and value.lower() not in ("0", "false")


def _single_name(request: Request) -> str:
    """The object's name if the field selector selects exactly one name, so that rules by name hold for lists."""
    selector = request.query_value("fieldSelector")
    if not selector or "metadata.name" not in selector:
        return ""
    for option in _INTEGER_OPTIONS:
        value = request.query_value(option)
        if value and not value.lstrip("+-").isdigit():
            return ""
    from pilothouse.apimachinery import fields

    try:
        name = fields.parse(selector).requires_exact("metadata.name")
    except Exception:
        # The handler will answer the bad selector; here it only means that no name is known.
        return ""
    if name is None or name in (".", "..") or "/" in name or "%" in name:
        return ""
    return name


def request_uri(request: Request) -> str:
    """Path and query as net/http shows them again: as the client sent them, or else escaped (upstream: net/url
    RequestURI). U+FFFD stands for every byte that is no UTF-8."""
    target = request.target
    if not target:
        query = f"?{request.raw_query}" if request.raw_query else ""
        return quote(request.path, safe=_UNESCAPED) + query
    if is_plain(target):
        return target.decode()
    path, question, rest = origin_form(target).partition(b"?")
    if path != b"*" and not _VALID(path):
        path = quote_from_bytes(unquote_to_bytes(path), safe=_UNESCAPED).encode()
    return _NO_TEXT.sub("\ufffd", (path + question + rest).decode("utf-8", "surrogateescape"))


def origin_form(target: bytes) -> bytes:
    """A request target without scheme and host, if it has those."""
    if target.startswith(b"/") or b"://" not in target:
        return target
    rest = target.partition(b"://")[2]
    slash, question = rest.find(b"/"), rest.find(b"?")
    if slash < 0 or 0 <= question < slash:
        return b"/" + (rest[question:] if question >= 0 else b"")
    return rest[slash:]


#: What Go leaves as it is when it escapes a path, and what it takes for a path that is escaped already.
_UNESCAPED = "$&+,/:;=@~-_."
_VALID = re.compile(rb"(?:[!$&'()*+,;=:@\[\]/A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*").fullmatch
_NO_TEXT = re.compile("[\udc80-\udcff]")
#: A target without anything that is escaped, anywhere.
is_plain = re.compile(rb"/[A-Za-z0-9._~/=&?,:-]*").fullmatch


def scope_of(info: RequestInfo) -> str:
    """What a request is about: "resource", "namespace", "cluster" or "", as in metrics (upstream: CleanScope)."""
    if info.name or info.verb == "create":
        return "resource"
    if info.namespace:
        return "namespace"
    return "cluster" if info.is_resource_request else ""
