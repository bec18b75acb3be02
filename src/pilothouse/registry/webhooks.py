"""Validation of where webhooks are called (upstream: apiserver pkg/util/webhook/validation.go)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.validation import is_dns1123_subdomain, is_port_number
from pilothouse.registry.rules import Errors, Obj

_FORM: Final = "; desired format: https://host[/path]"
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL).fullmatch
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL).search
_USERINFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*").fullmatch
_PORT: Final = re.compile(r"(:[0-9]*)?").fullmatch


def validate_url(url: str) -> Errors:
    """A webhook's URL, at the empty path."""
    try:
        parsed = parse_url(url)
    except ValueError as e:
        text = f"url must be a valid URL: parse {go_quote(url)}: {e}{_FORM}"
        return (field.required("", text),)
    errors = []
    if parsed.scheme != "https":
        errors.append(field.invalid("", parsed.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    if not parsed.host:
        errors.append(field.invalid("", "", f"host must be specified{_FORM}"))
    if parsed.user is not None:
        errors.append(field.invalid("", parsed.user, "user information is not permitted in the URL"))
    if parsed.fragment:
        errors.append(field.invalid("", parsed.fragment, "fragments are not permitted in the URL"))
    if parsed.query:
        errors.append(field.invalid("", parsed.query, "query parameters are not permitted in the URL"))
    return errors


def validate_service(service: Obj) -> Errors:
    """A reference to a service, with the port defaulted."""
    # upstream takes the name for the namespace and the other way round: kept
    errors = [] if service.get("namespace") else [field.required("name")]
    errors += [] if service.get("name") else [field.required("namespace")]
    if texts := is_port_number(service.get("port") or 0):
        text = f"port is not valid: {', '.join(texts)}"
        errors.append(field.invalid("port", service.get("port") or 0, text))
    path = service.get("path")
    return [*errors, *(() if path in (None, "", "/") else _validate_path(path))]


def _validate_path(path: str) -> Errors:
    if path == "//":
        return (field.invalid("path", path, "segment[0] may not be empty"),)
    errors = [] if path.startswith("/") else [field.invalid("path", path, "must start with a '/'")]
    for i, step in enumerate(path[1:].removesuffix("/").split("/")):
        texts = [f"segment[{i}]: {text}" for text in is_dns1123_subdomain(step)]
        if not step:
            texts = [f"segment[{i}] may not be empty"]
        errors += [field.invalid("path", path, text) for text in texts]
    return errors


@dataclass(frozen=True, slots=True)
class URL:
    """Of a URL, what validation looks at; `user` is None where there is none."""

    scheme: str
    user: str | None
    host: str
    query: str
    fragment: str


def parse_url(url: str) -> URL:
    """As Go's net/url reads it. Raises ValueError with Go's words."""
    rest, _, fragment = url.partition("#")
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in rest):
        raise ValueError("net/url: invalid control character in URL")
    if rest.startswith(":"):
        raise ValueError("missing protocol scheme")
    found = _SCHEME(rest)
    scheme = found[1].lower() if found else ""
    rest, _, query = (found[2] if found else rest).partition("?")
    user, host = None, ""
    if not rest.startswith("/"):
        if not scheme and ":" in rest.partition("/")[0]:
            raise ValueError("first path segment in URL cannot contain colon")
        return URL(scheme, None, "", query, unquote(fragment))
    if rest.startswith("//") and not (rest.startswith("///") and not scheme):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        user, host = _authority(authority)
    for part in (rest, fragment):
        if bad := _BAD_ESCAPE(part):
            raise ValueError(f"invalid URL escape {go_quote(bad[0])}")
    return URL(scheme, user, host, query, unquote(fragment))


def _authority(authority: str) -> tuple[str | None, str]:
    user, at, host = authority.rpartition("@")
    if host.startswith("["):
        _, bracket, port = host.rpartition("]")
        if not bracket:
            raise ValueError("missing ']' in host")
    else:
        port = host[host.rindex(":"):] if ":" in host else ""
    if not _PORT(port):
        raise ValueError(f"invalid port {go_quote(port)} after host")
    if bad := _BAD_ESCAPE(host):
        raise ValueError(f"invalid URL escape {go_quote(bad[0])}")
    if " " in host:
        raise ValueError('invalid character " " in host name')
    if not at:
        return None, host
    if not _USERINFO(user):
        raise ValueError("net/url: invalid userinfo")
    name, colon, password = user.partition(":")
    return quote(unquote(name), safe="$&+,;=") + colon + quote(unquote(password), safe="$&+,;="), host
