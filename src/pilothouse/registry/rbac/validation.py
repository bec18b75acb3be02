"""Validation of roles and their bindings (upstream: pkg/apis/rbac/validation)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1123_subdomain, is_path_segment_name
from pilothouse.registry.rbac.defaults import GROUP
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    go_struct,
    label_selector,
    matching,
    member,
    one_of,
    required,
    required_matching,
    within,
)

_ROLES: Final = ("Role", "ClusterRole")
_CLUSTER_ROLES: Final = ("ClusterRole",)
_SUBJECTS: Final = ("ServiceAccount", "User", "Group")


def validate_role(role: Obj) -> Errors:
    return each(role, "rules", _validate_namespaced_rule)


def validate_cluster_role(role: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored role: wrong label values may stay once it has some."""
    lenient = old is not None and bool(member(old, "aggregationRule", _check_selectors))
    errors = each(role, "rules", _validate_rule)
    rule = role.get("aggregationRule")
    if rule is None:
        return errors
    if not rule.get("clusterRoleSelectors"):
        text = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        found: Errors = (field.required("clusterRoleSelectors", text),)
    else:
        found = each(rule, "clusterRoleSelectors", _validate_selector)
        if lenient:
            found = [error for error in found if ".values[" not in error.field]
    return [*errors, *within("aggregationRule", found)]


def _check_selectors(rule: Obj) -> Errors:
    return each(rule, "clusterRoleSelectors", label_selector)


def _validate_selector(selector: Obj) -> Errors:
    errors = label_selector(selector)
    # upstream also tries to compile the selector, and complains once more
    return [*errors, field.invalid("", None, "invalid label selector.")] if errors else NONE


def _validate_namespaced_rule(rule: Obj) -> Errors:
    return _validate_rule(rule, namespaced=True)


def _validate_rule(rule: Obj, *, namespaced: bool = False) -> Errors:
    errors = [*required(rule, "verbs", "verbs must contain at least one value")]
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            errors.append(field.invalid("nonResourceURLs", urls, text))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(field.invalid("nonResourceURLs", urls, text))
        return errors
    errors += required(rule, "apiGroups", "resource rules must supply at least one api group")
    errors += required(rule, "resources", "resource rules must supply at least one resource")
    return errors


def validate_role_binding(binding: Obj) -> Errors:
    return [*_validate_role_ref(binding, _ROLES), *each(binding, "subjects", _validate_namespaced_subject)]


def validate_cluster_role_binding(binding: Obj) -> Errors:
    return [*_validate_role_ref(binding, _CLUSTER_ROLES), *each(binding, "subjects", _validate_subject)]


def validate_role_ref_update(binding: Obj, old: Obj) -> Errors:
    """A binding stays bound to its role."""
    new, before = (go_struct(o.get("roleRef") or {}, APIGroup="", Kind="", Name="") for o in (binding, old))
    return NONE if new == before else (field.invalid("roleRef", new, "cannot change roleRef"),)


def _validate_role_ref(binding: Obj, kinds: tuple[str, ...]) -> Errors:
    ref = binding.get("roleRef") or {}
    return within("roleRef", [
        *one_of(ref, "apiGroup", (GROUP,)),
        *one_of(ref, "kind", kinds),
        *required_matching(ref, "name", is_path_segment_name),
    ])


def _validate_namespaced_subject(subject: Obj) -> Errors:
    return _validate_subject(subject, namespaced=True)


def _validate_subject(subject: Obj, *, namespaced: bool = False) -> Errors:
    errors = [*required(subject, "name")]
    kind = subject.get("kind") or ""
    if kind == "ServiceAccount":
        if subject.get("name"):
            errors += matching(subject, "name", is_dns1123_subdomain)
        errors += one_of(subject, "apiGroup", ("",))
        if not namespaced:
            errors += required(subject, "namespace")
    elif kind in _SUBJECTS:
        errors += one_of(subject, "apiGroup", (GROUP,))
    else:
        errors.append(field.not_supported("kind", kind, _SUBJECTS))
    return errors
