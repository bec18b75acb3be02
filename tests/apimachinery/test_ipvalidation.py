import pytest

from pilothouse.apimachinery import ipvalidation as ip

NO_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NO_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


@pytest.mark.parametrize(("value", "strict", "legacy"), [
    ("1.2.3.4", "", ""),
    ("2001:db8::1", "", ""),
    ("1.2.3", NO_IP, NO_IP),
    ("1.2.3.256", NO_IP, NO_IP),
    ("fe80::1%eth0", NO_IP, NO_IP),
    ("", NO_IP, NO_IP),
    ("01.2.3.4", "must not have leading 0s", ""),
    ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address", ""),
    ("2001:DB8::1", 'must be in canonical form ("2001:db8::1")', ""),
    ("2001:db8:0:0::1", 'must be in canonical form ("2001:db8::1")', ""),
])
def test_addresses(value: str, strict: str, legacy: str) -> None:
    assert [e.detail for e in ip.is_valid_ip("f", value)] == ([strict] if strict else [])
    found = ip.is_valid_ip_for_legacy_field("f", value, strict=False)
    assert [e.detail for e in found] == ([legacy] if legacy else [])
    assert ip.is_valid_ip_for_legacy_field("f", value, valid_old=[value]) == []


@pytest.mark.parametrize(("value", "strict", "legacy"), [
    ("10.0.0.0/8", "", ""),
    ("2001:db8::/64", "", ""),
    ("10.0.0.0", NO_CIDR, NO_CIDR),
    ("10.0.0.0/33", NO_CIDR, NO_CIDR),
    ("10.0.0.1/8", "must not have bits set beyond the prefix length", ""),
    ("010.0.0.0/8", "must not have leading 0s in IP or prefix length", ""),
    ("10.0.0.0/08", "must not have leading 0s in IP or prefix length", ""),
    ("::ffff:10.0.0.0/104", "must not have an IPv4-mapped IPv6 address", ""),
    ("2001:DB8::/64", 'must be in canonical form ("2001:db8::/64")', ""),
])
def test_networks(value: str, strict: str, legacy: str) -> None:
    assert [e.detail for e in ip.is_valid_cidr("f", value)] == ([strict] if strict else [])
    found = ip.is_valid_cidr_for_legacy_field("f", value, strict=False)
    assert [e.detail for e in found] == ([legacy] if legacy else [])


def test_interface_addresses() -> None:
    assert ip.is_valid_interface_address("f", "10.0.0.1/8") == []
    assert [e.detail for e in ip.is_valid_interface_address("f", "::ffff:192.168.0.1/120")] == [
        'must be in canonical form ("192.168.0.1/24")'
    ]
    assert "must be a valid address in CIDR form" in ip.is_valid_interface_address("f", "x")[0].detail


def test_warnings() -> None:
    assert ip.warnings_for_ip("f", "1.2.3.4") == []
    assert ip.warnings_for_ip("f", "1.2.3.04") == ['f: non-standard IP address "1.2.3.04" is invalid: use "1.2.3.4"']
    assert ip.warnings_for_ip("f", "2001:DB8::1") == [
        'f: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'
    ]
    assert ip.warnings_for_cidr("f", "10.0.0.1/8") == [
        'f: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'
    ]
    assert ip.warnings_for_cidr("f", "2001:DB8::/64") == [
        'f: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")'
    ]
