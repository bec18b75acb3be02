"""What is wrong with services."""

from typing import Any

import pytest

from pilothouse.registry.core.defaults import default_service
from pilothouse.registry.core.service_changes import status_warnings
from pilothouse.registry.core.service_validation import (
    validate_service,
    validate_service_status,
    validate_service_update,
)
from tests.registry.core.checks import LABEL, SUBDOMAIN, Object, texts

_LB = "may only be used when `type` is 'LoadBalancer'"
_IP = {"clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}
_NO_IP: Object = {"clusterIP": None, "clusterIPs": None, "ipFamilies": None, "ipFamilyPolicy": None}


def service(annotations: Object | None = None, **spec: Any) -> Object:
    """A defaulted service with one port and an address; None takes a field away."""
    given = {"ports": [{"port": 80}], **_IP, **spec}
    obj: Object = {
        "metadata": {"name": "s", "namespace": "n", "annotations": annotations or {}},
        "spec": {k: v for k, v in given.items() if v is not None},
    }
    default_service(obj)
    return obj


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"type": "NodePort"}, []),
        ({"type": "ExternalName", "externalName": "a.b.", **_NO_IP}, []),
        ({"ports": None}, ["spec.ports: Required value"]),
        ({"ports": [{"port": 80}, {"port": 81, "name": "a"}]}, ["spec.ports[0].name: Required value"]),
        ({"ports": [{"port": 80, "name": "A"}]}, [f'spec.ports[0].name: Invalid value: "A": {LABEL}']),
        ({"ports": [{"port": 0, "targetPort": "a"}]},
         ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        ({"ports": [{"port": 80, "protocol": "X"}]},
         ['spec.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"']),
        ({"ports": [{"port": 80, "nodePort": 30000}]},
         ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
        ({"type": "NodePort", "ports": [{"port": p, "name": f"p{p}", "nodePort": 1} for p in (80, 81)]},
         ["spec.ports[1].nodePort: Duplicate value: 1"]),
        ({"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}, [
            'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,'
            '"NodePort":0}'
        ]),
        ({"type": "ExternalName"}, [
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
            "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
            "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services",
            "spec.externalName: Required value",
        ]),
        ({"type": "NodePort", "clusterIP": "None", "clusterIPs": ["None"]},
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]),
        ({"sessionAffinity": "X"},
         ['spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None"']),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}}, [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less "
            "than 86400"
        ]),
        ({"externalIPs": ["127.0.0.1"]}, [
            'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'
        ]),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, [f"spec.LoadBalancerSourceRanges: Forbidden: {_LB}"]),
        ({"allocateLoadBalancerNodePorts": True}, [f"spec.allocateLoadBalancerNodePorts: Forbidden: {_LB}"]),
        ({"loadBalancerClass": "a/b"}, [f"spec.loadBalancerClass: Forbidden: {_LB}"]),
        ({"externalTrafficPolicy": "Local"}, [
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'
        ]),
        ({"healthCheckNodePort": 5}, [
            "spec.healthCheckNodePort: Invalid value: 5: may only be set when `type` is 'LoadBalancer' and "
            "`externalTrafficPolicy` is 'Local'"
        ]),
        ({"internalTrafficPolicy": "X"},
         ['spec.internalTrafficPolicy: Unsupported value: "X": supported values: "Cluster", "Local"']),
        ({"trafficDistribution": "X"}, [
            'spec.trafficDistribution: Unsupported value: "X": supported values: "PreferClose", "PreferSameZone", '
            '"PreferSameNode"'
        ]),
        ({"type": "ExternalName", "externalName": "A", **_NO_IP},
         [f'spec.externalName: Invalid value: "A": {SUBDOMAIN}']),
    ],
)
def test_services(spec: Object, wanted: list[str]) -> None:
    assert texts(validate_service(service(**spec))) == wanted


def test_annotations() -> None:
    ranges, hints, mode = (
        "service.beta.kubernetes.io/load-balancer-source-ranges", "service.kubernetes.io/topology-aware-hints",
        "service.kubernetes.io/topology-mode",
    )
    assert texts(validate_service(service({ranges: "", hints: "a", mode: "b"}))) == [
        f'metadata.annotations[{mode}]: Invalid value: "b": must match annotations[{hints}] when both are specified',
        f"metadata.annotations[{ranges}]: Forbidden: {_LB}",
    ]


def test_what_was_odd_may_stay() -> None:
    odd = service(externalIPs=["010.0.0.1"])
    assert texts(validate_service(odd)) == [
        'spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s'
    ]
    assert texts(validate_service_update(odd, odd)) == []


def test_a_load_balancer_keeps_its_class_and_its_check() -> None:
    old = service(type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=30001)
    new = service(
        type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=30002, loadBalancerClass="a/b"
    )
    assert texts(validate_service_update(new, old)) == [
        'spec.loadBalancerClass: Invalid value: "a/b": may not change once set',
        "spec.healthCheckNodePort: Forbidden: field is immutable",
    ]


@pytest.mark.parametrize(
    ("kind", "ingress", "wanted"),
    [
        ("LoadBalancer", {"ip": "1.2.3.4", "ipMode": "VIP"}, []),
        ("LoadBalancer", {"ip": "1.2.3.4"}, ["ipMode: Required value: must be specified when `ip` is set"]),
        ("LoadBalancer", {"ipMode": "VIP"}, ["ipMode: Forbidden: may not be specified when `ip` is not set"]),
        ("LoadBalancer", {"hostname": "1.2.3.4"},
         ['hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address']),
    ],
)
def test_addresses_of_load_balancers(kind: str, ingress: Object, wanted: list[str]) -> None:
    obj = {**service(type=kind), "status": {"loadBalancer": {"ingress": [ingress]}}}
    where = "status.loadBalancer.ingress[0]"
    assert texts(validate_service_status(obj, service())) == [f"{where}.{text}" for text in wanted]


def test_only_load_balancers_have_addresses() -> None:
    obj = {**service(), "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}}}
    assert texts(validate_service_status(obj, service())) == [
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"
    ]


def test_odd_addresses_are_warned_about() -> None:
    obj = {**service(), "status": {"loadBalancer": {"ingress": [{"ip": "2001:DB8::1"}]}}}
    assert status_warnings(obj) == [
        'status.loadBalancer.ingress[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format '
        '("2001:db8::1")'
    ]
