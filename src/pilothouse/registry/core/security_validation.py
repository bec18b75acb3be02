"""Validation of security contexts (upstream: core/validation ValidateSecurityContext and its like)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import byte_length, is_user_id
from pilothouse.registry.core.paths import is_descending_path
from pilothouse.registry.core.pod_rules import PodRules, Surroundings
from pilothouse.registry.core.windows_validation import validate_windows_options
from pilothouse.registry.internal import internal
from pilothouse.registry.rules import NONE, Errors, Obj, matching, member, one_of, required_one_of, too_long, within

PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_MOST_PROFILE_NAME = 4095
_PROC_MOUNTS = ("Default", "Unmasked")
_FS_GROUP_POLICIES = ("Always", "OnRootMismatch")
_GROUPS_POLICIES = ("Merge", "Strict")
_SELINUX_POLICIES = ("MountOption", "Recursive")
_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = f"({_SYSCTL_SEGMENT}[\\./])*{_SYSCTL_SEGMENT}"
_LONGEST_SYSCTL = 253
_IPC = frozenset({
    "kernel.sem", "kernel.shm", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    "kernel.msg", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",
})
_SWAPPED = str.maketrans("./", "/.")
_is_sysctl = re.compile(_SYSCTL).fullmatch
_SYSCTL_TEXT = f"must have at most 253 characters and match regex ^{_SYSCTL}$"


def validate_security_context(context: Obj, pod: Surroundings) -> Errors:
    """A container's."""
    if not context:
        return NONE
    errors: list[Error] = []
    if context.get("privileged") and not pod.rules.privileged:
        errors.append(field.forbidden("privileged", "disallowed by cluster policy"))
    errors += _ids(context, "runAsUser", "runAsGroup")
    if (mount := context.get("procMount")) is not None:
        errors += one_of(context, "procMount", _PROC_MOUNTS)
        if pod.host_users and mount == "Unmasked":
            errors.append(field.invalid("procMount", mount, "`hostUsers` must be false to use `Unmasked`"))
    errors += member(context, "seccompProfile", _seccomp)
    if context.get("allowPrivilegeEscalation") is False:
        errors += _no_escalation(context)
    errors += member(context, "windowsOptions", validate_windows_options)
    errors += member(context, "appArmorProfile", _app_armor)
    return errors


def validate_pod_security_context(spec: Obj, rules: PodRules) -> Errors:
    """The pod's own, and those fields of the spec that upstream keeps in it."""
    context = spec.get("securityContext")
    if not context:
        if not (spec.get("shareProcessNamespace") and spec.get("hostPID")):
            return NONE
        context = {}
    errors = [*_ids(context, "fsGroup", "runAsUser", "runAsGroup")]
    for i, group in enumerate(context.get("supplementalGroups") or ()):
        errors += [field.invalid(f"supplementalGroups[{i}]", group, text) for text in is_user_id(group)]
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(field.invalid("shareProcessNamespace", True, text))
    if sysctls := context.get("sysctls"):
        errors += within("sysctls", _sysctls(sysctls, spec, rules))
    if context.get("fsGroupChangePolicy") is not None:
        errors += one_of(context, "fsGroupChangePolicy", _FS_GROUP_POLICIES)
    errors += member(context, "seccompProfile", _seccomp)
    errors += member(context, "windowsOptions", validate_windows_options)
    errors += member(context, "appArmorProfile", _app_armor)
    if context.get("supplementalGroupsPolicy") is not None:
        errors += one_of(context, "supplementalGroupsPolicy", _GROUPS_POLICIES)
    if context.get("seLinuxChangePolicy") is not None:
        policies = _SELINUX_POLICIES if rules.selinux_policies else _SELINUX_POLICIES[1:]
        errors += one_of(context, "seLinuxChangePolicy", policies)
    return errors


def _ids(context: Obj, *names: str) -> Errors:
    """User and group ids share one range."""
    errors: list[Error] = []
    for name in names:
        value = context.get(name)
        if value is not None and (texts := is_user_id(value)):
            errors += [field.invalid(name, value, text) for text in texts]
    return errors


def _no_escalation(context: Obj) -> Errors:
    errors: list[Error] = []
    if context.get("privileged"):
        text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        errors.append(field.invalid("", internal("core.SecurityContext", context), text))
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(field.invalid("", internal("core.SecurityContext", context), text))
    return errors


def _seccomp(profile: Obj) -> Errors:
    errors = [*required_one_of(profile, "type", PROFILE_TYPES, "type is required when seccompProfile is set")]
    local = profile.get("localhostProfile")
    if profile.get("type") == "Localhost":
        if local is None:
            errors.append(field.required("localhostProfile", "must be set when seccomp type is Localhost"))
        else:
            errors += matching(profile, "localhostProfile", is_descending_path)
    elif local is not None:
        text = "can only be set when seccomp type is Localhost"
        errors.append(field.invalid("localhostProfile", internal("core.SeccompProfile", profile), text))
    return errors


def _app_armor(profile: Obj) -> Errors:
    local = profile.get("localhostProfile")
    if profile.get("type") != "Localhost":
        text = "type is required when appArmorProfile is set"
        errors = [*required_one_of(profile, "type", PROFILE_TYPES, text)]
        if not errors and local is not None:
            text = "can only be set when AppArmor type is Localhost"
            errors.append(field.invalid("localhostProfile", local, text))
        return errors
    if local is None:
        return (field.required("localhostProfile", "must be set when AppArmor type is Localhost"),)
    errors = []
    if local.strip() != local:
        errors.append(field.invalid("localhostProfile", local, "must not be padded with whitespace"))
    elif not local:
        errors.append(field.required("localhostProfile", "must be set when AppArmor type is Localhost"))
    return [*errors, *too_long(profile, "localhostProfile", _MOST_PROFILE_NAME)]


def _sysctls(sysctls: Sequence[Obj], spec: Obj, rules: PodRules) -> Errors:
    errors: list[Error] = []
    seen: set[str] = set()
    for i, sysctl in enumerate(sysctls):
        name, at = sysctl.get("name") or "", f"[{i}].name"
        if not name:
            errors.append(field.required(at))
        elif byte_length(name) > _LONGEST_SYSCTL or not _is_sysctl(name):
            errors.append(field.invalid(at, name, _SYSCTL_TEXT))
        elif name in seen:
            errors.append(field.duplicate(at, name))
        if not rules.host_sysctls and (text := host_sysctl(name, spec)):
            errors.append(field.invalid(at, name, text))
        seen.add(name)
    return errors


def host_sysctl(name: str, spec: Obj) -> str:
    """What is wrong with a sysctl of a namespace that the pod shares with its host, or "" (ValidateHostSysctl)."""
    dotted = _dotted(name).partition("*")[0]
    if spec.get("hostNetwork") and dotted.startswith("net."):
        return "may not be specified when 'hostNetwork' is true"
    if spec.get("hostIPC") and (dotted in _IPC or dotted.startswith("fs.mqueue.")):
        return "may not be specified when 'hostIPC' is true"
    return ""


def _dotted(name: str) -> str:
    """Slashes may stand for dots: then the two change places, if the first separator is a slash."""
    first = re.search("[./]", name)
    return name.translate(_SWAPPED) if first and first.group() == "/" else name
