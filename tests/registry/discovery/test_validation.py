from typing import Any

import pytest

from pilothouse.registry.discovery.validation import address_warnings, endpoint_ip, validate_endpoint_slice
from tests.registry.checks import ABSENT, begins, edited

SLICE: dict[str, Any] = {
    "metadata": {}, "addressType": "IPv4", "ports": [{"name": "a", "protocol": "TCP", "port": 80}],
    "endpoints": [{"addresses": ["1.2.3.4"]}],
}
ADDRESSES = "endpoints[0].addresses"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("addressType", "Odd", ['addressType: Unsupported value: "Odd": supported values: "FQDN", "IPv4", "IPv6"']),
    ("addressType", ABSENT, ["addressType: Required value"]),
    ("ports.0.name", "A", ['ports[0].name: Invalid value: "A"']),
    ("ports.1", {"name": "a", "protocol": "X"}, [
        'ports[1].name: Duplicate value: "a"', 'ports[1].protocol: Unsupported value: "X"',
    ]),
    ("ports.0.appProtocol", "a b", ['ports[0].appProtocol: Invalid value: "a b"']),
    ("endpoints.0.addresses", [], [f"{ADDRESSES}: Required value: must contain at least 1 address"]),
    ("endpoints.0.addresses", ["1.2.3.4"] * 101, [f"{ADDRESSES}: Too many: 101: must have at most 100 items"]),
    ("endpoints.0.addresses.0", "x", [f'{ADDRESSES}[0]: Invalid value: "x": must be a valid IP address']),
    ("endpoints.0.addresses.0", "::1", [
        f'{ADDRESSES}: Invalid value: "::1": must be an IPv4 address', f'{ADDRESSES}[0]: Invalid value: "::1": may not',
    ]),
    ("endpoints.0.nodeName", "A", ['endpoints[0].nodeName: Invalid value: "A"']),
    ("endpoints.0.hostname", "A", ['endpoints[0].hostname: Invalid value: "A"']),
    ("endpoints.0.hints", {"forZones": [{"name": "a"}, {"name": "a"}]}, [
        'endpoints[0].hints.forZones[1].name: Duplicate value: "a"'
    ]),
    ("endpoints.0.hints", {"forNodes": [{"name": "a"}] * 9}, ["endpoints[0].hints.forNodes: Too many: 9: must have"]),
])
def test_slices(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_endpoint_slice(edited(SLICE, path, value)), expected)


@pytest.mark.parametrize(("name", "expected"), [
    ("a.b.", []),
    ("", [f"{ADDRESSES}[0]: Required value"]),
    ("A.b", [f'{ADDRESSES}[0]: Invalid value: "A.b": a lowercase']),
    ("a", [f'{ADDRESSES}[0]: Invalid value: "a": should be a domain with at least two segments']),
])
def test_names(name: str, expected: list[str]) -> None:
    fqdn = edited(edited(SLICE, "addressType", "FQDN"), "endpoints.0.addresses.0", name)
    begins(validate_endpoint_slice(fqdn), expected)


@pytest.mark.parametrize(("ip", "text"), [
    ("0.0.0.0", "may not be unspecified (0.0.0.0)"), ("127.0.0.1", "may not be in the loopback range"),
    ("169.254.0.1", "may not be in the link-local range"), ("224.0.0.1", "may not be in the link-local multicast"),
    ("ff02::1", "may not be in the link-local multicast"), ("x", "must be a valid IP address"),
])
def test_special_addresses(ip: str, text: str) -> None:
    begins(endpoint_ip("p", ip), [f'p: Invalid value: "{ip}": {text}'])


def test_endpoints_that_stay_are_good() -> None:
    odd = edited(SLICE, "endpoints.0.addresses.0", "010.1.2.3")
    assert len(validate_endpoint_slice(odd)) == 1
    begins(validate_endpoint_slice(odd, odd), [])
    begins(validate_endpoint_slice(edited(SLICE, "addressType", "FQDN"), SLICE), ['addressType: Invalid value: "FQDN"'])
    assert len(address_warnings(odd)) == 1
    labels = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    assert address_warnings({**odd, "metadata": {"labels": labels}}) == []
