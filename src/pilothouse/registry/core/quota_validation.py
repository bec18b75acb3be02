"""Validation of resource quotas (upstream: pkg/apis/core/validation ValidateResourceQuota)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.registry.core.resource_names import is_resource_name
from pilothouse.registry.core.resource_validation import resource_amount
from pilothouse.registry.rules import NO_FIELDS, NONE, Errors, Obj, go_struct, within

_POD_RESOURCES: Final = frozenset({
    "pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory",
})
#: The resources that a scope can restrict.
_SCOPED: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"),
        _POD_RESOURCES,
    ),
    "BestEffort": frozenset({"pods"}),
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
_ONLY_EXISTS: Final = frozenset({
    "BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity",
})
_CONFLICTING: Final = (frozenset({"BestEffort", "NotBestEffort"}), frozenset({"Terminating", "NotTerminating"}))
_QUOTA_RESOURCES: Final = frozenset({
    "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
    "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas",
    "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps", "services.nodeports",
    "services.loadbalancers",
})
_HUGE_PAGES: Final = ("hugepages-", "requests.hugepages-")
_NOT_QUOTA: Final = "must be a standard resource for quota"
_MUST_EXIST: Final = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def validate_quota(quota: Obj) -> Errors:
    return within("spec", _spec(quota.get("spec") or NO_FIELDS))


def validate_quota_update(quota: Obj, old: Obj) -> Errors:
    spec = quota.get("spec") or NO_FIELDS
    scopes = spec.get("scopes")
    errors = validate_quota(quota)
    if set(scopes or ()) != set((old.get("spec") or NO_FIELDS).get("scopes") or ()):
        return [*errors, field.invalid("spec.scopes", scopes, IMMUTABLE)]
    return errors


def validate_quota_status(quota: Obj) -> Errors:
    status = quota.get("status") or NO_FIELDS
    return within("status", [*_amounts(status, "hard"), *_amounts(status, "used")])


def _spec(spec: Obj) -> Errors:
    return [*_amounts(spec, "hard"), *_scopes(spec), *_scope_selector(spec)]


def _amounts(obj: Obj, name: str) -> Errors:
    errors: list[Error] = []
    for resource, amount in (obj.get(name) or NO_FIELDS).items():
        if found := [*_resource_name(resource), *resource_amount(resource, amount)]:
            errors += within(f"{name}[{resource}]", found)
    return errors


def _resource_name(name: str) -> Errors:
    texts = is_resource_name(name)
    if "/" not in name and not _is_quota_resource(name):
        texts = (*texts, _NOT_QUOTA)
    return [field.invalid("", name, text) for text in texts] if texts else NONE


def _is_quota_resource(name: str) -> bool:
    return name in _QUOTA_RESOURCES or name.startswith(_HUGE_PAGES)


def _scopes(spec: Obj) -> Errors:
    scopes: Sequence[str] = spec.get("scopes") or ()
    errors: list[Error] = []
    for scope in scopes:
        if scope not in _SCOPED:
            errors.append(field.invalid("scopes", scopes, "unsupported scope"))
        errors += _misapplied(spec, scope, "scopes", scopes)
    return [*errors, *_conflicts(scopes, "scopes", scopes)]


def _misapplied(spec: Obj, scope: str, path: str, shown: Any) -> Errors:
    """One error for each resource that `scope` says nothing about."""
    restricted = _SCOPED.get(scope)
    if restricted is None:
        return NONE
    return [
        field.invalid(path, shown, "unsupported scope applied to resource")
        for resource in spec.get("hard") or ()
        if _is_quota_resource(resource) and resource not in restricted
    ]


def _conflicts(scopes: Iterable[str], path: str, shown: Any) -> Errors:
    given = set(scopes)
    return [field.invalid(path, shown, "conflicting scopes") for pair in _CONFLICTING if pair <= given]


def _scope_selector(spec: Obj) -> Errors:
    selector = spec.get("scopeSelector")
    if selector is None:
        return NONE
    path = "scopeSelector.matchExpressions"
    requirements: Sequence[Obj] = selector.get("matchExpressions") or ()
    errors: list[Error] = []
    for requirement in requirements:
        scope = requirement.get("scopeName") or ""
        if scope not in _SCOPED:
            errors.append(field.invalid(f"{path}.scopeName", scope, "unsupported scope"))
        errors += _misapplied(spec, scope, path, _shown(selector))
        errors += within(path, _operator(requirement, scope))
    # upstream shows the scopes that do not stand in the selector: kept
    return [*errors, *_conflicts((r.get("scopeName") or "" for r in requirements), path, spec.get("scopes"))]


def _operator(requirement: Obj, scope: str) -> Errors:
    operator, values = requirement.get("operator") or "", requirement.get("values")
    errors: list[Error] = []
    if scope in _ONLY_EXISTS and operator != "Exists":
        errors.append(field.invalid("operator", operator, _MUST_EXIST))
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            errors.append(field.required("values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            errors.append(field.invalid("values", values, text))
    else:
        errors.append(field.invalid("operator", operator, "not a valid selector operator"))
    return errors


def _shown(selector: Obj) -> dict[str, Any]:
    requirements = selector.get("matchExpressions")
    return {
        "MatchExpressions": None if requirements is None else [
            go_struct(requirement, ScopeName="", Operator="", Values=None) for requirement in requirements
        ]
    }
