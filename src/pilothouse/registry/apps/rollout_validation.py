"""Validation of how workloads replace their pods (upstream: pkg/apis/apps/validation Validate…Strategy)."""

from __future__ import annotations

import re
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.validation import is_percent
from pilothouse.registry.internal import internal
from pilothouse.registry.rules import NONE, NOT_NEGATIVE, Errors, Obj, non_negative, within

_NUMBER: Final = re.compile("[+-]?[0-9]+")


def amount(value: int | str) -> int:
    """A number, the number of a percentage, or what a text says that is no percentage (0 if it is no number)."""
    if isinstance(value, int):
        return value
    text = value if is_percent(value) else value[:-1]
    return whole(text) if _NUMBER.fullmatch(text) else 0


def int_or_percent(obj: Obj, name: str) -> Errors:
    """A number or a percentage (missing: 0) that is not negative (ValidatePositiveIntOrPercent)."""
    value = obj.get(name, 0)
    texts = is_percent(value) if isinstance(value, str) else [NOT_NEGATIVE] if value < 0 else []
    return [field.invalid(name, value, text) for text in texts] if texts else NONE


def at_most_100_percent(obj: Obj, name: str) -> Errors:
    value = obj.get(name, 0)
    if isinstance(value, int) or is_percent(value) or amount(value) <= 100:
        return NONE
    return (field.invalid(name, value, "must not be greater than 100%"),)


def validate_deployment_strategy(strategy: Obj) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        text = "may not be specified when strategy `type` is 'Recreate'"
        return NONE if rolling is None else (field.forbidden("rollingUpdate", text),)
    if kind != "RollingUpdate":
        shown = internal("apps.DeploymentStrategy", strategy)
        return (field.not_supported("", shown, ("Recreate", "RollingUpdate")),)
    if rolling is None:
        return (field.required("rollingUpdate", "this should be defaulted and never be nil"),)
    errors = [*int_or_percent(rolling, "maxUnavailable"), *int_or_percent(rolling, "maxSurge")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    if not amount(unavailable) and not amount(surge):
        errors.append(field.invalid("maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    return within("rollingUpdate", [*errors, *at_most_100_percent(rolling, "maxUnavailable")])


def validate_daemon_set_strategy(strategy: Obj) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return NONE
    if kind != "RollingUpdate":
        shown = internal("apps.DaemonSetUpdateStrategy", strategy)
        return (field.not_supported("", shown, ("RollingUpdate", "OnDelete")),)
    if rolling is None:
        return (field.required("rollingUpdate"),)
    names = ("maxUnavailable", "maxSurge")
    errors = [error for check in (int_or_percent, at_most_100_percent) for n in names for error in check(rolling, n)]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    if amount(unavailable) and amount(surge):
        text = "may not be set when maxUnavailable is non-zero"
        errors.append(field.invalid("maxSurge", surge, text))
    elif not amount(unavailable) and not amount(surge):
        errors.append(field.required("maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return within("rollingUpdate", errors)


def validate_stateful_set_strategy(strategy: Obj) -> Errors:
    """Paths begin at the spec: what is missing is the strategy as such."""
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if not kind:
        return (field.required("updateStrategy"),)
    if kind == "OnDelete":
        if rolling is None:
            return NONE
        shown = internal("apps.RollingUpdateStatefulSetStrategy", rolling)
        text = "only allowed for updateStrategy 'RollingUpdate'"
        return (field.invalid("updateStrategy.rollingUpdate", shown, text),)
    if kind != "RollingUpdate":
        shown = internal("apps.StatefulSetUpdateStrategy", strategy)
        return (field.invalid("updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'"),)
    if rolling is None:
        return NONE
    errors: list[Error] = [*non_negative(rolling, "partition")]
    if (unavailable := rolling.get("maxUnavailable")) is not None:
        errors += int_or_percent(rolling, "maxUnavailable")
        if not amount(unavailable):
            errors.append(field.invalid("maxUnavailable", unavailable, "cannot be 0"))
        errors += at_most_100_percent(rolling, "maxUnavailable")
    return within("updateStrategy.rollingUpdate", errors)
