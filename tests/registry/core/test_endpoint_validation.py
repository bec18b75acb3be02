"""What is wrong with endpoints."""

import pytest

from pilothouse.registry.core.endpoint_validation import endpoint_warnings, usable_ip, validate_endpoints
from tests.registry.core.checks import Object, texts


@pytest.mark.parametrize(
    ("subset", "wanted"),
    [
        ({"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80, "protocol": "TCP"}]}, []),
        ({}, [": Required value: must specify `addresses` or `notReadyAddresses`"]),
        ({"addresses": [{"ip": "x"}]}, [
            '.addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            '.addresses[0].ip: Invalid value: "x": must be a valid IP address',
        ]),
        ({"notReadyAddresses": [{"ip": "169.254.0.1"}]}, [
            '.notReadyAddresses[0].ip: Invalid value: "169.254.0.1": may not be in the link-local range '
            "(169.254.0.0/16, fe80::/10)"
        ]),
        ({"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1, "protocol": "TCP"}, {"port": 0, "name": "a"}]}, [
            ".ports[0].name: Required value",
            ".ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            ".ports[1].protocol: Required value",
        ]),
    ],
)
def test_subsets(subset: Object, wanted: list[str]) -> None:
    endpoints: Object = {"metadata": {}, "subsets": [subset]}
    assert texts(validate_endpoints(endpoints)) == [f"subsets[0]{text}" for text in wanted]
    assert texts(validate_endpoints(endpoints, endpoints)) == []


@pytest.mark.parametrize(("ip", "good"), [
    ("10.0.0.1", True), ("0.0.0.0", False), ("::", False), ("::1", False), ("224.0.0.1", False), ("225.0.0.1", True),
    ("ff02::1", False), ("ff05::1", True),
])
def test_addresses_that_lead_somewhere(ip: str, good: bool) -> None:
    assert (not usable_ip(ip)) is good


def test_warnings() -> None:
    endpoints: Object = {"metadata": {}, "subsets": [{"addresses": [{"ip": "2001:DB8::1"}]}]}
    assert len(endpoint_warnings(endpoints)) == 1
    endpoints["metadata"]["labels"] = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    assert endpoint_warnings(endpoints) == []
