"""Validation of priority levels (upstream: pkg/apis/flowcontrol/validation)."""

from __future__ import annotations

import math
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.equality import same_or_empty
from pilothouse.registry.flowcontrol import mandatory
from pilothouse.registry.rules import Errors, Obj, go_struct, member, required, within

_PRESERVE_ZERO: Final = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
_TYPES: Final = ("Exempt", "Limited")
_RESPONSES: Final = ("Queue", "Reject")
_MOST_QUEUES: Final = 10_000_000
_MOST_HASH_BITS: Final = 60
_NOT_NEGATIVE: Final = "must be a non-negative integer"


def validate_priority_level(level: Obj) -> Errors:
    name, spec = level["metadata"].get("name") or "", level.get("spec") or {}
    errors = []
    if _PRESERVE_ZERO in (level["metadata"].get("annotations") or {}):
        errors.append(field.forbidden("metadata.annotations", f"annotation '{_PRESERVE_ZERO}' is forbidden"))
    errors += within("spec", _validate_spec(name, spec))
    errors += _validate_mandatory(name, spec)
    return [*errors, *validate_conditions(level)]


def validate_conditions(obj: Obj) -> Errors:
    """status.conditions of flow schemas and priority levels."""
    errors = []
    seen = set()
    for i, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind = f"status.conditions[{i}]", condition.get("type") or ""
        if kind in seen:
            errors.append(field.duplicate(f"{path}.type", kind))
        seen.add(kind)
        errors += within(path, required(condition, "type"))
    return errors


def _validate_mandatory(name: str, spec: Obj) -> Errors:
    fixed = mandatory.PRIORITY_LEVELS.get(name)
    if fixed is None:
        return ()
    what, compared = f"spec of '{name}'", spec
    if name == "exempt":
        what += " except the 'spec.exempt' field"
        compared = {k: v for k, v in spec.items() if k != "exempt"}
    if same_or_empty(compared, fixed):
        return ()
    return (field.invalid("spec", _shown(spec), f"{what} must equal the fixed value"),)


def _validate_spec(name: str, spec: Obj) -> Errors:
    kind = spec.get("type") or ""
    errors = []
    if (name == "exempt") != (kind == "Exempt"):
        errors.append(field.invalid("type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    if kind == "Exempt":
        if spec.get("limited") is not None:
            errors.append(field.forbidden("limited", "must be nil if the type is not Limited"))
        errors += member(spec, "exempt", _validate_exempt)
    elif kind == "Limited":
        if spec.get("exempt") is not None:
            errors.append(field.forbidden("exempt", "must be nil if the type is Limited"))
        if spec.get("limited") is None:
            errors.append(field.required("limited", "must not be empty when type is Limited"))
        errors += member(spec, "limited", _validate_limited)
    else:
        errors.append(field.not_supported("type", kind, _TYPES))
    return errors


def _validate_exempt(exempt: Obj) -> Errors:
    return [*_shares(exempt), *_lendable(exempt)]


def _validate_limited(limited: Obj) -> Errors:
    errors = [*_shares(limited)]
    errors += within("limitResponse", _validate_response(limited.get("limitResponse") or {}))
    errors += _lendable(limited)
    borrowing = limited.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        text = f"if specified, {_NOT_NEGATIVE}"
        errors.append(field.invalid("borrowingLimitPercent", borrowing, text))
    return errors


def _shares(level: Obj) -> Errors:
    shares = level.get("nominalConcurrencyShares") or 0
    return (field.invalid("nominalConcurrencyShares", shares, _NOT_NEGATIVE),) if shares < 0 else ()


def _lendable(level: Obj) -> Errors:
    percent = level.get("lendablePercent")
    if percent is None or 0 <= percent <= 100:
        return ()
    return (field.invalid("lendablePercent", percent, "must be between 0 and 100, inclusive"),)


def _validate_response(response: Obj) -> Errors:
    kind, queuing = response.get("type") or "", response.get("queuing")
    if kind == "Reject":
        if queuing is None:
            return ()
        return (field.forbidden("queuing", "must be nil if limited.limitResponse.type is not Limited"),)
    if kind == "Queue":
        if queuing is None:
            return (field.required("queuing", "must not be empty if limited.limitResponse.type is Limited"),)
        return within("queuing", _validate_queuing(queuing))
    return (field.not_supported("type", kind, _RESPONSES),)


def _validate_queuing(queuing: Obj) -> Errors:
    limit, queues, hand = (queuing.get(name) or 0 for name in ("queueLengthLimit", "queues", "handSize"))
    errors = []
    if limit <= 0:
        errors.append(field.invalid("queueLengthLimit", limit, "must be positive"))
    if queues <= 0:
        errors.append(field.invalid("queues", queues, "must be positive"))
    elif queues > _MOST_QUEUES:
        errors.append(field.invalid("queues", queues, f"must not be greater than {_MOST_QUEUES}"))
    if hand <= 0:
        errors.append(field.invalid("handSize", hand, "must be positive"))
    elif hand > queues:
        errors.append(field.invalid("handSize", hand, f"should not be greater than queues ({queues})"))
    elif math.ceil(math.log2(queues) * hand) > _MOST_HASH_BITS:
        errors.append(field.invalid(
            "handSize", hand,
            f"required entropy bits of deckSize {queues} and handSize {hand} "
            f"should not be greater than {_MOST_HASH_BITS}",
        ))
    return errors


def _shown(spec: Obj) -> dict[str, Any]:
    limited, exempt = spec.get("limited"), spec.get("exempt")
    return {
        "Type": spec.get("type") or "",
        "Limited": None if limited is None else _shown_limited(limited),
        "Exempt": None if exempt is None else go_struct(exempt, NominalConcurrencyShares=None, LendablePercent=None),
    }


def _shown_limited(limited: Obj) -> dict[str, Any]:
    response = limited.get("limitResponse") or {}
    queuing = response.get("queuing")
    return {
        "NominalConcurrencyShares": limited.get("nominalConcurrencyShares") or 0,
        "LimitResponse": {
            "Type": response.get("type") or "",
            "Queuing": None if queuing is None else go_struct(queuing, Queues=0, HandSize=0, QueueLengthLimit=0),
        },
        "LendablePercent": limited.get("lendablePercent"),
        "BorrowingLimitPercent": limited.get("borrowingLimitPercent"),
    }
