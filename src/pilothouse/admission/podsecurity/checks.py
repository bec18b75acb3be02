"""Which checks make up a level at a version (upstream: k8s.io/pod-security-admission/policy/registry.go).

`CHECKS` lists them in the order of upstream's messages, with the versions from which each variant holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pilothouse.admission.podsecurity import baseline, restricted
from pilothouse.admission.podsecurity.pods import CheckPod, Finding, Object
from pilothouse.admission.podsecurity.policy import BASELINE, PRIVILEGED, RESTRICTED, LevelVersion


def _not_on_windows(check: CheckPod) -> CheckPod:
    return lambda metadata, spec: None if (spec.get("os") or {}).get("name") == "windows" else check(metadata, spec)


def _not_in_user_namespace(check: CheckPod) -> CheckPod:
    return lambda metadata, spec: None if spec.get("hostUsers") is False else check(metadata, spec)


@dataclass(frozen=True, slots=True)
class Check:
    """`variants` are (first minor version, function), rising; `overrides` names a baseline check it replaces."""

    id: str
    level: str
    variants: tuple[tuple[int, CheckPod], ...]
    overrides: str = ""


CHECKS: Final = (
    Check("appArmorProfile", BASELINE, ((0, baseline.apparmor),)),
    Check("capabilities_baseline", BASELINE, ((0, baseline.capabilities_baseline),)),
    Check("hostNamespaces", BASELINE, ((0, baseline.host_namespaces),)),
    Check("hostPathVolumes", BASELINE, ((0, baseline.host_path_volumes),)),
    Check("hostPorts", BASELINE, ((0, baseline.host_ports),)),
    Check("hostProbesAndHostLifecycle", BASELINE, ((34, baseline.host_probes),)),
    Check("privileged", BASELINE, ((0, baseline.privileged),)),
    Check("procMount", BASELINE, ((0, baseline.proc_mount), (35, _not_in_user_namespace(baseline.proc_mount)))),
    Check("seLinuxOptions", BASELINE, (
        (0, baseline.selinux(*baseline.SELINUX)), (31, baseline.selinux(*baseline.SELINUX, "container_engine_t")),
    )),
    Check("seccompProfile_baseline", BASELINE, ((0, baseline.seccomp_annotations), (19, baseline.seccomp_baseline))),
    Check("sysctls", BASELINE, (
        (0, baseline.sysctls(*baseline.SYSCTLS)), (27, baseline.sysctls(*baseline.SYSCTLS_27)),
        (29, baseline.sysctls(*baseline.SYSCTLS_29)), (32, baseline.sysctls(*baseline.SYSCTLS_32)),
    )),
    Check("windowsHostProcess", BASELINE, ((0, baseline.windows_host_process),)),
    Check("allowPrivilegeEscalation", RESTRICTED, (
        (8, restricted.privilege_escalation), (25, _not_on_windows(restricted.privilege_escalation)),
    )),
    Check("capabilities_restricted", RESTRICTED, (
        (22, restricted.capabilities_restricted), (25, _not_on_windows(restricted.capabilities_restricted)),
    ), "capabilities_baseline"),
    Check("procMount_restricted", RESTRICTED, ((35, baseline.proc_mount),), "procMount"),
    Check("restrictedVolumes", RESTRICTED, ((0, restricted.restricted_volumes),), "hostPathVolumes"),
    Check("runAsNonRoot", RESTRICTED, (
        (0, restricted.run_as_non_root), (35, _not_in_user_namespace(restricted.run_as_non_root)),
    )),
    Check("runAsUser", RESTRICTED, (
        (23, restricted.run_as_user), (35, _not_in_user_namespace(restricted.run_as_user)),
    )),
    Check("seccompProfile_restricted", RESTRICTED, (
        (19, restricted.seccomp_restricted), (25, _not_on_windows(restricted.seccomp_restricted)),
    ), "seccompProfile_baseline"),
)


@lru_cache(maxsize=256)
def checks_of(policy: LevelVersion) -> tuple[CheckPod, ...]:
    """The check functions that make up this level at this version, in order."""
    if policy.level == PRIVILEGED:
        return ()
    chosen: dict[str, CheckPod] = {}
    overridden: set[str] = set()
    for check in CHECKS:
        if check.level == RESTRICTED and policy.level == BASELINE:
            continue
        fitting = [fn for minimum, fn in check.variants if minimum <= policy.version]
        if fitting:
            chosen[check.id] = fitting[-1]
            overridden.add(check.overrides)
    return tuple(fn for id, fn in chosen.items() if id not in overridden)


def evaluate(policy: LevelVersion, metadata: Object, spec: Object) -> list[Finding]:
    """Everything about the pod that the policy forbids."""
    return [found for check in checks_of(policy) if (found := check(metadata, spec)) is not None]


def reasons(findings: Sequence[Finding]) -> str:
    return ", ".join(reason for reason, _ in findings)


def details(findings: Sequence[Finding]) -> str:
    return ", ".join(f"{reason} ({detail})" if detail else reason for reason, detail in findings)
