"""Validation of what concerns Windows (upstream: core/validation validateWindows… and validateOS)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import byte_length, is_dns1123_subdomain
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.rules import NONE, Errors, Obj

_OS = ("linux", "windows")
_SPEC_SIZE = 64 * 1024
_DOMAIN_LENGTH = 256
_USER_LENGTH = 104
_control = re.compile(r"[\x00-\x1f\x7f]").search
_is_net_bios = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}', re.DOTALL).fullmatch
_DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_is_dns_domain = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*").fullmatch
_bad_user_character = re.compile(r'["/\\:;|=,+*?<>@\[\]]').search
_is_dots_and_spaces = re.compile("[. ]+").fullmatch
_NOT_ON_WINDOWS = "cannot be set for a windows pod"
_NOT_ON_LINUX = "windows options cannot be set for a linux pod"
#: In upstream's order; names with a "/" stand in the spec itself, and count only when they say something.
_POD_FIELDS = (
    "appArmorProfile", "seLinuxOptions", "/hostUsers", "/hostPID", "/hostIPC", "seccompProfile", "fsGroup",
    "fsGroupChangePolicy", "sysctls", "/shareProcessNamespace", "runAsUser", "runAsGroup", "supplementalGroups",
    "supplementalGroupsPolicy", "seLinuxChangePolicy",
)
_CONTAINER_FIELDS = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)


def validate_windows_options(options: Obj) -> Errors:
    errors: list[Error] = []
    name, spec = options.get("gmsaCredentialSpecName"), options.get("gmsaCredentialSpec")
    if name is not None:
        errors += [field.invalid("gmsaCredentialSpecName", name, text) for text in is_dns1123_subdomain(name)]
    if spec == "":
        errors.append(field.invalid("gmsaCredentialSpec", spec, "gmsaCredentialSpec cannot be an empty string"))
    elif spec is not None and byte_length(spec) > _SPEC_SIZE:
        errors.append(field.invalid("gmsaCredentialSpec", spec, "gmsaCredentialSpec size must be under 64 KiB"))
    if (user := options.get("runAsUserName")) is not None:
        errors += [field.invalid("runAsUserName", user, f"runAsUserName{text}") for text in _is_user_name(user)]
    return errors


def _is_user_name(name: str) -> list[str]:
    """"user" or "domain\\user"; the texts continue "runAsUserName"."""
    domain, backslash, user = name.partition("\\")
    if not name:
        return [" cannot be an empty string"]
    if _control(name):
        return [" cannot contain control characters"]
    if "\\" in user:
        return [" cannot contain more than one backslash"]
    texts: list[str] = []
    if not backslash:
        domain, user = "", name
    if byte_length(domain) >= _DOMAIN_LENGTH:
        texts.append(f"'s Domain length must be under {_DOMAIN_LENGTH} characters")
    if backslash and not _is_net_bios(domain) and not _is_dns_domain(domain):
        texts.append("'s Domain doesn't match the NetBios nor the DNS format")
    if not user:
        texts.append("'s User cannot be empty")
    elif byte_length(user) > _USER_LENGTH:
        texts.append(f"'s User length must not be longer than {_USER_LENGTH} characters")
    if _is_dots_and_spaces(user):
        texts.append("'s User cannot contain only periods or spaces")
    if _bad_user_character(user):
        texts.append("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return texts


def containers_with_paths(spec: Obj) -> Iterator[tuple[str, Obj]]:
    """All containers, in the order of upstream's VisitContainersWithPath, with paths in the spec."""
    for name in ("initContainers", "containers", "ephemeralContainers"):
        for i, container in enumerate(spec.get(name) or ()):
            yield f"{name}[{i}]", container


def validate_host_process(spec: Obj, rules: PodRules) -> Errors:
    """Of containers that are processes of their host: all of them, or none."""
    own = _host_process(spec)
    found = [(at, _host_process(container)) for at, container in containers_with_paths(spec)]
    errors: list[Error] = []
    for at, process in found:
        if own is not None and process is not None and own != process:
            shown = "true" if own else "false"
            text = f"pod hostProcess value must be identical if both are specified, was {shown}"
            errors.append(field.invalid(f"{at}.securityContext.windowsOptions.hostProcess", process, text))
    effective = [own if process is None else process for _, process in found]
    if not any(effective):
        return errors
    if not all(effective):
        text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errors.append(field.invalid("", "", text))
    if not spec.get("hostNetwork"):
        text = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(field.invalid("hostNetwork", False, text))
    if not rules.privileged:
        errors.append(field.forbidden("", "hostProcess containers are disallowed by cluster policy"))
    return errors


def _host_process(holder: Obj) -> bool | None:
    context = holder.get("securityContext")
    options = context.get("windowsOptions") if context else None
    return options.get("hostProcess") if options else None


def validate_os(spec: Obj) -> Errors:
    """spec.os, and the fields that its system does not have."""
    name = spec["os"].get("name")
    if not name:
        return (field.required("os.name"),)
    if name not in _OS:
        return (field.not_supported("os", name, _OS),)
    return _linux(spec) if name == "linux" else _windows(spec)


def _linux(spec: Obj) -> Errors:
    holders = [("", spec), *((f"{at}.", container) for at, container in containers_with_paths(spec))]
    return [
        field.forbidden(f"{at}securityContext.windowsOptions", _NOT_ON_LINUX)
        for at, holder in holders
        if (holder.get("securityContext") or {}).get("windowsOptions") is not None
    ]


def _windows(spec: Obj) -> Errors:
    errors: list[Error] = []
    context = spec.get("securityContext") or {}
    for name in _POD_FIELDS:
        if name[0] == "/":
            if spec.get(name[1:]) is not None:
                errors.append(field.forbidden(name[1:], _NOT_ON_WINDOWS))
        elif context.get(name) is not None:
            errors.append(field.forbidden(f"securityContext.{name}", _NOT_ON_WINDOWS))
    for at, container in containers_with_paths(spec):
        context = container.get("securityContext") or {}
        errors += [
            field.forbidden(f"{at}.securityContext.{name}", _NOT_ON_WINDOWS)
            for name in _CONTAINER_FIELDS
            if context.get(name) is not None
        ]
    return errors or NONE
