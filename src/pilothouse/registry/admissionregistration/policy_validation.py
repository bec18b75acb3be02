"""Validation of admission policies and their bindings (upstream: pkg/apis/admissionregistration/validation)."""

from __future__ import annotations

import re
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import (
    byte_length,
    is_dns1035_label,
    is_dns1123_subdomain,
    is_qualified_name,
)
from pilothouse.registry.admissionregistration.expressions import PolicyExpressions
from pilothouse.registry.admissionregistration.matching import (
    FAILURE_POLICIES,
    REINVOCATION_POLICIES,
    expression,
    validate_match_conditions,
    validate_match_resources,
    validate_mutable,
    validate_parameter_reference,
)
from pilothouse.registry.conditions import validate_conditions
from pilothouse.registry.rules import (
    Errors,
    Obj,
    each,
    member,
    one_of,
    required,
    required_matching,
    required_one_of,
    within,
)

_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS: Final = ("Audit", "Deny", "Warn")
_MOST_ANNOTATIONS: Final = 20
_MOST_VALUE_EXPRESSION: Final = 5 * 1024
_NOTHING_TO_DO: Final = "validations or auditAnnotations must contain at least one item"
_PATCH_TYPES: Final = ("ApplyConfiguration", "JSONPatch")
_PATCH_FIELDS: Final = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_CEL_RESERVED: Final = frozenset((
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
    "let", "loop", "package", "namespace", "return", "var", "void", "while",
))

_is_identifier = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*").fullmatch


# Policies


def validate_validating_policy(policy: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored policy: its match conditions are not looked at again."""
    name, spec = policy["metadata"].get("name") or "", policy.get("spec") or {}
    compiler = PolicyExpressions(spec)
    errors = [*_validate_common(spec, None if old is None else old.get("spec") or {}, compiler)]
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        errors += [field.required("validations", _NOTHING_TO_DO), field.required("auditAnnotations", _NOTHING_TO_DO)]
    errors += each(spec, "validations", lambda validation: _validate_validation(validation, compiler))
    errors += _validate_annotations(name, spec, compiler)
    return within("spec", errors)


def validate_mutating_policy(policy: Obj, old: Obj | None = None) -> Errors:
    spec = policy.get("spec") or {}
    compiler = PolicyExpressions(spec)
    return within("spec", [
        *_validate_common(spec, None if old is None else old.get("spec") or {}, compiler, mutating=True),
        *required(spec, "mutations", "mutations must contain at least one item"),
        *each(spec, "mutations", lambda mutation: _validate_mutation(mutation, compiler)),
        *required_one_of(spec, "reinvocationPolicy", REINVOCATION_POLICIES),
    ])


def validate_policy_status(policy: Obj) -> Errors:
    status = policy.get("status") or {}
    checking = status.get("typeChecking") or {}
    return within("status", [
        *within("typeChecking", each(checking, "expressionWarnings", _validate_expression_warning)),
        *validate_conditions(status),
    ])


def _validate_common(
    spec: Obj, old: Obj | None, compiler: PolicyExpressions, *, mutating: bool = False
) -> Errors:
    if spec.get("failurePolicy") is None:
        errors = [field.required("failurePolicy")]
    else:
        errors = [*one_of(spec, "failurePolicy", FAILURE_POLICIES)]
    errors += member(spec, "paramKind", _validate_parameter_kind)
    match = spec.get("matchConstraints")
    if match is None:
        errors.append(field.required("matchConstraints"))
    else:
        errors += within("matchConstraints", [
            *validate_match_resources(match), *required(match, "resourceRules"),
            *(validate_mutable(match) if mutating else ()),
        ])
    if old is None or any(spec.get(name) != old.get(name) for name in ("paramKind", "matchConditions")):
        errors += validate_match_conditions(spec, params=compiler.params)
    return [*errors, *each(spec, "variables", lambda variable: _validate_variable(variable, compiler))]


def _validate_parameter_kind(kind: Obj) -> Errors:
    errors = [*required(kind, "apiVersion")]
    version = kind.get("apiVersion") or ""
    if version.count("/") > 1:
        errors.append(field.invalid("apiVersion", version, f"unexpected GroupVersion string: {version}"))
    elif version:
        group, _, last = version.rpartition("/")
        if group and (texts := is_dns1123_subdomain(group)):
            errors.append(field.invalid("apiVersion", group, ",".join(texts)))
        if not last:
            errors.append(field.invalid("apiVersion", version, "version must be specified"))
        elif texts := is_dns1035_label(last):
            errors.append(field.invalid("apiVersion", last, ",".join(texts)))
    name = kind.get("kind") or ""
    if not name:
        errors.append(field.required("kind"))
    elif texts := is_dns1035_label(name.lower()):
        text = f"may have mixed case, but should otherwise match: {','.join(texts)}"
        errors.append(field.invalid("kind", name, text))
    return errors


def _validate_variable(variable: Obj, compiler: PolicyExpressions) -> Errors:
    errors = [*expression(variable, "name", "name is not specified")]
    name = variable.get("name") or ""
    if not errors and (not _is_identifier(name) or name in _CEL_RESERVED):
        errors.append(field.invalid("name", name, "must be a valid CEL identifier"))
    missing = expression(variable, "expression", "expression is not specified")
    return [*errors, *(missing or compiler.variable(name, variable["expression"]))]


def _validate_validation(validation: Obj, compiler: PolicyExpressions) -> Errors:
    missing = expression(validation, "expression", "expression is not specified")
    errors = [*(missing or compiler.validation("expression", validation["expression"]))]
    computed = validation.get("messageExpression") or ""
    if computed.strip():
        errors += compiler.message("messageExpression", computed)
    for name in ("messageExpression", "message"):
        text = validation.get(name) or ""
        if text and not text.strip():
            errors.append(field.invalid(name, text, "must be non-empty if specified"))
    message = validation.get("message") or ""
    if re.search(r"[\n\r]", message.strip()):
        errors.append(field.invalid("message", message, "must not contain line breaks"))
    if validation.get("reason") is not None:
        errors += one_of(validation, "reason", _REASONS)
    return errors


def _validate_annotations(policy: str, spec: Obj, compiler: PolicyExpressions) -> Errors:
    annotations = spec.get("auditAnnotations") or []
    errors: list[field.Error] = []
    if len(annotations) > _MOST_ANNOTATIONS:
        shown = [{"Key": a.get("key") or "", "ValueExpression": a.get("valueExpression") or ""} for a in annotations]
        text = f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations"
        errors.append(field.invalid("auditAnnotations", shown, text))
    seen = set()
    for i, annotation in enumerate(annotations):
        path, key = f"auditAnnotations[{i}]", annotation.get("key") or ""
        errors += within(path, _validate_annotation(policy, annotation, compiler))
        if key in seen:
            errors.append(field.duplicate(f"{path}.key", key))
        seen.add(key)
    return errors


def _validate_annotation(policy: str, annotation: Obj, compiler: PolicyExpressions) -> Errors:
    key = annotation.get("key") or ""
    if policy:
        full = f"{policy}/{key}"
        errors = [field.invalid("key", full, text) for text in is_qualified_name(full)]
    else:
        errors = [field.invalid("key", key, "requires metadata.name be non-empty")]
    value = annotation.get("valueExpression") or ""
    if byte_length(value.strip()) > _MOST_VALUE_EXPRESSION:
        text = f"must not exceed {_MOST_VALUE_EXPRESSION} bytes in length"
        return [*errors, field.required("valueExpression", text)]
    missing = expression(annotation, "valueExpression", "valueExpression is not specified")
    return [*errors, *(missing or compiler.annotation("valueExpression", value))]


def _validate_mutation(mutation: Obj, compiler: PolicyExpressions) -> Errors:
    kind = mutation.get("patchType") or ""
    if kind not in _PATCH_FIELDS:
        return required_one_of(mutation, "patchType", _PATCH_TYPES)
    own = _PATCH_FIELDS[kind]
    other = next(name for name in _PATCH_FIELDS.values() if name != own)
    if mutation.get(own) is None:
        errors = [field.required(own, f"must be specified when patchType is {kind}")]
    else:
        text = mutation[own].get("expression") or ""
        missing = expression(mutation[own], "expression")
        errors = [*within(own, missing or compiler.mutation(kind, "expression", text))]
    if mutation.get(other) is not None:
        errors.append(field.invalid(other, f"{{{other}}}", f"must not be specified when patchType is {kind}"))
    return errors


def _validate_expression_warning(warning: Obj) -> Errors:
    return [*required(warning, "warning"), *expression(warning, "fieldRef")]


# Bindings


def validate_validating_binding(binding: Obj) -> Errors:
    spec = binding.get("spec") or {}
    return within("spec", [*_validate_binding(spec), *_validate_actions(spec.get("validationActions") or [])])


def validate_mutating_binding(binding: Obj) -> Errors:
    spec = binding.get("spec") or {}
    return within("spec", [*_validate_binding(spec), *member(spec, "matchResources", validate_mutable)])


def _validate_binding(spec: Obj) -> Errors:
    return [
        *required_matching(spec, "policyName", is_dns1123_subdomain),
        *member(spec, "paramRef", validate_parameter_reference),
        *member(spec, "matchResources", validate_match_resources),
    ]


def _validate_actions(actions: list[str]) -> Errors:
    errors, seen = [], set()
    for i, action in enumerate(actions):
        path = f"validationActions[{i}]"
        if action not in _ACTIONS:
            errors.append(field.not_supported(path, action, _ACTIONS))
        if action in seen:
            errors.append(field.duplicate(path, action))
        seen.add(action)
    if "Deny" in actions and "Warn" in actions:
        errors.append(field.invalid(
            "validationActions", actions,
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)",
        ))
    if not actions:
        errors.append(field.required("validationActions", "at least one validation action is required"))
    return errors
