"""Containers of all three sorts."""

import pytest

from pilothouse.registry.core.container_validation import (
    unique_host_ports,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from pilothouse.registry.core.pod_rules import Surroundings
from tests.registry.core.checks import LABEL, POD_RULES, Object, container, pod, texts

_POD = Surroundings(rules=POD_RULES, grace_period=30, restart_policy="Always")
_PULL = 'supported values: "Always", "IfNotPresent", "Never"'


def defaulted(**fields: object) -> Object:
    found: Object = pod(containers=[container(**fields)])["spec"]["containers"][0]
    return found


def test_names_are_unique_even_if_they_are_missing() -> None:
    nameless = "Required value"
    assert check({"image": "i"}, {"image": "i"})[-1] == '[1].name: Duplicate value: ""'
    assert any(nameless in text for text in check({"image": "i"}))


def check(*containers: Object, where: Surroundings = _POD) -> list[str]:
    return texts(validate_containers(containers, where))


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, []),
        ({"name": ""}, ["[0].name: Required value"]),
        ({"name": "A"}, [f'[0].name: Invalid value: "A": {LABEL}']),
        ({"image": ""}, ["[0].image: Required value"]),
        ({"imagePullPolicy": "X"}, [f'[0].imagePullPolicy: Unsupported value: "X": {_PULL}']),
        ({"terminationMessagePolicy": "X"}, [
            '[0].terminationMessagePolicy: Unsupported value: "X": supported values: "File", "FallbackToLogsOnError"'
        ]),
        ({"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]},
         ['[0].ports[1].name: Duplicate value: "a"']),
        ({"ports": [{"protocol": "X", "hostPort": 70000}]}, [
            "[0].ports[0].containerPort: Required value",
            "[0].ports[0].hostPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            '[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
        ]),
        ({"resizePolicy": [{"resourceName": "x"}] * 2}, [
            '[0].resizePolicy: Unsupported value: "x": supported values: "cpu", "memory"',
            "[0].resizePolicy: Required value",
            '[0].resizePolicy[1]: Duplicate value: "x"',
            '[0].resizePolicy: Unsupported value: "x": supported values: "cpu", "memory"',
            "[0].resizePolicy: Required value",
        ]),
        ({"restartPolicy": "X"}, [
            '[0].restartPolicy: Unsupported value: "X": supported values: "Always", "Never", "OnFailure"'
        ]),
        ({"restartPolicyRules": [{"action": "X"}]}, [
            "[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
            '[0].restartPolicyRules[0].action: Unsupported value: "X": supported values: "Restart", '
            '"RestartAllContainers"',
            "[0].restartPolicyRules[0].exitCodes: Required value: must be specified",
        ]),
    ],
)
def test_one_container(fields: Object, wanted: list[str]) -> None:
    assert check(defaulted(**fields)) == wanted


def test_names_and_host_ports_are_unique() -> None:
    port = {"containerPort": 80, "hostPort": 80}
    first, second = defaulted(ports=[port]), defaulted(ports=[port])
    assert check(first, second) == [
        '[1].name: Duplicate value: "c"', '[1].ports[0].hostPort: Duplicate value: "TCP//80"',
    ]
    assert unique_host_ports([{"ports": [{"hostPort": 1, "hostIP": "1.1.1.1"}, {"hostPort": 1}]}]) == []


def test_init_containers_do_not_run_on_unless_they_are_sidecars() -> None:
    probe = {"livenessProbe": {"exec": {"command": ["x"]}}, "lifecycle": {}}
    once = defaulted(name="a", **probe, resizePolicy=[{"resourceName": "cpu", "restartPolicy": "RestartContainer"}])
    sidecar = defaulted(name="b", restartPolicy="Always", **probe)
    assert texts(validate_init_containers([once, sidecar], [defaulted()], _POD)) == [
        "[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
        "[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
        '[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to '
        "'RestartContainer' for non-sidecar initContainers",
    ]
    assert texts(validate_init_containers([defaulted()], [defaulted()], _POD)) == ['[0].name: Duplicate value: "c"']


def test_ephemeral_containers_have_less() -> None:
    where = Surroundings(rules=POD_RULES, volumes={"v": {}})
    debugger = defaulted(
        name="d", ports=[{"containerPort": 1}], targetContainerName="x",
        volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": "s"}],
    )
    assert texts(validate_ephemeral_containers([debugger], [defaulted()], where)) == [
        '[0].targetContainerName: Not found: "x"',
        "[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        "[0].volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container",
    ]
