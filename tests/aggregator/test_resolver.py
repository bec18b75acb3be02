from collections.abc import Sequence
from typing import Any

import pytest

from pilothouse.aggregator.backend import escape_key, user_headers
from pilothouse.aggregator.discovery_conversion import checked_version, from_resource_list
from pilothouse.aggregator.resolver import Object, ResolveError, ServiceResolver
from pilothouse.apimachinery.user import User


class Stored:
    """One service and its slices."""

    def __init__(self, spec: Object | None, *slices: Object) -> None:
        self._spec = spec
        self._slices = slices

    def service(self, namespace: str, name: str) -> Object | None:
        return None if self._spec is None else {"metadata": {"namespace": namespace, "name": name}, "spec": self._spec}

    def endpoint_slices(self, namespace: str, service: str) -> Sequence[Object]:
        return self._slices


def resolve(stored: Stored, *, by_endpoints: bool = False, port: int = 443) -> str:
    resolver = ServiceResolver(stored, ("127.0.0.1", 6443), by_endpoints=by_endpoints)
    return resolver.resolve("ns", "s", port).host


CLUSTER_IP = {"type": "ClusterIP", "clusterIP": "10.0.0.7", "ports": [{"port": 443, "name": "https"}]}


def slice_of(family: str, *addresses: str, ready: bool | None = None, name: str | None = "https") -> Object:
    return {
        "addressType": family, "ports": [{"name": name, "port": 8443}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": ready}} for address in addresses],
    }


def test_by_address() -> None:
    assert resolve(Stored(CLUSTER_IP)) == "10.0.0.7:443"
    assert resolve(Stored({**CLUSTER_IP, "clusterIP": "fd00::7", "type": "NodePort"})) == "[fd00::7]:443"
    assert resolve(Stored({"type": "ExternalName", "externalName": "example.com"}), port=8) == "example.com:8"
    own = ServiceResolver(Stored(None), ("127.0.0.1", 6443)).resolve("default", "kubernetes", 443)
    assert own.url == "https://127.0.0.1:6443"


@pytest.mark.parametrize(("spec", "problem"), [
    (None, 'service "s" not found'),
    ({**CLUSTER_IP, "clusterIP": "None"}, 'cannot route to service with ClusterIP "None"'),
    ({**CLUSTER_IP, "ports": [{"port": 80}]}, 'no service port 443 found for service "s"'),
    ({"type": "Odd"}, 'unsupported service type "Odd"'),
])
def test_services_without_an_address(spec: Object | None, problem: str) -> None:
    with pytest.raises(ResolveError) as raised:
        resolve(Stored(spec))
    assert str(raised.value) == problem


def test_by_endpoints() -> None:
    slices = slice_of("IPv6", "fd00::1"), slice_of("IPv4", "192.0.2.1", "192.0.2.2")
    found = {resolve(Stored({**CLUSTER_IP, "ipFamilies": ["IPv4"]}, *slices), by_endpoints=True) for _ in range(60)}
    assert found == {"192.0.2.1:8443", "192.0.2.2:8443"}
    assert resolve(Stored({**CLUSTER_IP, "ipFamilies": ["IPv6"]}, *slices), by_endpoints=True) == "[fd00::1]:8443"


NO_ENDPOINTS = 'no endpoints available for service "s"'


@pytest.mark.parametrize(("spec", "slices", "problem"), [
    (CLUSTER_IP, (), NO_ENDPOINTS),
    (CLUSTER_IP, (slice_of("IPv4", "192.0.2.1", ready=False), slice_of("IPv4")), NO_ENDPOINTS),
    (CLUSTER_IP, (slice_of("IPv4", "192.0.2.1", name="other"),), NO_ENDPOINTS),
    ({"type": "ExternalName", "externalName": "x"}, (), 'unsupported service type "ExternalName"'),
])
def test_services_without_endpoints(spec: Object, slices: tuple[Object, ...], problem: str) -> None:
    with pytest.raises(ResolveError) as raised:
        resolve(Stored(spec, *slices), by_endpoints=True)
    assert str(raised.value) == problem


def test_users_as_headers() -> None:
    assert escape_key("Acme.com/a b%ü") == b"Acme.com%2Fa%20b%25%C3%BC"
    assert user_headers(User("jörg", groups=("a", "b"))) == [
        (b"x-remote-user", "jörg".encode()), (b"x-remote-group", b"a"), (b"x-remote-group", b"b"),
    ]


@pytest.mark.parametrize("document", [
    [], {"version": ""}, {"version": "v1", "resources": {"a": 1}}, {"version": "v1", "resources": [{"verbs": "get"}]},
    {"version": "v1", "resources": [{"verbs": [1]}]}, {"version": "v1", "resources": [{"responseKind": []}]},
    {"version": "v1", "resources": [{"subresources": [1]}]},
])
def test_discovery_with_wrong_types_is_refused(document: Any) -> None:
    with pytest.raises(ValueError):
        checked_version(document)


def test_old_discovery() -> None:
    def entry(name: str, **more: Any) -> Object:
        return {"name": name, "namespaced": True, "kind": "K", "verbs": ["get"], **more}

    found = from_resource_list({"resources": [
        entry("a/scale", group="autoscaling", version="v1", kind="Scale"), entry("a", shortNames=["x"]),
        entry("lonely/sub", kind=""),
    ]})
    kind = {"group": "", "version": "", "kind": "K"}
    assert found == [
        {
            "resource": "a", "responseKind": kind, "scope": "Namespaced", "singularResource": "", "verbs": ["get"],
            "shortNames": ["x"], "subresources": [{
                "subresource": "scale", "verbs": ["get"],
                "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
            }],
        },
        {
            "resource": "lonely", "responseKind": {**kind, "kind": ""}, "scope": "Namespaced", "singularResource": "",
            "verbs": [],
            "subresources": [{"subresource": "sub", "responseKind": {**kind, "kind": ""}, "verbs": ["get"]}],
        },
    ]  # fmt: skip
    with pytest.raises(ValueError, match="scope do not match"):
        from_resource_list({"resources": [entry("a"), entry("a/b", namespaced=False)]})
