"""Validation of the restart policies and rules of single containers (upstream: validateContainerRestartPolicy)."""

from __future__ import annotations

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.registry.rules import NONE, Errors, Obj, one_of, within

_POLICIES = ("Always", "Never", "OnFailure")
_OPERATORS = ("In", "NotIn")
_ACTIONS = ("Restart", "RestartAllContainers")
_MOST_RULES = 20
_MOST_CODES = 255
_NEEDS_POLICY = "must specify restartPolicy when restart rules are used"


def validate_restart_policy(container: Obj) -> Errors:
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules")
    if policy is None and not rules:
        return NONE
    errors: list[Error] = []
    if policy is None:
        errors.append(field.required("restartPolicy", _NEEDS_POLICY))
    elif policy not in _POLICIES:
        errors.append(field.not_supported("restartPolicy", policy, _POLICIES))
    rules = rules or ()
    if len(rules) > _MOST_RULES:
        errors.append(field.too_many("restartPolicyRules", len(rules), _MOST_RULES))
    for i, rule in enumerate(rules):
        errors += within(f"restartPolicyRules[{i}]", _rule(rule))
    return errors


def validate_init_restart_policy(container: Obj) -> Errors:
    """Without a policy, init containers have no rules."""
    if container.get("restartPolicy") is None:
        rules = container.get("restartPolicyRules")
        return (field.required("restartPolicy", _NEEDS_POLICY),) if rules else NONE
    return validate_restart_policy(container)


def _rule(rule: Obj) -> Errors:
    errors = [*one_of(rule, "action", _ACTIONS)]
    codes = rule.get("exitCodes")
    if codes is None:
        return [*errors, field.required("exitCodes", "must be specified")]
    errors += within("exitCodes", one_of(codes, "operator", _OPERATORS))
    count = len(codes.get("values") or ())
    if count > _MOST_CODES:
        errors.append(field.too_many("exitCodes.values", count, _MOST_CODES))
    return errors
