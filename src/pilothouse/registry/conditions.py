"""Validation of metav1.Condition lists (upstream: apimachinery pkg/apis/meta/v1/validation, ValidateConditions)."""

from __future__ import annotations

import re
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_qualified_name, regex_error
from pilothouse.registry.rules import Errors, Obj, each, matching, one_of, required, too_long, unique

_STATUSES: Final = ("False", "True", "Unknown")
_REASON: Final = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON_TEXT: Final = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_'"
)
_MAX_REASON: Final = 1024
_MAX_MESSAGE: Final = 32 * 1024

_is_reason = re.compile(_REASON).fullmatch


def validate_conditions(holder: Obj) -> Errors:
    """The list `holder["conditions"]`."""
    if not holder.get("conditions"):
        return ()
    return [*unique(holder, "conditions", "type"), *each(holder, "conditions", validate_condition)]


def validate_condition(condition: Obj) -> Errors:
    errors = [*matching(condition, "type", is_qualified_name), *one_of(condition, "status", _STATUSES)]
    if (generation := condition.get("observedGeneration") or 0) < 0:
        errors.append(field.invalid("observedGeneration", generation, "must be greater than or equal to zero"))
    errors += required(condition, "lastTransitionTime")
    if condition.get("reason"):
        errors += matching(condition, "reason", is_condition_reason)
        errors += too_long(condition, "reason", _MAX_REASON)
    else:
        errors.append(field.required("reason"))
    return [*errors, *too_long(condition, "message", _MAX_MESSAGE)]


def is_condition_reason(value: str) -> list[str]:
    if _is_reason(value):
        return []
    return [regex_error(_REASON_TEXT, _REASON, "my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")]
