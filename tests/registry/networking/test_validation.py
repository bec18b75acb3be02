from typing import Any

import pytest

from pilothouse.registry.networking.ingress_validation import (
    validate_ingress,
    validate_ingress_class_annotation,
    validate_ingress_status,
)
from pilothouse.registry.networking.validation import (
    network_policy_warnings,
    validate_ingress_class,
    validate_ingress_class_update,
    validate_network_policy,
    validate_service_cidr,
    validate_service_cidr_update,
)
from tests.registry.checks import ABSENT, begins, edited, texts

POLICY: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {
    "podSelector": {}, "policyTypes": ["Ingress"],
    "ingress": [{
        "ports": [{"protocol": "TCP", "port": 80, "endPort": 90}],
        "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
    }],
}}
PORT, PEER = "spec.ingress.0.ports.0", "spec.ingress.0.from.0"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    (f"{PORT}.protocol", "X", ['spec.ingress[0].ports[0].protocol: Unsupported value: "X": supported values: "TCP", '
                               '"UDP", "SCTP"']),
    (f"{PORT}.endPort", 70, ["spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal"]),
    (f"{PORT}.port", "web", ["spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` "
                             "is non-numeric"]),
    (f"{PORT}.port", ABSENT, ["spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` "
                              "is not specified"]),
    (PEER, {}, ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
    (f"{PEER}.podSelector", {}, ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"]),
    (f"{PEER}.ipBlock.cidr", "", ["spec.ingress[0].from[0].ipBlock.cidr: Required value"]),
    (f"{PEER}.ipBlock.cidr", "x", ['spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR']),
    (f"{PEER}.ipBlock.except.0", "11.0.0.0/16",
     ['spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`']),
    ("spec.policyTypes", ["Odd"], ['spec.policyTypes[0]: Unsupported value: "Odd"']),
    ("spec.policyTypes", ["Egress", "Ingress", "Egress"], ["spec.policyTypes: Invalid value: ["]),
    ("spec.podSelector", {"matchLabels": {"a": "b c"}}, ['spec.podSelector.matchLabels: Invalid value: "b c"']),
])
def test_network_policies(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_network_policy(edited(POLICY, path, value)), expected)


def test_a_policy_keeps_its_odd_cidrs() -> None:
    odd = edited(POLICY, f"{PEER}.ipBlock.cidr", "010.0.0.0/8")
    assert len(validate_network_policy(odd)) == 1
    assert texts(validate_network_policy(odd, odd)) == []
    assert network_policy_warnings(odd) == [
        'spec.ingress[0].from[0].ipBlock.cidr: non-standard CIDR value "010.0.0.0/8" is invalid: use "10.0.0.0/8"'
    ]


def test_ingress_classes() -> None:
    good = {"spec": {"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "scope": "Cluster"}}}
    assert texts(validate_ingress_class(good)) == []
    for path, value, expected in (
        ("spec.controller", "nopath", ['spec.controller: Invalid value: "nopath": must be a domain-prefixed path']),
        ("spec.controller", "", ["spec.controller: Required value"]),
        ("spec.controller", "a.b/" + "x" * 250, ["spec.controller: Too long: may not be more than 250 bytes"]),
        ("spec.parameters.scope", "Namespace", ["spec.parameters.namespace: Required value: `parameters.scope`"]),
        ("spec.parameters.namespace", "n", ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to"]),
        ("spec.parameters.scope", "Odd", ['spec.parameters.scope: Unsupported value: "Odd"']),
        ("spec.parameters.kind", "", ["spec.parameters.kind: Required value"]),
        ("spec.parameters.name", "a/b", ["spec.parameters.name: Invalid value: \"a/b\": may not contain '/'"]),
    ):
        begins(validate_ingress_class(edited(good, path, value)), expected)
    changed = edited(good, "spec.controller", "x.y/z")
    begins(validate_ingress_class_update(changed, good), ['spec.controller: Invalid value: "x.y/z": field is'])


def test_service_cidrs() -> None:
    def cidrs(*values: str) -> dict[str, Any]:
        return {"spec": {"cidrs": list(values)}}

    begins(validate_service_cidr(cidrs("10.0.0.0/16", "fd00::/64")), [])
    begins(validate_service_cidr(cidrs()), ["spec.cidrs: Required value: at least one CIDR required"])
    begins(validate_service_cidr(cidrs("10.0.0.0/16", "10.1.0.0/16")), ['spec.cidrs: Invalid value: ["10.0.0.0/16",'])
    begins(validate_service_cidr(cidrs("a", "b", "c")), ['spec.cidrs: Invalid value: {"CIDRs":["a","b","c"]}: may'])
    one, two = cidrs("10.0.0.0/16"), cidrs("10.0.0.0/16", "fd00::/64")
    begins(validate_service_cidr_update(two, one), [])
    begins(validate_service_cidr_update(one, two), ['spec.cidrs: Invalid value: ["10.0.0.0/16"]: field is'])
    begins(validate_service_cidr_update(cidrs("10.1.0.0/16"), one), ["spec.cidrs[0]: Invalid value"])


INGRESS: dict[str, Any] = {"metadata": {}, "spec": {
    "ingressClassName": "c",
    "tls": [{"hosts": ["*.a.b", "a.b"], "secretName": "s"}],
    "rules": [{"host": "a.b", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {"number": 80}}}}
    ]}}],
}}
RULE = "spec.rules.0"
PATH = f"{RULE}.http.paths.0"
SHOWN = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.rules", [], ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"]),
    (f"{RULE}.host", "1.2.3.4", ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP']),
    (f"{RULE}.host", "a*b", ['spec.rules[0].host: Invalid value: "a*b": a wildcard DNS-1123 subdomain']),
    (f"{RULE}.http.paths", [], ["spec.rules[0].http.paths: Required value"]),
    (f"{PATH}.pathType", ABSENT, [f"{SHOWN}.pathType: Required value: pathType must be specified"]),
    (f"{PATH}.pathType", "Odd", [f'{SHOWN}.pathType: Unsupported value: "Odd"']),
    (f"{PATH}.path", "a//b/..", [
        f'{SHOWN}.path: Invalid value: "a//b/..": must be an absolute path',
        f"{SHOWN}.path: Invalid value: \"a//b/..\": must not contain '//'",
        f"{SHOWN}.path: Invalid value: \"a//b/..\": cannot end with '/..'",
    ]),
    (f"{PATH}.backend", {}, [f'{SHOWN}.backend: Invalid value: "": resource or service backend is required']),
    (f"{PATH}.backend.resource", {"kind": "K", "name": "n"}, [f'{SHOWN}.backend: Invalid value: "": cannot set both']),
    (f"{PATH}.backend.service.port", {}, [f"{SHOWN}.backend: Required value: port name or number is required"]),
    (f"{PATH}.backend.service.port.name", "x", [f'{SHOWN}.backend: Invalid value: "": cannot set both port name']),
    (f"{PATH}.backend.service.name", "", [f"{SHOWN}.backend.service.name: Required value"]),
    ("spec.tls.0.hosts.1", "A", ['spec.tls[0].hosts[1]: Invalid value: "A"']),
    ("spec.tls.0.secretName", "A", ['spec.tls[0].secretName: Invalid value: "A"']),
    ("spec.ingressClassName", "A", ['spec.ingressClassName: Invalid value: "A"']),
])
def test_ingresses(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_ingress(edited(INGRESS, path, value)), expected)


def test_an_ingress_keeps_its_faults() -> None:
    odd = edited(edited(INGRESS, "spec.tls.0.secretName", "A"), f"{PATH}.pathType", "Odd")
    odd["spec"]["rules"][0]["host"] = "*.a.b"
    assert len(validate_ingress(odd)) == 2
    assert texts(validate_ingress(odd, odd)) == []


def test_the_class_of_an_ingress_is_said_once() -> None:
    both = {**INGRESS, "metadata": {"annotations": {"kubernetes.io/ingress.class": "d"}}}
    begins(validate_ingress_class_annotation(both), ["annotations.kubernetes.io/ingress.class: Invalid value: \"d\""])


def test_the_status_of_an_ingress() -> None:
    def at(ip: str, host: str = "") -> dict[str, Any]:
        return {"status": {"loadBalancer": {"ingress": [{"ip": ip, "hostname": host}]}}}

    begins(validate_ingress_status(at("x", "1.2.3.4"), at("")), [
        'status.loadBalancer.ingress[0].ip: Invalid value: "x"',
        'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ])
    begins(validate_ingress_status(at("x"), at("x")), [])
