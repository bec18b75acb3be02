"""Validation of pods/resize and pods/ephemeralcontainers (upstream: core/validation ValidatePodResize and …Ephemeral…).

What these subresources cannot write has been taken back before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.pod_annotation_validation import MIRROR_POD
from pilothouse.registry.core.pod_qos import qos_class
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_validation import validate_pod, validate_pod_annotation_update
from pilothouse.registry.internal import internal_diff
from pilothouse.registry.rules import Errors, Obj, within

#: The path of an error that concerns the object as a whole, as upstream prints it.
_NOWHERE = "[]"
_RESIZABLE = ("cpu", "memory")
_CONTAINERS_MUTABLE = "only cpu and memory resources are mutable"


def validate_ephemeral_containers_update(pod: Obj, old: Obj, rules: PodRules) -> Errors:
    if MIRROR_POD in (old["metadata"].get("annotations") or {}):
        return (field.forbidden(_NOWHERE, "static pods do not support ephemeral containers"),)
    errors = [*validate_pod(pod, rules), *validate_pod_annotation_update(pod, old, rules)]
    containers = {c.get("name"): c for c in (pod.get("spec") or {}).get("ephemeralContainers") or ()}
    at = "spec.ephemeralContainers"
    for before in (old.get("spec") or {}).get("ephemeralContainers") or ():
        name = field.go_quote(before.get("name") or "")
        now = containers.get(before.get("name"))
        if now is None:
            errors.append(field.forbidden(at, f"existing ephemeral containers {name} may not be removed\n"))
        elif now != before:
            diff = internal_diff("core.EphemeralContainer", before, now)
            text = f"existing ephemeral containers {name} may not be changed\n{diff}"
            errors.append(field.forbidden(at, text))
    return errors


def validate_pod_resize(pod: Obj, old: Obj, rules: PodRules) -> Errors:
    spec, before = pod.get("spec") or {}, old.get("spec") or {}
    if MIRROR_POD in (old["metadata"].get("annotations") or {}):
        return (field.forbidden(_NOWHERE, "static pods cannot be resized"),)
    if (before.get("os") or {}).get("name") == "windows":
        return (field.forbidden(_NOWHERE, "windows pods cannot be resized"),)
    errors = [*validate_pod(pod, rules), *within("spec", _as_a_whole(spec, before, old.get("status") or {}))]
    rest = dict(spec)
    if _is_set(spec) or _is_set(before):
        errors += within("spec", _pod_level(rest, before))
    if misplaced := _ordering(spec, before):
        return [*errors, *within("spec", misplaced)]
    for name in ("initContainers", "containers"):
        errors += within("spec", _removed_resources(spec, before, name))
    errors += within("spec", _other_changes(rest, before))
    if errors:
        return errors
    return [] if rest == before else [field.forbidden("spec", _CONTAINERS_MUTABLE)]


def _as_a_whole(spec: Obj, before: Obj, status: Obj) -> Errors:
    errors: list[Error] = []
    old_class = status.get("qosClass") or qos_class(before)
    if old_class != qos_class(spec):
        text = "Pod QOS Class may not change as a result of resizing"
        errors.append(field.invalid("", status.get("qosClass") or "", text))
    running = (s for s in status.get("containerStatuses") or () if (s.get("state") or {}).get("running") is not None)
    first = next(running, None)
    if first is not None and first.get("resources") is None:
        errors.append(field.forbidden("", "Pod running on node without support for resize"))
    return errors


def _is_set(spec: Obj) -> bool:
    resources = spec.get("resources") or {}
    return bool(resources.get("requests") or resources.get("limits"))


def _pod_level(rest: dict[str, Any], before: Obj) -> Errors:
    """The pod's own resources; takes what may change out of `rest`."""
    resources, old = rest.get("resources"), before.get("resources")
    if old is not None and resources is None:
        return (field.forbidden("resources", "pod-level resources cannot be removed"),)
    errors: list[Error] = []
    for what in ("requests", "limits") if old is not None else ():
        if _removed(resources or {}, old or {}, what):
            errors.append(field.forbidden(f"resources.{what}", f"pod-level resource {what} cannot be removed"))
    kept = _without_resizable(resources or {}, old or {})
    if old is None and not any(kept.get(what) for what in ("requests", "limits", "claims")):
        rest.pop("resources", None)
    else:
        rest["resources"] = kept
    if rest.get("resources") != old:
        errors.append(field.forbidden("", "only cpu and memory resources are mutable at pod-level"))
    return errors


def _ordering(spec: Obj, before: Obj) -> Errors:
    errors: list[Error] = []
    for name in ("containers", "initContainers"):
        new, old = spec.get(name) or (), before.get(name) or ()
        if len(new) != len(old):
            errors.append(field.forbidden(name, f"{name} may not be added or removed on resize"))
            continue
        errors += [
            field.forbidden(f"{name}[{i}].name", f"{name} may not be renamed or reordered on resize")
            for i, (container, was) in enumerate(zip(new, old, strict=True))
            if container.get("name") != was.get("name")
        ]
    return errors


def _removed_resources(spec: Obj, before: Obj, name: str) -> Errors:
    errors: list[Error] = []
    for i, (container, was) in enumerate(zip(spec.get(name) or (), before.get(name) or (), strict=True)):
        resources, old = container.get("resources") or {}, was.get("resources") or {}
        errors += [
            field.forbidden(f"{name}[{i}].resources.{what}", f"resource {what} cannot be removed")
            for what in ("requests", "limits")
            if _removed(resources, old, what)
        ]
    return errors


def _removed(resources: Obj, old: Obj, what: str) -> bool:
    return not (old.get(what) or {}).keys() <= (resources.get(what) or {}).keys()


def _other_changes(rest: dict[str, Any], before: Obj) -> Errors:
    """Changes of containers beyond their CPU and memory; takes those two out of `rest`."""
    errors: list[Error] = []
    containers = []
    for container, was in zip(rest.get("containers") or (), before.get("containers") or (), strict=True):
        kept = _container_without_resizable(container, was)
        if kept != was:
            errors.append(field.forbidden("", _CONTAINERS_MUTABLE))
        containers.append(kept)
    rest["containers"] = containers
    initial = []
    pairs = zip(rest.get("initContainers") or (), before.get("initContainers") or (), strict=True)
    for i, (container, was) in enumerate(pairs):
        kept = _container_without_resizable(container, was)
        if kept != was:
            text = "only cpu and memory resources for init or sidecar containers are mutable"
            errors.append(field.forbidden(f"initContainers[{i}]", text))
        if container != was and container.get("restartPolicy") != "Always":
            text = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            policies = (p.get("restartPolicy") for p in container.get("resizePolicy") or ())
            errors += [field.forbidden(f"initContainers[{i}]", text) for p in policies if p == "RestartContainer"]
        initial.append(kept)
    if initial:
        rest["initContainers"] = initial
    return errors


def _container_without_resizable(container: Obj, was: Obj) -> dict[str, Any]:
    # upstream rebuilds the resources without their claims: kept
    resources = _without_resizable(container.get("resources") or {}, was.get("resources") or {})
    resources.pop("claims", None)
    return {**container, "resources": resources}


def _without_resizable(resources: Obj, old: Obj) -> dict[str, Any]:
    """The resources with the old CPU and memory."""
    out: dict[str, Any] = {k: v for k, v in resources.items() if k not in ("limits", "requests")}
    for what in ("limits", "requests"):
        amounts: Mapping[str, str] = resources.get(what) or {}
        before: Mapping[str, str] = old.get(what) or {}
        kept = {k: v for k, v in amounts.items() if k not in _RESIZABLE}
        kept |= {k: before[k] for k in _RESIZABLE if k in before}
        if kept:
            out[what] = dict(sorted(kept.items()))
    return out
