"""Validation of when jobs fail and succeed (upstream: batch/validation validatePodFailurePolicy, …SuccessPolicy)."""

from __future__ import annotations

from collections.abc import Sequence, Set

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import OMIT_VALUE, Error
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.batch import indexes
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    every,
    matching,
    non_negative,
    required_one_of,
    too_long,
    within,
)

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_MOST_RULES = 20
_MOST_CODES = 255
_MOST_PATTERNS = 20
_LONGEST_INDEXES = 64 * 1024


def _enum(obj: Obj, name: str, known: Sequence[str]) -> Errors:
    """An enum that must be set, and says what it can be."""
    shown = " ".join(f'"{value}"' for value in known)
    return required_one_of(obj, name, known, f"valid values: [{shown}]")


def _limited(items: Sequence[object], name: str, most: int) -> Errors:
    return (field.too_many(name, len(items), most),) if len(items) > most else NONE


def validate_pod_failure_policy(policy: Obj, job: Obj) -> Errors:
    """`job` is the job's spec."""
    pod = (job.get("template") or {}).get("spec") or {}
    names = {c.get("name") or "" for key in ("containers", "initContainers") for c in pod.get(key) or ()}
    per_index = job.get("backoffLimitPerIndex") is not None
    errors = [*_limited(policy.get("rules") or (), "rules", _MOST_RULES)]
    return [*errors, *each(policy, "rules", lambda rule: _failure_rule(rule, names, per_index))]


def _failure_rule(rule: Obj, containers: Set[str], per_index: bool) -> Errors:
    if rule.get("action") != "FailIndex":
        errors = [*_enum(rule, "action", _ACTIONS)]
    else:
        text = "requires the backoffLimitPerIndex to be set"
        errors = [] if per_index else [field.invalid("action", "FailIndex", text)]
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if codes is not None:
        errors += within("onExitCodes", _exit_codes(codes, containers))
    if conditions:
        errors += _limited(conditions, "onPodConditions", _MOST_PATTERNS)
        errors += every(conditions, _condition_pattern, "onPodConditions")
    if codes is not None and conditions:
        text = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(field.invalid("", OMIT_VALUE, text))
    if codes is None and not conditions:
        text = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(field.invalid("", OMIT_VALUE, text))
    return errors


def _condition_pattern(pattern: Obj) -> Errors:
    return [*matching(pattern, "type", is_qualified_name), *_enum(pattern, "status", _STATUSES)]


def _exit_codes(requirement: Obj, containers: Set[str]) -> Errors:
    errors = [*_enum(requirement, "operator", _OPERATORS)]
    name, values = requirement.get("containerName"), requirement.get("values") or []
    if name is not None and name not in containers:
        text = "must be one of the container or initContainer names in the pod template"
        errors.append(field.invalid("containerName", name, text))
    if not values:
        errors.append(field.invalid("values", requirement.get("values"), "at least one value is required"))
    errors += _limited(values, "values", _MOST_CODES)
    seen: set[int] = set()
    for i, value in enumerate(values):
        if value == 0 and requirement.get("operator") == "In":
            errors.append(field.invalid(f"values[{i}]", value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(field.duplicate(f"values[{i}]", value))
        seen.add(value)
    if values != sorted(values):
        errors.append(field.invalid("values", values, "must be ordered"))
    return errors


def validate_success_policy(policy: Obj, completions: int) -> Errors:
    rules = policy.get("rules") or ()
    errors: list[Error] = []
    if not rules:
        text = "at least one rules must be specified when the successPolicy is specified"
        errors.append(field.required("rules", text))
    errors += _limited(rules, "rules", _MOST_RULES)
    return [*errors, *each(policy, "rules", lambda rule: _success_rule(rule, completions))]


def _success_rule(rule: Obj, completions: int) -> Errors:
    wanted, listed = rule.get("succeededCount"), rule.get("succeededIndexes")
    errors: list[Error] = []
    if wanted is None and listed is None:
        text = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(field.required("", text))
    total = 0
    if listed is not None:
        errors += too_long(rule, "succeededIndexes", _LONGEST_INDEXES)
        try:
            total = indexes.count(listed, completions)
        except indexes.IndexesError as e:
            errors.append(field.invalid("succeededIndexes", listed, f"error parsing succeededIndexes: {e}"))
    if wanted is None:
        return errors
    errors += non_negative(rule, "succeededCount")
    text = "must be less than or equal to {} (the number of {})"
    if wanted > completions:
        detail = text.format(completions, "specified completions")
        errors.append(field.invalid("succeededCount", wanted, detail))
    if listed is not None and wanted > total:
        detail = text.format(total, "indexes in the specified succeededIndexes field")
        errors.append(field.invalid("succeededCount", wanted, detail))
    return errors
