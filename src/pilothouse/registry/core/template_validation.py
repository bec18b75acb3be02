"""Validation of pod templates and what is made from them (upstream: core/validation ValidatePodTemplateSpec)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.labels import Selector, SelectorError, from_label_selector, from_set
from pilothouse.apimachinery.metavalidation import validate_annotations, validate_labels
from pilothouse.registry.core.pod_annotation_validation import validate_pod_annotations, validate_profiles_match
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_spec_validation import validate_pod_spec
from pilothouse.registry.rules import NONE, Errors, Obj, non_negative, within

_LABELS_DIFFER = "`selector` does not match template `labels`"


def validate_template(template: Obj, rules: PodRules) -> Errors:
    """A PodTemplateSpec. Upstream says labels and annotations of the template, not of its metadata: kept."""
    errors = [*validate_template_metadata(template, rules)]
    spec = template.get("spec") or {}
    errors += within("spec", validate_pod_spec(spec, None, rules))
    if annotations := _annotations(template):
        errors += within("spec", validate_profiles_match(annotations, spec))
    if spec.get("ephemeralContainers"):
        text = "ephemeral containers not allowed in pod template"
        errors.append(field.forbidden("spec.ephemeralContainers", text))
    return errors


def validate_template_metadata(template: Obj, rules: PodRules) -> Errors:
    errors: list[Error] = []
    if labels := template_labels(template):
        errors += validate_labels(labels, "labels")
    if annotations := _annotations(template):
        errors += validate_annotations(annotations, "annotations")
        found = validate_pod_annotations(annotations, template.get("spec") or {}, rules)
        errors += within("annotations", found)
    return errors


def template_labels(template: Obj) -> Mapping[str, str] | None:
    return (template.get("metadata") or {}).get("labels")


def _annotations(template: Obj) -> Mapping[str, str] | None:
    return (template.get("metadata") or {}).get("annotations")


def selector_of(spec: Obj) -> Selector | None:
    """spec.selector, or None if it is not a valid one. Without any, nothing is selected."""
    try:
        return from_label_selector(spec.get("selector"))
    except SelectorError:
        return None


def selects_template(selector: Selector, template: Obj, *, empty: bool = True) -> Errors:
    """The controller's selector finds the pods it makes. `empty`: a selector of everything is not looked at."""
    if empty and selector.empty:
        return NONE
    labels = template_labels(template)
    if selector.matches(labels or {}):
        return NONE
    return (field.invalid("metadata.labels", labels, _LABELS_DIFFER),)


def runs_forever(template: Obj, kind: str) -> Errors:
    """Pods of a controller that always replaces them do not end by themselves."""
    spec = template.get("spec") or {}
    errors: list[Error] = []
    policy = spec.get("restartPolicy") or ""
    if policy != "Always":
        errors.append(field.not_supported("spec.restartPolicy", policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(field.forbidden("spec.activeDeadlineSeconds", text))
    return errors


def validate_pod_template(obj: Obj, rules: PodRules) -> Errors:
    """The kind PodTemplate."""
    return within("template", validate_template(obj.get("template") or {}, rules))


# Replication controllers


def validate_replication_controller(controller: Obj, rules: PodRules) -> Errors:
    spec = controller.get("spec") or {}
    selector = spec.get("selector")
    errors = [*non_negative(spec, "minReadySeconds")]
    if not selector:
        errors.append(field.required("selector"))
    if spec.get("replicas") is None:
        errors.append(field.required("replicas"))
    errors += non_negative(spec, "replicas")
    template = spec.get("template")
    if template is None:
        errors.append(field.required("template"))
    else:
        found = [*selects_template(from_set(selector), template), *validate_template(template, rules)]
        errors += within("template", [*found, *runs_forever(template, "ReplicationController")])
    return within("spec", errors)


def validate_replication_controller_status(controller: Obj) -> Errors:
    status = controller.get("status") or {}
    counts = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    errors = [error for name in counts for error in non_negative(status, name)]
    errors += at_most_replicas(status, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"))
    return within("status", [*errors, *available_are_ready(status)])


def at_most_replicas(status: Obj, names: Sequence[str]) -> Errors:
    replicas = status.get("replicas") or 0
    text = "cannot be greater than status.replicas"
    return [
        field.invalid(name, count, text) for name in names if (count := status.get(name) or 0) > replicas
    ]


def available_are_ready(status: Obj, text: str = "cannot be greater than readyReplicas") -> Errors:
    available = status.get("availableReplicas") or 0
    if available <= (status.get("readyReplicas") or 0):
        return NONE
    return (field.invalid("availableReplicas", available, text),)


def not_decremented(status: Obj, old: Obj, name: str) -> Errors:
    """A counter of the status that only grows."""
    value, before = status.get(name), old.get(name)
    decremented = before is not None and (value is None or value < before)
    return (field.invalid(name, value or 0, "cannot be decremented"),) if decremented else NONE


def spec_of(obj: Obj) -> Any:
    return obj.get("spec") or {}
