"""Probes and lifecycle hooks."""

import pytest

from pilothouse.registry.core.pod_rules import Surroundings
from pilothouse.registry.core.probe_validation import validate_lifecycle, validate_probes
from tests.registry.core.checks import POD_RULES, Object, texts

_GOOD = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_LINUX = Surroundings(rules=POD_RULES, grace_period=30, os="linux")


@pytest.mark.parametrize(
    ("probe", "wanted"),
    [
        ({"exec": {"command": ["x"]}}, []),
        ({"tcpSocket": {"port": "http"}}, []),
        ({}, ["livenessProbe: Required value: must specify a handler type"]),
        ({"exec": {}}, ["livenessProbe.exec.command: Required value"]),
        ({"exec": {"command": ["x"]}, "grpc": {"port": 1}},
         ["livenessProbe.grpc: Forbidden: may not specify more than 1 handler type"]),
        ({"httpGet": {"port": 0, "scheme": "X", "httpHeaders": [{"name": "a b"}]}}, [
            "livenessProbe.httpGet.path: Required value",
            "livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
            'livenessProbe.httpGet.scheme: Unsupported value: "X": supported values: "HTTP", "HTTPS"',
            'livenessProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of '
            "alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
        ]),
        ({"tcpSocket": {"port": ""}}, [
            'livenessProbe.tcpSocket.port: Invalid value: "": must contain only alpha-numeric characters (a-z, 0-9), '
            "and hyphens (-)",
            'livenessProbe.tcpSocket.port: Invalid value: "": must contain at least one letter (a-z)',
        ]),
        ({"exec": {"command": ["x"]}, "periodSeconds": -1, "terminationGracePeriodSeconds": 0,
          "successThreshold": 2}, [
            "livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
            "livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
            "livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ]),
    ],
)
def test_liveness(probe: Object, wanted: list[str]) -> None:
    assert texts(validate_probes({"livenessProbe": {**_GOOD, **probe}}, _LINUX)) == wanted


def test_readiness_has_no_grace_period() -> None:
    probe = {**_GOOD, "successThreshold": 3, "exec": {"command": ["x"]}, "terminationGracePeriodSeconds": 1}
    assert texts(validate_probes({"readinessProbe": probe}, _LINUX)) == [
        "readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes"
    ]


@pytest.mark.parametrize(
    ("lifecycle", "os", "wanted"),
    [
        ({"preStop": {"sleep": {"seconds": 30}}}, None, []),
        ({"preStop": {"sleep": {"seconds": 31}}}, None, [
            "preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"
        ]),
        ({"postStart": {}}, None, ["postStart: Required value: must specify a handler type"]),
        ({"stopSignal": "SIGRTMIN+3"}, "linux", []),
        ({"stopSignal": "SIGHUP"}, "windows", [
            'stopSignal: Unsupported value: "SIGHUP": supported values: "SIGKILL", "SIGTERM"'
        ]),
        ({"stopSignal": "SIGHUP"}, None, [
            "stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`"
        ]),
    ],
)
def test_lifecycle(lifecycle: Object, os: str | None, wanted: list[str]) -> None:
    where = Surroundings(rules=POD_RULES, grace_period=30, os=os)
    assert texts(validate_lifecycle(lifecycle, where)) == wanted
