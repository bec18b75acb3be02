"""Whether a text is a request URI, as Go reads it (upstream: net/url.ParseRequestURI)."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL).fullmatch
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]").search
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_USERINFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*").fullmatch
_PORT: Final = re.compile(r"(:[0-9]*)?").fullmatch
#: A host: escapes stand for bytes that are not ASCII (and for "%" itself), colons only before a port.
_HOST: Final = re.compile(
    r"""(?:[A-Za-z0-9\-._~!$&'()*+,;=\[\]<>"]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*"""
).fullmatch
_ZONE: Final = re.compile(r"""(?:[A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>"]|[^\x00-\x7f]|%[0-9A-Fa-f]{2})+""").fullmatch


def is_request_uri(text: str) -> bool:
    if not text or _CONTROL(text) or text.startswith(":"):
        return False
    if text == "*":
        return True
    m = _SCHEME(text)
    scheme, rest = (m[1], m[2]) if m else ("", text)
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        # an opaque URL ("mailto:x") counts, a relative reference does not
        return bool(scheme)
    if scheme and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        if not _is_authority(authority):
            return False
        rest = slash + path
    return _BAD_ESCAPE(rest) is None


def _is_authority(authority: str) -> bool:
    user, at, host = authority.rpartition("@")
    if at and (not _USERINFO(user) or _BAD_ESCAPE(user)):
        return False
    return _is_literal(host) if host.startswith("[") else _is_host(host)


def _is_host(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    if not colon:
        name, port = host, ""
    return _PORT(colon + port) is not None and _HOST(name) is not None


def _is_literal(host: str) -> bool:
    """ "[::1]:8080", with an escaped zone perhaps."""
    head, bracket, port = host.rpartition("]")
    if not bracket or not _PORT(port):
        return False
    address, percent, zone = head[1:].partition("%25")
    if percent and not _ZONE(zone):
        return False
    try:
        return IPv6Address(address).ipv4_mapped is None
    except ValueError:
        return False
