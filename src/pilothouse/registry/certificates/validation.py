"""Checks of the conditions of certificate signing requests (upstream: pkg/apis/certificates/validation)."""

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, go_quote

Object = Mapping[str, Any]

_DECISIONS = ("Approved", "Denied")
_ONLY_TRUE = (*_DECISIONS, "Failed")
_ANY = ("False", "True", "Unknown")
_WHERE = "status.conditions"


def validate_conditions(obj: Object, old: Object | None) -> list[Error]:
    """What was wrong in `old` already may stay."""
    conditions = _conditions(obj)
    before = [condition.get("type") or "" for condition in _conditions(old)] if old is not None else []
    both_before = all(kind in before for kind in _DECISIONS)
    repeated_before = len(set(before)) != len(before)
    errors = []
    seen: list[str] = []
    for i, condition in enumerate(conditions):
        kind, status = condition.get("type") or "", condition.get("status") or ""
        if not kind and "" not in before:
            errors.append(field.required(f"{_WHERE}[{i}].type"))
        allowed = ("True",) if kind in _ONLY_TRUE else _ANY
        if not status:
            errors.append(field.required(f"{_WHERE}[{i}].status"))
        elif status not in allowed:
            errors.append(field.not_supported(f"{_WHERE}[{i}].status", status, allowed))
        if kind in _DECISIONS and not both_before and any(k != kind and k in _DECISIONS for k in seen):
            text = "Approved and Denied conditions are mutually exclusive"
            errors.append(field.invalid(_WHERE, kind, text))
        if kind in seen and not repeated_before:
            errors.append(field.duplicate(f"{_WHERE}[{i}].type", kind))
        seen.append(kind)
    return errors


def validate_kept(obj: Object, old: Object, *, decides: bool) -> list[Error]:
    """Decisions and failures cannot be taken back; only /approval (`decides`) can decide."""
    errors = []
    for kind in _ONLY_TRUE:
        if len(_of(obj, kind)) < len(_of(old, kind)):
            errors.append(field.forbidden(_WHERE, f"updates may not remove a condition of type {go_quote(kind)}"))
    for kind in () if decides else _DECISIONS:
        new, before = _of(obj, kind), _of(old, kind)
        if len(new) > len(before):
            errors.append(field.forbidden(_WHERE, f"updates may not add a condition of type {go_quote(kind)}"))
        elif len(new) == len(before) and new != before:
            errors.append(field.forbidden(_WHERE, f"updates may not modify a condition of type {go_quote(kind)}"))
    return errors


def validate_certificate(obj: Object, old: Object, *, signs: bool) -> list[Error]:
    """Only /status (`signs`) can set the certificate, and only once."""
    new, before = ((o.get("status") or {}).get("certificate") or "" for o in (obj, old))
    if new == before:
        return []
    if not signs:
        return [field.forbidden("status.certificate", "updates may not set certificate content")]
    if before:
        return [field.forbidden("status.certificate", "updates may not modify existing certificate content")]
    return []


def _conditions(obj: Object) -> list[Object]:
    return (obj.get("status") or {}).get("conditions") or []


def _of(obj: Object, kind: str) -> list[Object]:
    return [condition for condition in _conditions(obj) if condition.get("type") == kind]
