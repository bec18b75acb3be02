"""URLs of backends, as Go builds and prints them (upstream: util/net/port_split.go, http.go; Go's net/url)."""

from __future__ import annotations

import ipaddress
import posixpath
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

_SCHEMES = frozenset({"", "http", "https"})
#: What net/url leaves alone in a path beside letters, digits and "-_.~".
_PATH_SAFE = "$&+,/:;=@~"
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Location:
    """`scheme` may be "" (http); `host` is "name", "name:port" or "[v6]:port"; `path` is decoded."""

    scheme: str
    host: str
    path: str = ""
    raw_query: str = ""

    @property
    def escaped_path(self) -> str:
        return escape_path(self.path)

    @property
    def url(self) -> str:
        query = f"?{self.raw_query}" if self.raw_query else ""
        return f"{self.scheme or 'http'}://{self.host}{self.escaped_path}{query}"

    @property
    def address(self) -> tuple[str, str]:
        """(host, port) to dial; the port may be a name that no dialer knows."""
        host, port = split_host_port(self.host)
        return host, port or _DEFAULT_PORTS[self.scheme or "http"]


def split_scheme_name_port(text: str) -> tuple[str, str, str] | None:
    """(scheme, name, port) of "name", "name:port" or "scheme:name:port"; None for anything else."""
    parts = text.split(":")
    if len(parts) > 3:
        return None
    scheme = parts[0] if len(parts) == 3 else ""
    name = parts[1] if len(parts) == 3 else parts[0]
    if not name or scheme not in _SCHEMES:
        return None
    return scheme, name, parts[-1] if len(parts) > 1 else ""


def join_host_port(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_host_port(host: str) -> tuple[str, str]:
    """The inverse of `join_host_port`; a host without a port gives ""."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port


def escape_path(path: str) -> str:
    return quote(path, safe=_PATH_SAFE)


def clean_path(path: str) -> str:
    """Without "." and "..", and with single slashes; a slash at the end stays."""
    if not path:
        return ""
    cleaned = posixpath.normpath(path)
    if cleaned.startswith("//"):
        cleaned = cleaned[1:]
    return cleaned + "/" if path.endswith("/") and not cleaned.endswith("/") else cleaned


def encode_query(pairs: list[tuple[str, str]]) -> str:
    """Go's url.Values.Encode: sorted by key."""
    return "&".join(f"{quote_plus(k)}={quote_plus(v)}" for k, v in sorted(pairs, key=lambda pair: pair[0]))


def is_global_unicast(address: str) -> bool:
    """Go's IP.IsGlobalUnicast: private addresses count, loopback, link-local, multicast and broadcast ones do not."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return not (
        ip.is_unspecified or ip.is_loopback or ip.is_multicast or ip.is_link_local or str(ip) == "255.255.255.255"
    )
