"""Validation of containers (upstream: core/validation validateContainers and its like).

Paths begin at the list of containers.
"""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import is_dns1123_label, is_port_name
from pilothouse.registry.core.env_validation import validate_env_from, variable
from pilothouse.registry.core.mount_validation import validate_devices, validate_mounts
from pilothouse.registry.core.pod_rules import Surroundings
from pilothouse.registry.core.probe_validation import validate_lifecycle, validate_probes
from pilothouse.registry.core.resource_validation import container_resources
from pilothouse.registry.core.restart_validation import validate_init_restart_policy, validate_restart_policy
from pilothouse.registry.core.security_validation import validate_security_context
from pilothouse.registry.core.volume_validation import PULL_POLICIES
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    in_range,
    required_matching,
    required_one_of,
    within,
)

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESIZED = ("cpu", "memory")
_RESIZE_POLICIES = ("NotRequired", "RestartContainer")
_NEEDS_SIDECAR = "may not be set for init containers without restartPolicy=Always"
_NOT_EPHEMERAL = "cannot be set for an Ephemeral Container"
#: Fields of containers that ephemeral ones do not have, in upstream's order.
_NOT_IN_EPHEMERAL = (
    "ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe",
    "startupProbe", "lifecycle",
)


def validate_containers(containers: Sequence[Obj], pod: Surroundings) -> Errors:
    if not containers:
        return (field.required(""),)
    errors: list[Error] = []
    names: set[str] = set()
    for i, container in enumerate(containers):
        found = [*_common(container, pod), *_unique_name(container, names)]
        names.add(container.get("name") or "")  # a missing one counts, unlike among init containers
        if (lifecycle := container.get("lifecycle")) is not None:
            found += within("lifecycle", validate_lifecycle(lifecycle, pod))
        found += validate_probes(container, pod)
        found += validate_restart_policy(container)
        if found:
            errors += within(f"[{i}]", found)
    return [*errors, *unique_host_ports(containers)]


def validate_init_containers(containers: Sequence[Obj], regular: Sequence[Obj], pod: Surroundings) -> Errors:
    errors: list[Error] = []
    names = {c.get("name") or "" for c in regular}
    for i, container in enumerate(containers):
        found = [*_common(container, pod), *validate_init_restart_policy(container)]
        found += _unique_name(container, names)
        errors += within(f"[{i}]", found)
        # upstream counts from zero for each of them: kept
        errors += unique_host_ports([container])
        sidecar = container.get("restartPolicy") == "Always"
        found = [*(_sidecar if sidecar else _one_shot)(container, pod)]
        if not sidecar:
            found += _no_resize_restart(container)
        errors += within(f"[{i}]", found)
    return errors


def validate_ephemeral_containers(
    containers: Sequence[Obj], others: Sequence[Obj], pod: Surroundings
) -> Errors:
    """`others`: the containers and init containers."""
    errors: list[Error] = []
    targets = {c.get("name") or "" for c in others}
    names = set(targets)
    for i, container in enumerate(containers):
        name, target = container.get("name") or "", container.get("targetContainerName")
        found = [*_common(container, pod), *image_without_spaces(container)]
        if name in names:
            found.append(field.duplicate("name", name))
        names.add(name)
        if target and target not in targets:
            found.append(field.not_found("targetContainerName", target))
        found += [field.forbidden(key, _NOT_EPHEMERAL) for key in _NOT_IN_EPHEMERAL if _is_set(container, key)]
        for j, mount in enumerate(container.get("volumeMounts") or ()):
            for key in ("subPath", "subPathExpr"):
                if mount.get(key):
                    found.append(field.forbidden(f"volumeMounts[{j}].{key}", _NOT_EPHEMERAL))
        errors += within(f"[{i}]", found)
    return errors


def _is_set(container: Obj, key: str) -> bool:
    """Empty values count, but for the one struct that Go does not hold by a pointer."""
    value = container.get(key)
    return bool(value) if key == "resources" else value is not None


def image_without_spaces(container: Obj) -> Errors:
    """Only pods mind; templates may be filled in."""
    image = container.get("image") or ""
    if image == image.strip():
        return NONE
    return (field.invalid("image", image, "must not have leading or trailing whitespace"),)


def unique_host_ports(containers: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    seen: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort")
            if number:
                key = f"{port.get('protocol') or ''}/{port.get('hostIP') or ''}/{number}"
                if key in seen:
                    errors.append(field.duplicate(f"[{i}].ports[{j}].hostPort", key))
                seen.add(key)
    return errors


def _unique_name(container: Obj, names: set[str]) -> Errors:
    name = container.get("name") or ""
    if name in names:
        return (field.duplicate("name", name),)
    if name:
        names.add(name)
    return NONE


def _common(container: Obj, pod: Surroundings) -> list[Error]:
    """What all three sorts of containers have in common."""
    errors = [*required_matching(container, "name", is_dns1123_label)]
    if not container.get("image"):
        errors.append(field.required("image"))
    errors += required_one_of(container, "terminationMessagePolicy", _MESSAGE_POLICIES)
    if ports := container.get("ports"):
        errors += within("ports", _ports(ports))
    errors += each(container, "env", variable)
    if env_from := container.get("envFrom"):
        errors += within("envFrom", validate_env_from(env_from))
    if mounts := container.get("volumeMounts"):
        errors += within("volumeMounts", validate_mounts(mounts, container, pod.volumes))
    if devices := container.get("volumeDevices"):
        errors += within("volumeDevices", validate_devices(devices, container, pod.volumes))
    errors += required_one_of(container, "imagePullPolicy", PULL_POLICIES)
    if resources := container.get("resources"):
        errors += within("resources", container_resources(resources, pod.claims, pod.rules))
    if policies := container.get("resizePolicy"):
        errors += within("resizePolicy", _resize_policies(policies, pod.restart_policy))
    if (context := container.get("securityContext")) is not None:
        errors += within("securityContext", validate_security_context(context, pod))
    return errors


def _ports(ports: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    names: set[str] = set()
    for i, port in enumerate(ports):
        found = [*_port_name(port, names)]
        if not port.get("containerPort"):
            found.append(field.required("containerPort"))
        else:
            found += in_range(port, "containerPort", 1, 65535)
        if port.get("hostPort"):
            found += in_range(port, "hostPort", 1, 65535)
        found += required_one_of(port, "protocol", _PROTOCOLS)
        if found:
            errors += within(f"[{i}]", found)
    return errors


def _port_name(port: Obj, names: set[str]) -> Errors:
    name = port.get("name")
    if not name:
        return NONE
    if texts := is_port_name(name):
        return [field.invalid("name", name, text) for text in texts]
    if name in names:
        return (field.duplicate("name", name),)
    names.add(name)
    return NONE


def _resize_policies(policies: Sequence[Obj], restart_policy: str) -> Errors:
    """Upstream says most of it of the list: kept."""
    errors: list[Error] = []
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        resource, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if resource in seen:
            errors.append(field.duplicate(f"[{i}]", resource))
        seen.add(resource)
        for value, known in ((resource, _RESIZED), (restart, _RESIZE_POLICIES)):
            if not value:
                errors.append(field.required(""))
            elif value not in known:
                errors.append(field.not_supported("", value, known))
        if restart_policy == "Never" and restart != "NotRequired":
            text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            errors.append(field.invalid("", restart, text))
    return errors


def _sidecar(container: Obj, pod: Surroundings) -> Errors:
    errors: list[Error] = []
    if (lifecycle := container.get("lifecycle")) is not None:
        errors += within("lifecycle", validate_lifecycle(lifecycle, pod))
    return [*errors, *validate_probes(container, pod)]


def _one_shot(container: Obj, pod: Surroundings) -> Errors:
    names = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
    return [field.forbidden(name, _NEEDS_SIDECAR) for name in names if container.get(name) is not None]


def _no_resize_restart(container: Obj) -> Errors:
    text = "must not be set to 'RestartContainer' for non-sidecar initContainers"
    return [
        field.invalid(f"resizePolicy[{j}].restartPolicy", "RestartContainer", text)
        for j, policy in enumerate(container.get("resizePolicy") or ())
        if policy.get("restartPolicy") == "RestartContainer"
    ]
