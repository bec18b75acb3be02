"""IP addresses and CIDRs in API fields (upstream: k8s.io/apimachinery pkg/util/validation/ip.go).

Old fields take any spelling that Go's sloppy parser reads ("010.1.2.3" is 10.1.2.3) unless `strict`; new
ones only the canonical one. An IPv4 address in IPv6 clothes ("::ffff:1.2.3.4") is the IPv4 address.
"""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from pilothouse.apimachinery import field
from pilothouse.apimachinery.numbers import whole

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NO_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NO_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_NO_INTERFACE = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
_DOTTED = re.compile(r"(?:[0-9]+\.){3}[0-9]+").fullmatch
_LEADING_ZERO = re.compile(r"(?:^|[./])0[0-9]")


def parse_ip(text: str) -> Address | None:
    """Go's netutils.ParseIPSloppy; None for what it refuses."""
    try:
        if _DOTTED(text):
            octets = [whole(part) for part in text.split(".")]
            return IPv4Address(bytes(octets)) if max(octets) < 256 else None
        if ":" not in text or "%" in text:
            return None
        address = IPv6Address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address


def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """Go's netutils.ParseCIDRSloppy: the address as given, and its network."""
    head, slash, length = text.partition("/")
    address = parse_ip(head)
    if not slash or address is None or not re.fullmatch("[0-9]+", length):
        return None
    mapped = isinstance(address, IPv4Address) and ":" in head
    bits = whole(length) - (96 if mapped else 0)
    if not 0 <= bits <= address.max_prefixlen:
        return None
    return address, ip_network((address, bits), strict=False)


def is_valid_ip(path: str, value: str) -> list[field.Error]:
    errors, address = _ip(path, value, strict=True)
    if not errors and value != str(address):
        errors.append(_not_canonical(path, value, str(address)))
    return errors


def is_valid_ip_for_legacy_field(
    path: str, value: str, *, strict: bool = True, valid_old: Collection[str] = ()
) -> list[field.Error]:
    """`valid_old`: values of the stored object, which stay allowed."""
    return [] if value in valid_old else _ip(path, value, strict)[0]


def is_valid_cidr(path: str, value: str) -> list[field.Error]:
    errors, network = _cidr(path, value, strict=True)
    if not errors and value != str(network):
        errors.append(_not_canonical(path, value, str(network)))
    return errors


def is_valid_cidr_for_legacy_field(
    path: str, value: str, *, strict: bool = True, valid_old: Collection[str] = ()
) -> list[field.Error]:
    return [] if value in valid_old else _cidr(path, value, strict)[0]


def is_valid_interface_address(path: str, value: str) -> list[field.Error]:
    found = parse_cidr(value)
    if found is None:
        return [field.invalid(path, value, _NO_INTERFACE)]
    canonical = f"{found[0]}/{found[1].prefixlen}"
    return [] if value == canonical else [_not_canonical(path, value, canonical)]


def warnings_for_ip(path: str, value: str) -> list[str]:
    """About odd spellings in fields that take them."""
    address = parse_ip(value)
    if address is None:
        return []
    if (_LEADING_ZERO.search(value) and isinstance(address, IPv4Address)) or _is_mapped(address, value):
        return [f'{path}: non-standard IP address "{value}" is invalid: use "{address}"']
    if isinstance(address, IPv6Address) and str(address) != value:
        return [f'{path}: IPv6 address "{value}" should be in RFC 5952 canonical format ("{address}")']
    return []


def warnings_for_cidr(path: str, value: str) -> list[str]:
    found = parse_cidr(value)
    if found is None:
        return []
    address, network = found
    warnings: list[str] = []
    if address != network.network_address:
        single = f"{address}/{address.max_prefixlen}"
        warnings.append(
            f'{path}: CIDR value "{value}" is ambiguous in this context (should be "{network}" or "{single}"?)'
        )
    if _has_leading_zeros(value) or _is_mapped(address, value):
        warnings.append(f'{path}: non-standard CIDR value "{value}" is invalid: use "{network}"')
    if not warnings and isinstance(address, IPv6Address) and str(network) != value:
        warnings.append(
            f'{path}: IPv6 CIDR value "{value}" should be in RFC 5952 canonical format ("{network}")'
        )
    return warnings


def _ip(path: str, value: str, strict: bool) -> tuple[list[field.Error], Address | None]:
    address = parse_ip(value)
    if address is None:
        return [field.invalid(path, value, _NO_IP)], None
    errors: list[field.Error] = []
    if strict and isinstance(address, IPv4Address) and ":" not in value and _LEADING_ZERO.search(value):
        errors.append(field.invalid(path, value, "must not have leading 0s"))
    if strict and _is_mapped(address, value):
        errors.append(field.invalid(path, value, "must not be an IPv4-mapped IPv6 address"))
    return errors, address


def _cidr(path: str, value: str, strict: bool) -> tuple[list[field.Error], Network | None]:
    found = parse_cidr(value)
    if found is None:
        return [field.invalid(path, value, _NO_CIDR)], None
    address, network = found
    text = ""
    if _has_leading_zeros(value):
        text = "must not have leading 0s in IP or prefix length"
    elif _is_mapped(address, value):
        text = "must not have an IPv4-mapped IPv6 address"
    elif address != network.network_address:
        text = "must not have bits set beyond the prefix length"
    return ([field.invalid(path, value, text)] if strict and text else []), network


def _is_mapped(address: Address, value: str) -> bool:
    return isinstance(address, IPv4Address) and ":" in value


def _has_leading_zeros(cidr: str) -> bool:
    head, _, length = cidr.partition("/")
    return (":" not in head and _LEADING_ZERO.search(head) is not None) or (len(length) > 1 and length[0] == "0")


def _not_canonical(path: str, value: str, canonical: str) -> field.Error:
    return field.invalid(path, value, f'must be in canonical form ("{canonical}")')
