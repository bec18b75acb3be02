"""Security contexts of pods and containers."""

import pytest

from pilothouse.registry.core.pod_rules import PodRules, Surroundings
from pilothouse.registry.core.security_validation import (
    host_sysctl,
    validate_pod_security_context,
    validate_security_context,
)
from tests.registry.core.checks import POD_RULES, Object, texts

_IDS = "must be between 0 and 2147483647, inclusive"
_TYPES = 'supported values: "Localhost", "RuntimeDefault", "Unconfined"'


@pytest.mark.parametrize(
    ("context", "wanted"),
    [
        ({}, []),
        ({"runAsUser": 0, "procMount": "Default"}, []),
        ({"privileged": True}, ["privileged: Forbidden: disallowed by cluster policy"]),
        ({"runAsUser": -1, "runAsGroup": 2**31}, [f"runAsUser: Invalid value: -1: {_IDS}",
                                                f"runAsGroup: Invalid value: 2147483648: {_IDS}"]),
        ({"procMount": "Unmasked"}, [
            'procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'
        ]),
        ({"seccompProfile": {"type": "X"}}, [f'seccompProfile.type: Unsupported value: "X": {_TYPES}']),
        ({"seccompProfile": {}}, [
            "seccompProfile.type: Required value: type is required when seccompProfile is set"
        ]),
        ({"seccompProfile": {"type": "Localhost", "localhostProfile": "/x"}}, [
            'seccompProfile.localhostProfile: Invalid value: "/x": must be a relative path'
        ]),
        ({"seccompProfile": {"type": "Unconfined", "localhostProfile": "x"}}, [
            'seccompProfile.localhostProfile: Invalid value: {"Type":"Unconfined","LocalhostProfile":"x"}: can only '
            "be set when seccomp type is Localhost"
        ]),
        ({"appArmorProfile": {"type": "Localhost", "localhostProfile": " x"}}, [
            'appArmorProfile.localhostProfile: Invalid value: " x": must not be padded with whitespace'
        ]),
        ({"appArmorProfile": {"type": "Unconfined", "localhostProfile": "x"}}, [
            'appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost'
        ]),
        ({"allowPrivilegeEscalation": False, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}, [
            ': Invalid value: {"Capabilities":{"Add":["CAP_SYS_ADMIN"],"Drop":null},"Privileged":null,'
            '"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,'
            '"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,'
            '"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` '
            "CAP_SYS_ADMIN"
        ]),
    ],
)
def test_containers(context: Object, wanted: list[str]) -> None:
    assert texts(validate_security_context(context, Surroundings(rules=POD_RULES))) == wanted


def test_privileged_containers_are_a_matter_of_policy() -> None:
    where = Surroundings(rules=PodRules(privileged=True))
    assert texts(validate_security_context({"privileged": True}, where)) == []


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"securityContext": {"supplementalGroups": [1, -1]}}, [f"supplementalGroups[1]: Invalid value: -1: {_IDS}"]),
        ({"shareProcessNamespace": True, "hostPID": True}, [
            "shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"
        ]),
        ({"securityContext": {"fsGroupChangePolicy": "X", "supplementalGroupsPolicy": "X"}}, [
            'fsGroupChangePolicy: Unsupported value: "X": supported values: "Always", "OnRootMismatch"',
            'supplementalGroupsPolicy: Unsupported value: "X": supported values: "Merge", "Strict"',
        ]),
        ({"securityContext": {"seLinuxChangePolicy": "MountOption"}}, [
            'seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"'
        ]),
        ({"hostNetwork": True, "securityContext": {"sysctls": [{"name": "net/ipv4/x"}, {"name": "a b"}, {}]}}, [
            "sysctls[0].name: Invalid value: \"net/ipv4/x\": may not be specified when 'hostNetwork' is true",
            'sysctls[1].name: Invalid value: "a b": must have at most 253 characters and match regex '
            "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
            "sysctls[2].name: Required value",
        ]),
    ],
)
def test_pods(spec: Object, wanted: list[str]) -> None:
    assert texts(validate_pod_security_context(spec, POD_RULES)) == wanted


@pytest.mark.parametrize(
    ("name", "spec", "refused"),
    [
        ("kernel.shmmax", {"hostIPC": True}, True),
        ("fs/mqueue/x", {"hostIPC": True}, True),
        ("kernel.shmmax", {"hostNetwork": True}, False),
        ("net.ipv4.conf.a/b.c", {"hostNetwork": True}, True),
        ("vm.x", {"hostNetwork": True, "hostIPC": True}, False),
    ],
)
def test_sysctls_of_the_host(name: str, spec: Object, refused: bool) -> None:
    assert bool(host_sysctl(name, spec)) is refused
