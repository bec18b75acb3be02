"""What concerns Windows."""

import pytest

from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.windows_validation import (
    validate_host_process,
    validate_os,
    validate_windows_options,
)
from tests.registry.core.checks import POD_RULES, Object, container, texts


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Administrator", []),
        ("NT AUTHORITY\\SYSTEM", []),
        ("", [" cannot be an empty string"]),
        ("a\x07", [" cannot contain control characters"]),
        ("a\\b\\c", [" cannot contain more than one backslash"]),
        ("a?b\\u", ["'s Domain doesn't match the NetBios nor the DNS format"]),
        ("d\\", ["'s User cannot be empty"]),
        ("x" * 105, ["'s User length must not be longer than 104 characters"]),
        ("..", ["'s User cannot contain only periods or spaces"]),
        ("a|b", ["'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"]),
    ],
)
def test_user_names(name: str, wanted: list[str]) -> None:
    found = [error.detail for error in validate_windows_options({"runAsUserName": name})]
    assert found == [f"runAsUserName{text}" for text in wanted]


def test_credential_specs() -> None:
    assert texts(validate_windows_options({"gmsaCredentialSpec": ""})) == [
        'gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string'
    ]
    assert validate_windows_options({"gmsaCredentialSpec": "x" * 65537})[0].detail.endswith("must be under 64 KiB")


def _process(value: bool | None) -> Object:
    return {} if value is None else {"securityContext": {"windowsOptions": {"hostProcess": value}}}


@pytest.mark.parametrize(
    ("own", "containers", "spec", "wanted"),
    [
        (None, [None], {}, []),
        (True, [None, True], {"hostNetwork": True}, []),
        (True, [False], {}, [
            "containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value "
            "must be identical if both are specified, was true"
        ]),
        (None, [True, None], {}, [
            ': Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess '
            "containers",
            "hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
        ]),
    ],
)
def test_host_processes(
    own: bool | None, containers: list[bool | None], spec: Object, wanted: list[str]
) -> None:
    obj = {**_process(own), "containers": [_process(c) for c in containers], **spec}
    assert texts(validate_host_process(obj, PodRules(privileged=True))) == wanted


def test_host_processes_are_privileged() -> None:
    assert texts(validate_host_process({"containers": [_process(True)], "hostNetwork": True}, POD_RULES)) == [
        ": Forbidden: hostProcess containers are disallowed by cluster policy"
    ]


def test_systems() -> None:
    assert texts(validate_os({"os": {}})) == ["os.name: Required value"]
    wanted = ['os: Unsupported value: "x": supported values: "linux", "windows"']
    assert texts(validate_os({"os": {"name": "x"}})) == wanted
    spec: Object = {
        "os": {"name": "windows"}, "hostIPC": True, "securityContext": {"runAsUser": 1},
        "containers": [container(securityContext={"privileged": False})],
    }
    assert texts(validate_os(spec)) == [
        "hostIPC: Forbidden: cannot be set for a windows pod",
        "securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        "containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
    ]
    spec = {"os": {"name": "linux"}, "initContainers": [container(securityContext={"windowsOptions": {}})]}
    assert texts(validate_os(spec)) == [
        "initContainers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"
    ]
