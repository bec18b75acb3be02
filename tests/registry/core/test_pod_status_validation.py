"""What kubelets report of pods."""

from typing import Any

import pytest

from pilothouse.registry.core.pod_status_validation import pod_status_warnings, validate_pod_status
from tests.registry.core.checks import Object, pod, texts


def check(status: Object, before: Object | None = None, **spec: Any) -> list[str]:
    obj = pod(**spec)
    return texts(validate_pod_status({**obj, "status": status}, {**obj, "status": before or {}}))


@pytest.mark.parametrize(
    ("status", "before", "wanted"),
    [
        ({"conditions": [{"type": "Ready"}, {"type": "a.b/c"}]}, {}, []),
        ({"conditions": [{"type": "Ready", "observedGeneration": -1}]}, {}, [
            "status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer"
        ]),
        ({"qosClass": "Burstable"}, {"qosClass": "BestEffort"},
         ['status.qosClass: Invalid value: "Burstable": field is immutable']),
        ({"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}, {}, [
            'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: may specify no more than one IP for '
            "each IP family"
        ]),
        ({"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}, {}, []),
        ({"podIPs": [{"ip": "010.0.0.1"}]}, {"podIPs": [{"ip": "010.0.0.1"}]}, []),
        ({"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.2"}]}, {},
         ['status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`']),
        ({"resourceClaimStatuses": [{"name": "x"}]}, {}, [
            'status.resourceClaimStatuses[0].name: Invalid value: "x": must match the name of an entry in '
            "`spec.resourceClaims`"
        ]),
        ({"extendedResourceClaimStatus": {"requestMappings": [{"containerName": "x", "requestName": "r"}]}}, {}, [
            'status.extendedResourceClaimStatus.requestMappings[0].containerName: Invalid value: "x": must match the '
            "name of an entry in spec.initContainers.name or spec.containers.name",
            "status.extendedResourceClaimStatus.resourceClaimName: Required value",
        ]),
    ],
)
def test_statuses(status: Object, before: Object, wanted: list[str]) -> None:
    assert check(status, before) == wanted


def _state(name: str, **state: Any) -> Object:
    return {"containerStatuses": [{"name": name, "state": state}]}


@pytest.mark.parametrize(
    ("policy", "code", "good"),
    [("Always", 0, True), ("OnFailure", 1, True), ("OnFailure", 0, False), ("Never", 1, False)],
)
def test_containers_that_ended_stay_so(policy: str, code: int, good: bool) -> None:
    before, now = _state("c", terminated={"exitCode": code}), _state("c", running={})
    wanted = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    assert check(now, before, restartPolicy=policy) == ([] if good else [wanted])
    assert check(before, before, restartPolicy=policy) == []


def test_a_containers_own_rules_come_first() -> None:
    before, now = _state("c", terminated={"exitCode": 7}), _state("c", running={})
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [7]}}]
    one = {"name": "c", "image": "i", "restartPolicy": "Never", "restartPolicyRules": rules}
    assert check(now, before, containers=[one], restartPolicy="Never") == []


def test_pods_on_a_node_are_nominated_no_more() -> None:
    assert check({"nominatedNodeName": "b"}, nodeName="a") == [
        "status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node"
    ]


def test_odd_addresses_are_warned_about() -> None:
    assert pod_status_warnings({"podIPs": [{"ip": "FD00::1"}]}) == [
        'status.podIPs[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'
    ]
