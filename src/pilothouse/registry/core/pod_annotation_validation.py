"""Validation of annotations that mean something to pods (upstream: ValidatePodSpecificAnnotations)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.codec import json
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.numbers import whole
from pilothouse.registry.core.paths import is_descending_path
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.scheduling_validation import validate_tolerations
from pilothouse.registry.core.windows_validation import containers_with_paths
from pilothouse.registry.rules import NONE, Errors, Obj, within

Annotations = Mapping[str, str]

MIRROR_POD = "kubernetes.io/config.mirror"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_LOCALHOST = "localhost/"
_RUNTIME_DEFAULT = "runtime/default"
_UNCONFINED = "unconfined"
_SECCOMP_DEFAULTS = (_RUNTIME_DEFAULT, "docker/default")
_TYPE_DIFFERS = "{} type in annotation and field must match"
_PROFILE_DIFFERS = "{} profile in annotation and field must match"
_is_cost = re.compile("-[0-9]+|0|[1-9][0-9]*").fullmatch


def is_deletion_cost(text: str) -> bool:
    return _is_cost(text) is not None and -(2**31) <= whole(text) < 2**31


def validate_pod_annotations(annotations: Annotations, spec: Obj, rules: PodRules) -> Errors:
    """Paths begin at the annotations."""
    errors: list[Error] = []
    if MIRROR_POD in annotations and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(field.invalid(f"[{MIRROR_POD}]", annotations[MIRROR_POD], text))
    if tolerations := annotations.get(_TOLERATIONS):
        errors += _tolerations(tolerations)
    cost = annotations.get(DELETION_COST)
    if cost is not None and not rules.invalid_deletion_cost and not is_deletion_cost(cost):
        errors.append(field.invalid(f"[{DELETION_COST}]", cost, "must be a 32bit integer"))
    if SECCOMP_POD in annotations:
        errors += within(SECCOMP_POD, _seccomp(annotations[SECCOMP_POD]))
    for key, value in annotations.items():
        if key.startswith(SECCOMP_CONTAINER):
            errors += within(key, _seccomp(value))
    for key, value in annotations.items():
        if key.startswith(APP_ARMOR):
            errors += _app_armor(key, value, spec)
    return errors


def _tolerations(text: str) -> Errors:
    try:
        tolerations: Any = json.loads(text.encode())
    except json.SyntaxError as e:
        return (field.invalid("", _TOLERATIONS, str(e)),)
    if not isinstance(tolerations, list) or not all(isinstance(t, dict) for t in tolerations):
        return (field.invalid("", _TOLERATIONS, "json: cannot unmarshal into Go value of type []core.Toleration"),)
    return within(_TOLERATIONS, validate_tolerations([{k[:1].lower() + k[1:]: t[k] for k in t} for t in tolerations]))


def _seccomp(profile: str) -> Errors:
    if profile in _SECCOMP_DEFAULTS or profile == _UNCONFINED:
        return NONE
    if profile.startswith(_LOCALHOST):
        path = profile.removeprefix(_LOCALHOST)
        return [field.invalid("", path, text) for text in is_descending_path(path)]
    return (field.invalid("", profile, "must be a valid seccomp profile"),)


def _app_armor(key: str, profile: str, spec: Obj) -> Errors:
    errors: list[Error] = []
    name = key.removeprefix(APP_ARMOR)
    if all(container.get("name") != name for _, container in containers_with_paths(spec)):
        errors.append(field.invalid(f"[{key}]", name, "container not found"))
    if profile not in ("", _RUNTIME_DEFAULT, _UNCONFINED) and not profile.startswith(_LOCALHOST):
        text = f"invalid AppArmor profile name: {field.go_quote(profile)}"
        errors.append(field.invalid(f"[{key}]", profile, text))
    return errors


def validate_annotation_changes(new: Annotations, old: Annotations) -> Errors:
    """Annotations that stay as they are; `new`'s own rules are checked apart."""
    errors: list[Error] = []
    for key, value in old.items():
        if new.get(key) != value:
            if key.startswith(APP_ARMOR):
                errors.append(field.forbidden(f"[{key}]", "may not remove or update AppArmor annotations"))
            if key == MIRROR_POD:
                errors.append(field.forbidden(f"[{key}]", "may not remove or update mirror pod annotation"))
    for key in new:
        if key not in old:
            if key.startswith(APP_ARMOR):
                errors.append(field.forbidden(f"[{key}]", "may not add AppArmor annotations"))
            if key == MIRROR_POD:
                errors.append(field.forbidden(f"[{key}]", "may not add mirror pod annotation"))
    return errors


def validate_profiles_match(annotations: Annotations, spec: Obj) -> Errors:
    """What annotations and fields say of security profiles agrees. Paths begin at the spec."""
    if not any(key == SECCOMP_POD or key.startswith((SECCOMP_CONTAINER, APP_ARMOR)) for key in annotations):
        return NONE
    context = spec.get("securityContext") or {}
    at = "securityContext.seccompProfile"
    errors = [*within(at, _matches("seccomp", context.get("seccompProfile"), annotations.get(SECCOMP_POD)))]
    for at, container in containers_with_paths(spec):
        profile = (container.get("securityContext") or {}).get("seccompProfile")
        annotation = annotations.get(SECCOMP_CONTAINER + (container.get("name") or ""))
        errors += within(f"{at}.securityContext.seccompProfile", _matches("seccomp", profile, annotation))
    if (spec.get("os") or {}).get("name") == "windows":
        return errors
    for at, container in containers_with_paths(spec):
        profile = (container.get("securityContext") or {}).get("appArmorProfile") or context.get("appArmorProfile")
        annotation = annotations.get(APP_ARMOR + (container.get("name") or ""))
        errors += within(f"{at}.securityContext.appArmorProfile", _matches("apparmor", profile, annotation))
    return errors


def _matches(what: str, profile: Obj | None, annotation: str | None) -> Errors:
    if profile is None or annotation is None:
        return NONE
    kind = profile.get("type")
    if kind == "Localhost":
        if not annotation.startswith(_LOCALHOST):
            return (field.forbidden("type", _TYPE_DIFFERS.format(what)),)
        same = profile.get("localhostProfile") == annotation.removeprefix(_LOCALHOST)
        return NONE if same else (field.forbidden("localhostProfile", _PROFILE_DIFFERS.format(what)),)
    defaults = _SECCOMP_DEFAULTS if what == "seccomp" else _SECCOMP_DEFAULTS[:1]
    known = {"Unconfined": (_UNCONFINED,), "RuntimeDefault": defaults}.get(kind or "")
    if known is None or annotation in known:
        return NONE
    return (field.forbidden("type", _TYPE_DIFFERS.format(what)),)


def app_armor_profile(annotation: str) -> dict[str, str] | None:
    """The field that says what the annotation does, or None (upstream: podutil.ApparmorFieldForAnnotation)."""
    if annotation == _UNCONFINED:
        return {"type": "Unconfined"}
    if annotation == _RUNTIME_DEFAULT:
        return {"type": "RuntimeDefault"}
    local = annotation.removeprefix(_LOCALHOST)
    return {"type": "Localhost", "localhostProfile": local} if local and local != annotation else None
