"""Validation of volume mounts and devices (upstream: core/validation ValidateVolumeMounts, ValidateVolumeDevices)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.paths import is_descending_path, is_without_backsteps
from pilothouse.registry.rules import Errors, Obj, matching, one_of

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE_READ_ONLY = ("Disabled", "Enabled", "IfPossible")


def validate_mounts(mounts: Sequence[Obj], container: Obj, volumes: Mapping[str, Obj]) -> Errors:
    """Paths begin at the list. Some rules upstream says of the list as a whole: kept."""
    devices = {d.get("name") or "": d.get("devicePath") or "" for d in container.get("volumeDevices") or ()}
    device_paths = set(devices.values())
    errors: list[Error] = []
    seen: set[str] = set()
    for i, mount in enumerate(mounts):
        name, path = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            errors.append(field.required(f"[{i}].name"))
        if name not in volumes:
            errors.append(field.not_found(f"[{i}].name", name))
        if not path:
            errors.append(field.required(f"[{i}].mountPath"))
        if path in seen:
            errors.append(field.invalid(f"[{i}].mountPath", path, "must be unique"))
        seen.add(path)
        if devices:
            if name in devices:
                errors.append(field.invalid(f"[{i}].name", name, "must not already exist in volumeDevices"))
            if path in device_paths:
                text = "must not already exist as a path in volumeDevices"
                errors.append(field.invalid(f"[{i}].mountPath", path, text))
        if len(mount) > 2:
            errors += _options(i, mount, container)
    return errors


def _options(i: int, mount: Obj, container: Obj) -> Errors:
    errors: list[Error] = []
    sub_path, expression = mount.get("subPath"), mount.get("subPathExpr")
    if sub_path:
        errors += matching(mount, "subPath", is_descending_path)
    if expression:
        if sub_path:
            text = "subPathExpr and subPath are mutually exclusive"
            errors.append(field.invalid(f"[{i}].subPathExpr", expression, text))
        errors += matching(mount, "subPathExpr", is_descending_path)
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        errors += one_of(mount, "mountPropagation", _PROPAGATIONS)
        if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
            text = "Bidirectional mount propagation is available only to privileged containers"
            errors.append(field.forbidden("mountPropagation", text))
    return [*errors, *_recursive_read_only(mount, propagation)]


def _recursive_read_only(mount: Obj, propagation: str | None) -> Errors:
    value = mount.get("recursiveReadOnly")
    if value in (None, "Disabled"):
        return ()
    if value not in _RECURSIVE_READ_ONLY:
        return (field.not_supported("recursiveReadOnly", value, _RECURSIVE_READ_ONLY),)
    errors: list[Error] = []
    if not mount.get("readOnly"):
        errors.append(field.forbidden("recursiveReadOnly", "may only be specified when readOnly is true"))
    if propagation not in (None, "None"):
        text = "may only be specified when mountPropagation is None or not specified"
        errors.append(field.forbidden("recursiveReadOnly", text))
    return errors


def validate_devices(devices: Sequence[Obj], container: Obj, volumes: Mapping[str, Obj]) -> Errors:
    """Block devices: only claims can be used as such. Paths begin at the list."""
    mounts = {m.get("name") or "": m.get("mountPath") or "" for m in container.get("volumeMounts") or ()}
    mount_paths = set(mounts.values())
    errors: list[Error] = []
    names: set[str] = set()
    paths: set[str] = set()
    for i, device in enumerate(devices):
        name, path = device.get("name") or "", device.get("devicePath") or ""
        at_name, at_path = f"[{i}].name", f"[{i}].devicePath"
        volume = volumes.get(name)
        if not name:
            errors.append(field.required(at_name))
        if name in names:
            errors.append(field.invalid(at_name, name, "must be unique"))
        if volume is None:
            errors.append(field.not_found(at_name, name))
        elif "persistentVolumeClaim" not in volume and "ephemeral" not in volume:
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(field.invalid(at_name, name, text))
        if not path:
            errors.append(field.required(at_path))
        if path in paths:
            errors.append(field.invalid(at_path, path, "must be unique"))
        if is_without_backsteps(path):
            errors.append(field.invalid(at_path, path, "can not contain backsteps ('..')"))
        else:
            paths.add(path)
        if name in mounts:
            errors.append(field.invalid(at_name, name, "must not already exist in volumeMounts"))
        if path in mount_paths:
            errors.append(field.invalid(at_path, path, "must not already exist as a path in volumeMounts"))
        if name:
            names.add(name)
    return errors
