"""Validation of what webhooks and policies are asked about (upstream: pkg/apis/admissionregistration/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_path_segment_name, is_qualified_name
from pilothouse.registry.admissionregistration.expressions import match_condition
from pilothouse.registry.rules import (
    Errors,
    Obj,
    each,
    label_selector,
    matching,
    member,
    one_of,
    required,
    required_matching,
    required_one_of,
    unique,
)

FAILURE_POLICIES: Final = ("Fail", "Ignore")
MATCH_POLICIES: Final = ("Equivalent", "Exact")
REINVOCATION_POLICIES: Final = ("IfNeeded", "Never")
_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MUTABLE_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "UPDATE")
_SCOPES: Final = ("*", "Cluster", "Namespaced")
_MOST_CONDITIONS: Final = 64


def validate_rule(rule: Obj) -> Errors:
    """A RuleWithOperations."""
    operations = rule.get("operations") or ()
    errors = [*required(rule, "operations")]
    errors += _alone(rule, "operations", "operations")
    errors += [
        field.not_supported(f"operations[{i}]", operation, _OPERATIONS)
        for i, operation in enumerate(operations) if operation not in _OPERATIONS
    ]
    errors += required(rule, "apiGroups")
    errors += _alone(rule, "apiGroups", "API groups")
    errors += required(rule, "apiVersions")
    errors += _alone(rule, "apiVersions", "API versions")
    errors += [
        field.required(f"apiVersions[{i}]") for i, version in enumerate(rule.get("apiVersions") or ()) if not version
    ]
    errors += _validate_resources(rule.get("resources") or [])
    if rule.get("scope") is not None:
        errors += one_of(rule, "scope", _SCOPES)
    return errors


def _alone(rule: Obj, name: str, what: str) -> Errors:
    values = rule.get(name) or ()
    if len(values) < 2 or "*" not in values:
        return ()
    return (field.invalid(name, values, f"if '*' is present, must not specify other {what}"),)


def _validate_resources(resources: Sequence[str]) -> Errors:
    errors = [] if resources else [field.required("resources")]
    all_of: set[str] = set()
    of_all: set[str] = set()
    plain = False
    for i, resource in enumerate(resources):
        path = f"resources[{i}]"
        if not resource:
            errors.append(field.required(path))
            continue
        name, slash, sub = resource.partition("/")
        if not slash:
            # upstream remembers only the last one: kept
            plain = resource != "*"
            continue
        if name in all_of:
            text = f"if '{name}/*' is present, must not specify {resource}"
            errors.append(field.invalid(path, resource, text))
        if sub in of_all:
            errors.append(field.invalid(path, resource, f"if '*/{sub}' is present, must not specify {resource}"))
        if sub == "*":
            all_of.add(name)
        if name == "*":
            of_all.add(sub)
    if len(resources) > 1 and "*/*" in resources:
        text = "if '*/*' is present, must not specify other resources"
        errors.append(field.invalid("resources", resources, text))
    if "*" in resources and plain:
        text = "if '*' is present, must not specify other resources without subresources"
        errors.append(field.invalid("resources", resources, text))
    return errors


def validate_match_resources(match: Obj) -> Errors:
    """MatchResources of policies and bindings, defaulted."""
    errors = [*required_one_of(match, "matchPolicy", MATCH_POLICIES)]
    for name in ("namespaceSelector", "objectSelector"):
        if match.get(name) is None:
            errors.append(field.required(name))
        errors += member(match, name, label_selector)
    errors += each(match, "resourceRules", _validate_named_rule)
    errors += each(match, "excludeResourceRules", _validate_named_rule)
    return errors


def validate_mutable(match: Obj) -> Errors:
    """Mutating policies match only what can be changed."""
    return [
        field.not_supported("resourceRules.operations", operation, _MUTABLE_OPERATIONS)
        for rule in match.get("resourceRules") or () for operation in rule.get("operations") or ()
        if operation not in _MUTABLE_OPERATIONS
    ]


def _validate_named_rule(rule: Obj) -> Errors:
    errors: list[field.Error] = []
    seen = set()
    for i, name in enumerate(rule.get("resourceNames") or ()):
        path = f"resourceNames[{i}]"
        errors += [field.invalid(path, name, text) for text in is_path_segment_name(name)]
        if name in seen:
            errors.append(field.duplicate(path, name))
        seen.add(name)
    return [*errors, *validate_rule(rule)]


def validate_match_conditions(holder: Obj, *, params: bool = False) -> Errors:
    """The list `holder["matchConditions"]`; `params` if it may use a policy's parameters."""
    conditions = holder.get("matchConditions")
    if not conditions:
        return ()
    errors = []
    if len(conditions) > _MOST_CONDITIONS:
        errors.append(field.too_many("matchConditions", len(conditions), _MOST_CONDITIONS))
    errors += each(holder, "matchConditions", lambda condition: _validate_match_condition(condition, params))
    return [*errors, *unique(holder, "matchConditions", "name")]


def _validate_match_condition(condition: Obj, params: bool) -> Errors:
    errors = expression(condition, "expression") or match_condition(
        "expression", condition["expression"], params=params
    )
    return [*errors, *required_matching(condition, "name", is_qualified_name)]


def expression(holder: Obj, name: str, detail: str = "") -> Errors:
    """A CEL expression that must be there."""
    return () if (holder.get(name) or "").strip() else (field.required(name, detail),)


def validate_parameter_reference(ref: Obj) -> Errors:
    """The paramRef of a binding."""
    both = "name and selector are mutually exclusive"
    name, selector = ref.get("name") or "", ref.get("selector")
    errors: list[field.Error] = []
    if name:
        errors += matching(ref, "name", is_path_segment_name)
        if selector is not None:
            errors.append(field.forbidden("name", both))
    errors += member(ref, "selector", label_selector)
    if name and selector is not None:
        errors.append(field.forbidden("selector", both))
    if not name and selector is None:
        errors.append(field.required("", "one of name or selector must be specified"))
    return [*errors, *required_one_of(ref, "parameterNotFoundAction", ("Deny", "Allow"))]
