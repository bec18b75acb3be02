from typing import Any

import pytest

from pilothouse.registry.networking.defaults import default_ingress_class, default_network_policy


@pytest.mark.parametrize(
    ("spec", "types"),
    [({}, ["Ingress"]), ({"egress": [{}]}, ["Ingress", "Egress"]), ({"policyTypes": ["Egress"]}, ["Egress"])],
)
def test_policy_types(spec: dict[str, Any], types: list[str]) -> None:
    policy = {"spec": dict(spec)}
    default_network_policy(policy)
    assert policy["spec"]["policyTypes"] == types


def test_ports_and_scope() -> None:
    policy: dict[str, Any] = {"spec": {"ingress": [{"ports": [{"port": 1}]}]}}
    default_network_policy(policy)
    assert policy["spec"]["ingress"][0]["ports"][0]["protocol"] == "TCP"
    ingress_class: dict[str, Any] = {"spec": {"parameters": {"kind": "K", "scope": None}}}
    default_ingress_class(ingress_class)
    assert ingress_class["spec"]["parameters"]["scope"] == "Cluster"
