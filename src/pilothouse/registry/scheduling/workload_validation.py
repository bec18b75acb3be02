"""Validation of workloads and pod groups (upstream: pkg/apis/scheduling/v1alpha2/zz_generated.validations.go, made from
the API's declarations; what did not change is not looked at).

Fields behind gates that are off (constraints, claims, priorities) have been dropped before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.equality import same_or_empty
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.names import is_path_segment
from pilothouse.apimachinery.validation import is_dns1123_label, is_dns1123_subdomain
from pilothouse.registry.conditions import validate_conditions
from pilothouse.registry.rules import (
    NO_FIELDS,
    NONE,
    Errors,
    Obj,
    each,
    matching,
    member,
    required_matching,
    within,
)

if TYPE_CHECKING:
    from pilothouse.apimachinery.field import Error

_MOST_TEMPLATES: Final = 8
_POLICIES: Final = ("basic", "gang")


def validate_workload(workload: Obj, old: Obj | None = None) -> Errors:
    spec, before = workload.get("spec") or NO_FIELDS, None if old is None else old.get("spec") or NO_FIELDS
    if before is None:
        errors = [*member(spec, "controllerRef", _controller), *_templates(spec)]
    else:
        errors = [*_kept(spec, before, "controllerRef"), *_kept(spec, before, "podGroupTemplates")]
        if not same_or_empty(spec.get("podGroupTemplates"), before.get("podGroupTemplates")):
            errors += _count(spec)
    return within("spec", errors)


def _kept(spec: Obj, before: Obj, name: str) -> Errors:
    """An immutable field; upstream shows no value."""
    return NONE if same_or_empty(spec.get(name), before.get(name)) else (field.invalid(name, None, IMMUTABLE),)


def _controller(reference: Obj) -> Errors:
    group = matching(reference, "apiGroup", is_dns1123_subdomain) if reference.get("apiGroup") else NONE
    return [
        *group, *required_matching(reference, "kind", is_path_segment),
        *required_matching(reference, "name", is_path_segment),
    ]


def _count(spec: Obj) -> Errors:
    templates = spec.get("podGroupTemplates") or ()
    if not templates:
        return (field.required("podGroupTemplates"),)
    if len(templates) > _MOST_TEMPLATES:
        return (field.too_many("podGroupTemplates", len(templates), _MOST_TEMPLATES),)
    return NONE


def _templates(spec: Obj) -> Errors:
    if errors := _count(spec):
        return errors
    repeated: list[Error] = []
    seen: set[str] = set()
    for i, template in enumerate(spec["podGroupTemplates"]):
        name = template.get("name") or ""
        if name in seen:
            repeated.append(field.duplicate(f"podGroupTemplates[{i}]", template))
        seen.add(name)
    return [*repeated, *each(spec, "podGroupTemplates", _template)]


def _template(template: Obj) -> Errors:
    return [*required_matching(template, "name", is_dns1123_label), *_policy(template)]


def _policy(holder: Obj) -> Errors:
    """One of the ways in which the pods of a group are scheduled."""
    policy = holder.get("schedulingPolicy") or NO_FIELDS
    errors = [*_one_of(policy, _POLICIES)]
    if (gang := policy.get("gang")) is not None:
        count = gang.get("minCount") or 0
        if not count:
            errors.append(field.required("gang.minCount"))
        elif count < 1:
            errors.append(field.invalid("gang.minCount", count, "must be greater than or equal to 1"))
    return within("schedulingPolicy", errors)


def _one_of(holder: Obj, names: tuple[str, ...]) -> Errors:
    """Exactly one of these fields is set."""
    given = [name for name in names if holder.get(name) is not None]
    listed = ", ".join(f"`{name}`" for name in names)
    if not given:
        return (field.invalid("", "", f"must specify one of: {listed}"),)
    if len(given) > 1:
        return (field.invalid("", f"{{{', '.join(given)}}}", f"must specify exactly one of: {listed}"),)
    return NONE


def validate_pod_group(group: Obj) -> Errors:
    spec = group.get("spec") or NO_FIELDS
    return within("spec", [*member(spec, "podGroupTemplateRef", _template_reference), *_policy(spec)])


def _template_reference(reference: Obj) -> Errors:
    return [*_one_of(reference, ("workload",)), *member(reference, "workload", _workload_reference)]


def _workload_reference(reference: Obj) -> Errors:
    return [
        *required_matching(reference, "workloadName", is_dns1123_subdomain),
        *required_matching(reference, "podGroupTemplateName", is_dns1123_label),
    ]


def validate_pod_group_update(group: Obj, old: Obj) -> Errors:
    spec, before = group.get("spec") or NO_FIELDS, old.get("spec") or NO_FIELDS
    errors = [*_kept(spec, before, "podGroupTemplateRef"), *_kept(spec, before, "schedulingPolicy")]
    if spec.get("disruptionMode") != before.get("disruptionMode"):
        # its gate is off, and what every group has by default may stay
        errors.append(field.forbidden("disruptionMode", ""))
    return within("spec", errors)


def validate_pod_group_status(group: Obj) -> Errors:
    return within("status", validate_conditions(group.get("status") or NO_FIELDS))
