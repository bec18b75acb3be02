"""URLs, IP addresses and networks (apiserver pkg/cel/library/urls.go, ip.go, cidr.go)."""

import ipaddress
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.libraries.addresserrors import address_problem
from pilothouse.apimachinery.cel.values import EvaluationError
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.structural.gourl import is_request_uri

URL_TYPE: Final = t.StructType("kubernetes.URL", {})
IP_TYPE: Final = t.opaque("net.IP")
CIDR_TYPE: Final = t.opaque("net.CIDR")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface
#: Characters that Go leaves as they are in a path.
_PATH_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@!'()*[]")


class URL:
    """A parsed URL."""

    __slots__ = ("host", "path", "query", "scheme", "text")
    cel_type = URL_TYPE
    unit_equality = True

    def __init__(self, text: str) -> None:
        self.text = text
        rest = text.partition("#")[0]
        rest, _, self.query = rest.partition("?")
        scheme, colon, after = rest.partition(":")
        self.scheme = ""
        if colon and "/" not in scheme:
            self.scheme, rest = scheme.lower(), after
        self.host = ""
        if rest.startswith("//"):
            authority, slash, path = rest[2:].partition("/")
            self.host, rest = unquote(authority.rpartition("@")[2]), slash + path
        self.path = rest if rest.startswith("/") or not self.scheme or self.host else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def hostname(self) -> str:
        if self.host.startswith("["):
            return self.host[1:].partition("]")[0]
        return self.host.rpartition(":")[0] if ":" in self.host else self.host

    def port(self) -> str:
        if self.host.startswith("["):
            return self.host.rpartition("]")[2].removeprefix(":")
        return self.host.rpartition(":")[2] if ":" in self.host else ""

    def escaped_path(self) -> str:
        return "".join(
            c if c in _PATH_SAFE or c == "%" else "".join(f"%{byte:02X}" for byte in c.encode()) for c in self.path
        )

    def values(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for pair in self.query.split("&"):
            if not pair or ";" in pair:
                continue
            key, _, value = pair.partition("=")
            found.setdefault(unquote_plus(key), []).append(unquote_plus(value))
        return found


def _url(text: str) -> URL:
    if not is_request_uri(text):
        problem = "empty url" if not text else "invalid URI for request"
        raise EvaluationError(
            f"URL parse error during conversion from string: parse {go_quote(text)}: {problem}"
        )
    return URL(text)


class IP:
    """An address without a zone, and not an IPv4 address inside IPv6."""

    __slots__ = ("address",)
    cel_type = IP_TYPE
    unit_equality = True

    def __init__(self, address: _Address) -> None:
        self.address = address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IP) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __str__(self) -> str:
        return str(self.address)

    @property
    def cost_size(self) -> int:
        return self.address.max_prefixlen // 8


def parse_ip(text: str) -> IP:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise EvaluationError(
            f"IP Address {go_quote(text)} parse error during conversion from string: "
            f"ParseAddr({go_quote(text)}): {address_problem(text)}"
        ) from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise EvaluationError(f"IP address {go_quote(text)} with zone value is not allowed")
        if address.ipv4_mapped is not None:
            raise EvaluationError(f"IPv4-mapped IPv6 address {go_quote(text)} is not allowed")
    return IP(address)


def _is_ip(text: str) -> bool:
    try:
        parse_ip(text)
    except EvaluationError:
        return False
    return True


class CIDR:
    """A network, with the address that it was written with."""

    __slots__ = ("interface",)
    cel_type = CIDR_TYPE
    unit_equality = True

    def __init__(self, interface: _Network) -> None:
        self.interface = interface

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CIDR) and self.interface == other.interface

    def __hash__(self) -> int:
        return hash(self.interface)

    def __str__(self) -> str:
        return self.interface.with_prefixlen

    @property
    def bits(self) -> int:
        return self.interface.network.prefixlen

    @property
    def cost_size(self) -> int:
        return -(-self.bits // 8)

    def contains(self, address: _Address) -> bool:
        return address in self.interface.network


def _cidr(text: str) -> CIDR:
    try:
        return CIDR(_interface(text))
    except EvaluationError as err:
        raise EvaluationError(f"network address parse error during conversion from string: {err}") from None


def _interface(text: str) -> _Network:
    address, slash, bits = text.rpartition("/")
    problem = ""
    if not slash:
        problem = "no '/'"
    elif not (bits.isascii() and bits.isdigit() and len(bits) <= 3) or (len(bits) > 1 and bits[0] == "0"):
        problem = f"bad bits after slash: {go_quote(bits)}"
    else:
        try:
            parsed = ipaddress.ip_interface(text)
        except ValueError:
            problem = f"ParseAddr({go_quote(address)}): {address_problem(address)}"
            if _is_ip(address):
                problem = "prefix length out of range"
        else:
            if parsed.version == 6 and parsed.ip.ipv4_mapped is not None:
                raise EvaluationError(f"IPv4-mapped IPv6 address {go_quote(str(parsed.ip))} is not allowed")
            if "%" in text:
                problem = "IPv6 zones cannot be present in a prefix"
            else:
                return parsed
    raise EvaluationError(
        "network address parse error during conversion from string: "
        f"netip.ParsePrefix({go_quote(text)}): {problem}"
    )


def _is_cidr(text: str) -> bool:
    try:
        _interface(text)
    except EvaluationError:
        return False
    return True


def _contains_cidr(network: CIDR, other: CIDR) -> bool:
    return (
        network.interface.version == other.interface.version
        and network.interface.network.overlaps(other.interface.network)
        and network.bits <= other.bits
    )


def _masked(network: CIDR) -> CIDR:
    return CIDR(ipaddress.ip_interface(str(network.interface.network)))


def _is_global_unicast(ip: IP) -> bool:
    address = ip.address
    if isinstance(address, ipaddress.IPv4Address) and int(address) in (0, 2**32 - 1):
        return False
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or _is_link_local(ip))


def _is_link_local(ip: IP) -> bool:
    return ip.address.is_link_local and not ip.address.is_multicast


def _is_link_local_multicast(ip: IP) -> bool:
    packed = ip.address.packed
    if len(packed) == 4:
        return packed[:3] == b"\xe0\x00\x00"
    return packed[0] == 0xFF and packed[1] & 0x0F == 2


def library() -> Library:
    made = Library({"URL": URL_TYPE, "IP": IP_TYPE, "CIDR": CIDR_TYPE})
    made.add("url", {"string_to_url": ("(string) URL", _url)})
    made.add("isURL", {"is_url_string": ("(string) bool", is_request_uri)})
    accessors: tuple[tuple[str, str, str, Any], ...] = (
        ("getScheme", "url_get_scheme", "string", lambda u: u.scheme),
        ("getHost", "url_get_host", "string", lambda u: u.host),
        ("getHostname", "url_get_hostname", "string", URL.hostname),
        ("getPort", "url_get_port", "string", URL.port),
        ("getEscapedPath", "url_get_escaped_path", "string", URL.escaped_path),
        ("getQuery", "url_get_query", "map(string, list(string))", URL.values),
    )
    for name, id, result, implementation in accessors:
        made.add(name, {id: (f"URL.() {result}", implementation)})
    return made


def addresses() -> Library:
    made = Library({"IP": IP_TYPE, "CIDR": CIDR_TYPE})
    made.add("ip", {"string_to_ip": ("(string) IP", parse_ip), "cidr_ip": ("CIDR.() IP", lambda c: IP(c.interface.ip))})
    made.add("ip.isCanonical", {"ip_is_canonical": ("(string) bool", lambda s: str(parse_ip(s)) == s)})
    made.add("isIP", {"is_ip": ("(string) bool", _is_ip)})
    made.add("family", {"ip_family": ("IP.() int", lambda ip: ip.address.version)})
    tests: tuple[tuple[str, str, Any], ...] = (
        ("isUnspecified", "ip_is_unspecified", lambda ip: ip.address.is_unspecified),
        ("isLoopback", "ip_is_loopback", lambda ip: ip.address.is_loopback),
        ("isLinkLocalMulticast", "ip_is_link_local_multicast", _is_link_local_multicast),
        ("isLinkLocalUnicast", "ip_is_link_local_unicast", _is_link_local),
        ("isGlobalUnicast", "ip_is_global_unicast", _is_global_unicast),
    )
    for name, id, test in tests:
        made.add(name, {id: ("IP.() bool", test)})
    made.add("cidr", {"string_to_cidr": ("(string) CIDR", _cidr)})
    made.add("isCIDR", {"is_cidr": ("(string) bool", _is_cidr)})
    made.add("containsIP", {
        "cidr_contains_ip_string": ("CIDR.(string) bool", lambda c, s: c.contains(parse_ip(s).address)),
        "cidr_contains_ip_ip": ("CIDR.(IP) bool", lambda c, ip: c.contains(ip.address)),
    })
    made.add("containsCIDR", {
        "cidr_contains_cidr_string": ("CIDR.(string) bool", lambda c, s: _contains_cidr(c, _cidr(s))),
        "cidr_contains_cidr": ("CIDR.(CIDR) bool", _contains_cidr),
    })
    made.add("prefixLength", {"cidr_prefix_length": ("CIDR.() int", lambda c: c.bits)})
    made.add("masked", {"cidr_masked": ("CIDR.() CIDR", _masked)})
    made.add("string", {"ip_to_string": ("(IP) string", str), "cidr_to_string": ("(CIDR) string", str)})
    made.types = {IP_TYPE.name: IP_TYPE, CIDR_TYPE.name: CIDR_TYPE}
    return made
