from typing import Any

import pytest

from pilothouse.admission.podsecurity.checks import CHECKS, details, evaluate, reasons
from pilothouse.admission.podsecurity.policy import BASELINE, LATEST, PRIVILEGED, RESTRICTED, LevelVersion

GOOD_CONTEXT = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
GOOD_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def good(name: str = "c", **context: Any) -> dict[str, Any]:
    return {"name": name, "securityContext": {**GOOD_CONTEXT, **context}}


def spec(*containers: dict[str, Any], security: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "containers": list(containers) or [good()], "securityContext": {**GOOD_POD, **(security or {})}, **fields
    }


def found(given: dict[str, Any], level: str = RESTRICTED, version: int = 30, **metadata: Any) -> str:
    return details(evaluate(LevelVersion(level, version), metadata, given))


def test_ids_are_in_upstreams_order() -> None:
    baseline = [c.id for c in CHECKS if c.level == BASELINE]
    restricted = [c.id for c in CHECKS if c.level == RESTRICTED]
    assert [c.id for c in CHECKS] == sorted(baseline) + sorted(restricted)


def test_a_good_pod_and_a_plain_one() -> None:
    plain = {"containers": [{"name": "c"}]}
    assert found(spec()) == ""
    assert found(plain, BASELINE) == ""
    assert found(plain, PRIVILEGED) == ""
    assert found({**plain, "hostNetwork": True}) == (
        "host namespaces (hostNetwork=true), allowPrivilegeEscalation != false (container \"c\" must set "
        "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set "
        "securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set "
        "securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set "
        "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    )
    assert reasons(evaluate(LevelVersion(RESTRICTED), {}, plain)) == (
        "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile"
    )


@pytest.mark.parametrize(("given", "wanted"), [
    (spec(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)"),
    (
        spec(volumes=[{"name": "h", "hostPath": {}}, {"name": "n", "nfs": {}}, {"name": "e", "emptyDir": {}}]),
        'restricted volume types (volumes "h", "n" use restricted volume types "hostPath", "nfs")',
    ),
    (
        spec(good(capabilities={"add": ["NET_ADMIN", "NET_BIND_SERVICE"]})),
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" '
        'must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ),
    (
        spec({**good(), "ports": [{"hostPort": 80}, {"hostPort": 443}]}),
        'hostPort (container "c" uses hostPorts 443, 80)',
    ),
    (
        spec(good(runAsNonRoot=False), security={"runAsNonRoot": False}),
        'runAsNonRoot != true (pod and container "c" must not set securityContext.runAsNonRoot=false)',
    ),
    (
        spec(security={"seccompProfile": {"type": "Unconfined"}}),
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    (
        spec(security={"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}),
        "forbidden sysctls (kernel.msgmax, net.ipv4.tcp_rmem)",
    ),
    (spec(security={"runAsUser": 0}), "runAsUser=0 (pod must not set runAsUser=0)"),
    (
        spec(good("a", seLinuxOptions={"type": "odd_t", "user": "u"}), good("b", seLinuxOptions={"role": "r"})),
        'seLinuxOptions (containers "a", "b" set forbidden securityContext.seLinuxOptions: type "odd_t"; user may not '
        "be set; role may not be set)",
    ),
    (
        spec(good(privileged=True), good("d", procMount="Unmasked")),
        'privileged (container "c" must not set securityContext.privileged=true), procMount (container "d" must not '
        'set securityContext.procMount to "Unmasked")',
    ),
    (
        spec(security={"windowsOptions": {"hostProcess": True}}),
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    ),
    (
        spec(good(appArmorProfile={"type": "Unconfined"})),
        'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
    ),
])
def test_restricted(given: dict[str, Any], wanted: str) -> None:
    assert found(given) == wanted


def test_baseline_names_capabilities_and_volumes_its_own_way() -> None:
    given = {
        "containers": [{"name": "c", "securityContext": {"capabilities": {"add": ["CHOWN", "SYS_ADMIN"]}}}],
        "volumes": [{"name": "h", "hostPath": {}}],
    }
    assert found(given, BASELINE) == (
        'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add), '
        'hostPath volumes (volume "h")'
    )


def test_annotations_of_old() -> None:
    annotations = {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}
    assert found(spec(), annotations=annotations) == (
        "forbidden AppArmor profile (annotation must not set AppArmor profile type to "
        '"container.apparmor.security.beta.kubernetes.io/c="unconfined"")'
    )
    annotations = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert found(spec(), BASELINE, 18, annotations=annotations) == (
        'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")'
    )


def test_versions() -> None:
    sysctl = spec(security={"sysctls": [{"name": "net.ipv4.tcp_rmem"}]})
    assert found(sysctl, version=31) != ""
    assert found(sysctl, version=32) == ""
    probe = spec({**good(), "livenessProbe": {"httpGet": {"host": "h"}}})
    assert found(probe, version=33) == ""
    assert found(probe, version=LATEST) == (
        'probe or lifecycle host (container "c" uses probe or lifecycle host "h")'
    )
    windows = {"containers": [{"name": "c"}], "os": {"name": "windows"}, "securityContext": GOOD_POD}
    assert found(windows, version=24) != ""
    assert found(windows, version=25) == ""
    root = spec(security={"runAsUser": 0}, hostUsers=False)
    assert found(root, version=34) != ""
    assert found(root, version=35) == ""
    unmasked = spec(good(procMount="Unmasked"), hostUsers=False)
    assert found(unmasked, BASELINE, 35) == ""
    assert found(unmasked, RESTRICTED, 35) != ""
