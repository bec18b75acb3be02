"""Validation of claim specs (upstream: core/validation ValidatePersistentVolumeClaimSpec)."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import validate_annotations, validate_labels
from pilothouse.apimachinery.validation import is_dns1123_label, is_dns1123_subdomain
from pilothouse.registry.core.amounts import is_positive_amount
from pilothouse.registry.rules import (
    NO_FIELDS,
    Errors,
    Obj,
    label_selector_after,
    matching,
    member,
    one_of,
    required,
    within,
)

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
_STORAGE = "resources[storage]"
#: Fields of metadata in upstream's order, with the names that upstream makes of Go's.
_NOT_IN_TEMPLATES = (
    ("name", "name"), ("generateName", "generateName"), ("namespace", "namespace"), ("selfLink", "selfLink"),
    ("uid", "uID"), ("resourceVersion", "resourceVersion"), ("generation", "generation"),
    ("creationTimestamp", "creationTimestamp"), ("deletionTimestamp", "deletionTimestamp"),
    ("deletionGracePeriodSeconds", "deletionGracePeriodSeconds"), ("ownerReferences", "ownerReferences"),
    ("finalizers", "finalizers"), ("managedFields", "managedFields"),
)


def validate_claim_template(template: Obj) -> Errors:
    """A claim that is made for each pod."""
    return [*plain_metadata(template), *within("spec", validate_claim_spec(template.get("spec") or {}))]


def plain_metadata(template: Obj) -> Errors:
    """The metadata of an object that is not one yet: it may have labels and annotations only."""
    metadata = template.get("metadata") or {}
    errors: list[Error] = []
    if annotations := metadata.get("annotations"):
        errors += validate_annotations(annotations, "metadata.annotations")
    if labels := metadata.get("labels"):
        errors += validate_labels(labels, "metadata.labels")
    for name, shown in _NOT_IN_TEMPLATES:
        if metadata.get(name) is not None:
            errors.append(field.forbidden(f"metadata.{shown}", "cannot be set"))
    return errors


def validate_claim_spec(spec: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored spec: malformed label values in its selector may stay, and so may groups of its source."""
    before = old or NO_FIELDS
    any_api_group = any(
        (before.get(name) or NO_FIELDS).get("apiGroup") is not None for name in ("dataSource", "dataSourceRef")
    )
    errors = [*required(spec, "accessModes", "at least 1 access mode is required")]
    errors += member(spec, "selector", label_selector_after(before.get("selector")))
    errors += access_modes(spec.get("accessModes") or ())
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        errors.append(field.required(_STORAGE))
    else:
        errors += [field.invalid(_STORAGE, storage, text) for text in is_positive_amount(storage)]
    if spec.get("storageClassName"):
        errors += matching(spec, "storageClassName", is_dns1123_subdomain)
    if spec.get("volumeMode") is not None:
        errors += one_of(spec, "volumeMode", VOLUME_MODES)
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None:
        errors += within("dataSource", _data_source(source, any_api_group))
    if reference is not None:
        errors += within("dataSourceRef", _data_source_ref(reference, any_api_group))
    errors += _sources_agree(source, reference)
    if spec.get("volumeAttributesClassName"):
        errors += matching(spec, "volumeAttributesClassName", is_dns1123_subdomain)
    return errors


def access_modes(modes: Sequence[str]) -> Errors:
    """The errors stand at "accessModes"."""
    errors: list[Error] = []
    for mode in modes:
        if mode not in ACCESS_MODES:
            errors.append(field.not_supported("accessModes", mode, ACCESS_MODES))
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        errors.append(field.forbidden("accessModes", "may not use ReadWriteOncePod with other access modes"))
    return errors


def _data_source(source: Obj, any_api_group: bool) -> Errors:
    errors = [*required(source, "name"), *required(source, "kind")]
    group, kind = source.get("apiGroup") or "", source.get("kind") or ""
    if not group and kind != "PersistentVolumeClaim":
        text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(field.invalid("", kind, text))
    if group and not any_api_group:
        errors += matching(source, "apiGroup", is_dns1123_subdomain)
    return errors


def _data_source_ref(reference: Obj, any_api_group: bool) -> Errors:
    errors = _data_source(reference, any_api_group)
    if reference.get("namespace"):
        errors = [*errors, *matching(reference, "namespace", is_dns1123_label)]
    return errors


def _sources_agree(source: Obj | None, reference: Obj | None) -> Errors:
    """The two ways to say where the data comes from; upstream shows an empty path object: kept."""
    if source is None or reference is None:
        return ()
    if reference.get("namespace"):
        return (field.invalid("", {}, "may not be specified when dataSourceRef.namespace is specified"),)
    same = all(source.get(key) == reference.get(key) for key in ("apiGroup", "kind", "name"))
    return () if same else (field.invalid("", {}, "must match dataSourceRef"),)
