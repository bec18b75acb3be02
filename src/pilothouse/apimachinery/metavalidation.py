"""Validation of object metadata (upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go).

Called for every write: each check looks first at what is there, and builds paths and texts only for errors.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pilothouse.apimachinery import field, validation
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.meta import FINALIZER_FOREGROUND, FINALIZER_ORPHAN
from pilothouse.apimachinery.names import NameValidator, is_dns_label

IMMUTABLE = "field is immutable"
TOTAL_ANNOTATION_SIZE_LIMIT = 256 * 1024
FIELD_MANAGER_MAX_LENGTH = 128
_SUBRESOURCE_MAX_LENGTH = 256
_STANDARD_FINALIZERS = frozenset({"kubernetes", FINALIZER_ORPHAN, FINALIZER_FOREGROUND})
_BANNED_OWNERS = frozenset({GroupVersionKind("", "v1", "Event")})
_IMMUTABLE_KEYS = (
    ("name", ""), ("namespace", ""), ("uid", ""), ("creationTimestamp", None),
    ("deletionTimestamp", None), ("deletionGracePeriodSeconds", None),
)


def validate(
    metadata: Mapping[str, Any], namespaced: bool, name_validator: NameValidator, path: str = "metadata"
) -> list[field.Error]:
    """An object's metadata as it is to be stored, its name already generated (ValidateObjectMeta)."""
    errors: list[field.Error] = []
    if base := metadata.get("generateName"):
        at = f"{path}.generateName"
        errors.extend(field.invalid(at, base, text) for text in name_validator(base, True))
    if name := metadata.get("name"):
        if texts := name_validator(name, False):
            errors.extend(field.invalid(f"{path}.name", name, text) for text in texts)
    else:
        errors.append(field.required(f"{path}.name", "name or generateName is required"))
    namespace = metadata.get("namespace")
    if namespaced:
        if not namespace:
            errors.append(field.required(f"{path}.namespace"))
        elif texts := is_dns_label(namespace):
            errors.extend(field.invalid(f"{path}.namespace", namespace, text) for text in texts)
    elif namespace:
        errors.append(field.forbidden(f"{path}.namespace", "not allowed on this type"))
    if (generation := metadata.get("generation") or 0) < 0:
        text = "must be greater than or equal to 0"
        errors.append(field.invalid(f"{path}.generation", generation, text))
    if labels := metadata.get("labels"):
        errors.extend(validate_labels(labels, f"{path}.labels"))
    if annotations := metadata.get("annotations"):
        errors.extend(validate_annotations(annotations, f"{path}.annotations"))
    if owners := metadata.get("ownerReferences"):
        errors.extend(validate_owner_references(owners, f"{path}.ownerReferences"))
    if finalizers := metadata.get("finalizers"):
        errors.extend(validate_finalizers(finalizers, f"{path}.finalizers"))
    if managed := metadata.get("managedFields"):
        errors.extend(validate_managed_fields(managed, f"{path}.managedFields"))
    return errors


def validate_update(
    new: Mapping[str, Any], old: Mapping[str, Any], path: str = "metadata"
) -> list[field.Error]:
    """What an update may not change (ValidateObjectMetaUpdate)."""
    errors: list[field.Error] = []
    if old.get("deletionTimestamp") is not None:
        extra = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if extra:
            listed = ", ".join(map(field.go_quote, extra))
            errors.append(field.forbidden(
                f"{path}.finalizers",
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}",
            ))
    if not new.get("resourceVersion"):
        errors.append(field.invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if (generation := new.get("generation") or 0) < (old.get("generation") or 0):
        errors.append(field.invalid(f"{path}.generation", generation, "must not be decremented"))
    for name, zero in _IMMUTABLE_KEYS:
        value = new.get(name, zero)
        if value != old.get(name, zero):
            errors.append(field.invalid(f"{path}.{name}", value, IMMUTABLE))
    if labels := new.get("labels"):
        errors.extend(validate_labels(labels, f"{path}.labels"))
    if annotations := new.get("annotations"):
        errors.extend(validate_annotations(annotations, f"{path}.annotations"))
    if owners := new.get("ownerReferences"):
        errors.extend(validate_owner_references(owners, f"{path}.ownerReferences"))
    if managed := new.get("managedFields"):
        errors.extend(validate_managed_fields(managed, f"{path}.managedFields"))
    return errors


def validate_label_name(name: str, path: str) -> list[field.Error]:
    return [field.invalid(path, name, text) for text in validation.is_qualified_name(name)]


def validate_labels(labels: Mapping[str, str], path: str) -> list[field.Error]:
    errors: list[field.Error] = []
    for k, v in labels.items():
        if texts := validation.is_label_key(k):
            errors.extend(field.invalid(path, k, text) for text in texts)
        if texts := validation.is_label_value(v):
            errors.extend(field.invalid(path, v, text) for text in texts)
    return errors


def validate_label_selector(selector: Mapping[str, Any], path: str) -> list[field.Error]:
    """A metav1.LabelSelector in an object (upstream: pkg/apis/meta/v1/validation, ValidateLabelSelector)."""
    errors = validate_labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for i, requirement in enumerate(selector.get("matchExpressions") or ()):
        errors.extend(_validate_requirement(requirement, f"{path}.matchExpressions[{i}]"))
    return errors


def _validate_requirement(requirement: Mapping[str, Any], path: str) -> list[field.Error]:
    errors: list[field.Error] = []
    values = requirement.get("values") or ()
    match requirement.get("operator") or "":
        case "In" | "NotIn":
            if not values:
                text = "must be specified when `operator` is 'In' or 'NotIn'"
                errors.append(field.required(f"{path}.values", text))
        case "Exists" | "DoesNotExist":
            if values:
                text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(field.forbidden(f"{path}.values", text))
        case operator:
            errors.append(field.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    errors.extend(validate_label_name(requirement.get("key") or "", f"{path}.key"))
    for i, value in enumerate(values):
        errors.extend(field.invalid(f"{path}.values[{i}]", value, text) for text in validation.is_label_value(value))
    return errors


def validate_annotations(annotations: Mapping[str, str], path: str) -> list[field.Error]:
    errors: list[field.Error] = []
    total = 0
    for k, v in annotations.items():
        total += validation.byte_length(k) + validation.byte_length(v)
        if texts := validation.is_qualified_name(k.lower()):
            errors.extend(field.invalid(path, k, text) for text in texts)
    if total > TOTAL_ANNOTATION_SIZE_LIMIT:
        errors.append(field.too_long(path, TOTAL_ANNOTATION_SIZE_LIMIT))
    return errors


def validate_owner_references(owners: Sequence[Mapping[str, Any]], path: str) -> list[field.Error]:
    """Upstream gives these paths without an index: kept."""
    errors: list[field.Error] = []
    controller = ""
    for owner in owners:
        errors.extend(_validate_owner_reference(owner, path))
        if not owner.get("controller"):
            continue
        this = f"{owner.get('kind', '')}/{owner.get('name', '')}"
        if controller:
            errors.append(field.invalid(
                path, list(owners),
                'Only one reference can have Controller set to true. Found "true" in references for '
                f"{controller} and {this}",
            ))
        else:
            controller = this
    return errors


def _validate_owner_reference(owner: Mapping[str, Any], path: str) -> list[field.Error]:
    errors: list[field.Error] = []
    api_version = owner.get("apiVersion") or ""
    # schema.FromAPIVersionAndKind: what cannot be parsed has no version
    group, _, version = api_version.rpartition("/")
    if "/" in group:
        group, version = "", ""
    if not version:
        errors.append(field.invalid(f"{path}.apiVersion", api_version, "version must not be empty"))
    for name in ("kind", "name", "uid"):
        if not owner.get(name):
            errors.append(field.invalid(f"{path}.{name}", "", "must not be empty"))
    gvk = GroupVersionKind(group, version, owner.get("kind") or "")
    if gvk in _BANNED_OWNERS:
        errors.append(field.invalid(path, owner, f"{gvk} is disallowed from being an owner"))
    return errors


def validate_finalizers(finalizers: Sequence[str], path: str) -> list[field.Error]:
    errors = [
        field.invalid(path, finalizer, text)
        for finalizer in finalizers for text in validation.is_qualified_name(finalizer)
    ]
    if FINALIZER_ORPHAN in finalizers and FINALIZER_FOREGROUND in finalizers:
        text = f"finalizer {FINALIZER_ORPHAN} and {FINALIZER_FOREGROUND} cannot be both set"
        errors.append(field.invalid(path, list(finalizers), text))
    return errors


def validate_qualified_finalizers(finalizers: Sequence[str], path: str) -> list[field.Error]:
    """What built-in kinds ask of finalizers on top (upstream: core/validation, validateKubeFinalizerName)."""
    return [
        field.invalid(
            field.index(path, i), name, "name is neither a standard finalizer name nor is it fully qualified"
        )
        for i, name in enumerate(finalizers) if "/" not in name and name not in _STANDARD_FINALIZERS
    ]


def validate_field_manager(manager: str, path: str) -> list[field.Error]:
    errors: list[field.Error] = []
    if validation.byte_length(manager) > FIELD_MANAGER_MAX_LENGTH:
        errors.append(field.too_long(path, FIELD_MANAGER_MAX_LENGTH))
    if not manager.isprintable():
        at = 0
        for c in manager:
            if not c.isprintable():
                text = f"invalid character U+{ord(c):04X} (at position {at})"
                errors.append(field.invalid(path, manager, text))
            at += validation.byte_length(c)
    return errors


def validate_managed_fields(entries: Sequence[Mapping[str, Any]], path: str) -> list[field.Error]:
    errors: list[field.Error] = []
    for i, entry in enumerate(entries):
        if entry.get("operation") not in ("Apply", "Update"):
            at = f"{path}[{i}].operation"
            errors.append(field.invalid(at, entry.get("operation") or "", "must be `Apply` or `Update`"))
        if entry.get("fieldsType") not in (None, "", "FieldsV1"):
            at = f"{path}[{i}].fieldsType"
            errors.append(field.invalid(at, entry["fieldsType"], "must be `FieldsV1`"))
        if manager := entry.get("manager"):
            errors.extend(validate_field_manager(manager, f"{path}[{i}].manager"))
        if validation.byte_length(entry.get("subresource") or "") > _SUBRESOURCE_MAX_LENGTH:
            errors.append(field.too_long(
                f"{path}[{i}].subresource", _SUBRESOURCE_MAX_LENGTH
            ))
    return errors
