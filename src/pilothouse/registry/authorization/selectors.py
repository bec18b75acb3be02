"""Selectors in access reviews (upstream: pkg/registry/authorization/util/helpers.go, apis/authorization/validation).

Requirements that cannot be read are left out: that asks for more, never for less, and is told in the
review's evaluationError.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.apimachinery import field, fields, labels
from pilothouse.apimachinery.labels import SelectorError
from pilothouse.apimachinery.validation import is_label_value, is_qualified_name

Object = Mapping[str, Any]

_LABEL_OPERATORS = {
    "In": labels.IN, "NotIn": labels.NOT_IN, "Exists": labels.EXISTS, "DoesNotExist": labels.DOES_NOT_EXIST,
}


def field_selector(attributes: Object) -> tuple[str, str]:
    """(text of the selector, what could not be read of it: "", "partially" or "wholly")."""
    return _selector(attributes.get("fieldSelector"), fields.parse, _field_requirement)


def label_selector(attributes: Object) -> tuple[str, str]:
    return _selector(attributes.get("labelSelector"), labels.parse, _label_requirement)


def selector_errors(attributes: Object) -> list[field.Error]:
    errors = []
    for name in ("fieldSelector", "labelSelector"):
        selector = attributes.get(name)
        if selector is None:
            continue
        where = f"spec.resourceAttributes.{name}"
        raw, requirements = selector.get("rawSelector") or "", selector.get("requirements") or []
        if raw and requirements:
            text = "may not specified at the same time as requirements"
            errors.append(field.invalid(f"{where}.rawSelector", raw, text))
        if not raw and not requirements:
            text = f"when {where} is specified, requirements or rawSelector is required"
            errors.append(field.required(f"{where}.requirements", text))
        for i, requirement in enumerate(requirements):
            check = _label_errors if name == "labelSelector" else _field_errors
            errors += check(requirement, f"{where}.requirements[{i}]")
    return errors


def _field_errors(requirement: Object, where: str) -> list[field.Error]:
    errors = [] if requirement.get("key") else [field.required(f"{where}.key", "must be specified")]
    return errors + _value_errors(requirement, where)


def _label_errors(requirement: Object, where: str) -> list[field.Error]:
    key = requirement.get("key") or ""
    errors = _value_errors(requirement, where)
    errors += [field.invalid(f"{where}.key", key, text) for text in is_qualified_name(key)]
    for i, value in enumerate(requirement.get("values") or ()):
        errors += [field.invalid(f"{where}.values[{i}]", value, text) for text in is_label_value(value)]
    return errors


def _value_errors(requirement: Object, where: str) -> list[field.Error]:
    """Operators that nobody knows may be a newer version's."""
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    if operator in ("In", "NotIn") and not values:
        text = "must be specified when `operator` is 'In' or 'NotIn'"
        return [field.required(f"{where}.values", text)]
    if operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        return [field.forbidden(f"{where}.values", text)]
    return []


def _selector(
    selector: Object | None, parse: Callable[[str], Any], requirement: Callable[[Object], str | None]
) -> tuple[str, str]:
    if not selector:
        return "", ""
    requirements = selector.get("requirements") or []
    if requirements:
        texts = [requirement(r) for r in requirements]
        read = [text for text in texts if text is not None]
        unread = "" if len(read) == len(texts) else "partially" if read else "wholly"
        return ",".join(read), unread
    raw = selector.get("rawSelector") or ""
    try:
        parse(raw)
    except SelectorError:
        return "", "wholly"
    return raw, ""


def _field_requirement(requirement: Object) -> str | None:
    values = requirement.get("values") or []
    sign = {"In": "=", "NotIn": "!="}.get(requirement.get("operator") or "")
    if sign is None or len(values) != 1:
        return None
    return f"{requirement.get('key', '')}{sign}{fields.escape(values[0])}"


def _label_requirement(requirement: Object) -> str | None:
    key, values = requirement.get("key") or "", requirement.get("values") or []
    operator = requirement.get("operator")
    try:
        labels.requirement(key, _LABEL_OPERATORS.get(operator or "", ""), values)
    except SelectorError:
        return None
    if operator == "Exists":
        return key
    if operator == "DoesNotExist":
        return f"!{key}"
    word = "in" if operator == "In" else "notin"
    return f"{key} {word} ({','.join(values)})"
