"""The words that validation is written in (upstream: the helpers of pkg/apis/core/validation and apimachinery).

A check takes a value and returns what is wrong with it. Checks do not know where their value stands: an error's
path starts at the value, and each parent puts its own name in front on the way out (`within`, `member`, `each`).
So a valid object costs no path, and a check of a part serves wherever the part occurs:

    def validate_port(port: Obj) -> Errors:
        return (*one_of(port, "protocol", PROTOCOLS), *in_range(port, "containerPort", 1, 65535))

    def validate_container(container: Obj) -> Errors:
        errors = [*matching(container, "name", is_dns1123_label), *required(container, "image")]
        errors += each(container, "ports", validate_port)       # "ports[2].protocol: …"
        return errors

Objects are decoded and defaulted: a field that was never set is missing, or has the zero value that Go writes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE, validate_label_selector
from pilothouse.apimachinery.validation import byte_length

Obj = Mapping[str, Any]
#: What a check returns: nothing, or the errors in upstream's order.
Errors = Sequence[Error]
Check = Callable[[Any], Errors]
#: A format of `apimachinery.validation`: the texts of what is wrong with a string or a number.
Format = Callable[[Any], Sequence[str]]

NONE: Final[Errors] = ()
#: For what is not there: `(obj.get("spec") or NO_FIELDS).get("ports")`.
NO_FIELDS: Final[Obj] = {}
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
POSITIVE: Final = "must be greater than 0"


# Paths


def within(parent: str, errors: Errors) -> Errors:
    """The errors of a value that stands at `parent`, a path such as "spec" or "ports[1]"."""
    return [Error(e.reason, _joined(parent, e.field), e.value, e.detail) for e in errors] if errors else NONE


def _joined(parent: str, path: str) -> str:
    if not path:
        return parent
    return f"{parent}{path}" if path[0] == "[" or not parent else f"{parent}.{path}"


def member(obj: Obj, name: str, check: Check) -> Errors:
    """Checks `obj[name]` if it is there."""
    value = obj.get(name)
    return NONE if value is None else within(name, check(value))


def each(obj: Obj, name: str, check: Check) -> Errors:
    """Checks every item of the list `obj[name]`."""
    items = obj.get(name)
    return every(items, check, name) if items else NONE


def every(items: Sequence[Any], check: Check, name: str = "") -> Errors:
    """Checks every item of a list that stands at `name`."""
    errors: list[Error] = []
    for i, item in enumerate(items):
        if found := check(item):
            errors += within(f"{name}[{i}]", found)
    return errors


# Single fields


def required(obj: Obj, name: str, detail: str = "") -> Errors:
    return NONE if obj.get(name) else (field.required(name, detail),)


def one_of(obj: Obj, name: str, allowed: Iterable[str]) -> Errors:
    """An enum; "" counts only if it is allowed. `allowed` is listed in its own order: sort it as upstream does."""
    value = obj.get(name) or ""
    return NONE if value in allowed else (field.not_supported(name, value, allowed),)


def required_one_of(obj: Obj, name: str, allowed: Iterable[str], detail: str = "") -> Errors:
    """An enum that must be set."""
    return one_of(obj, name, allowed) if obj.get(name) else (field.required(name, detail),)


def matching(obj: Obj, name: str, is_format: Format) -> Errors:
    """A string (missing: "") of a format: `matching(container, "name", is_dns1123_label)`."""
    value = obj.get(name) or ""
    texts = is_format(value)
    return [field.invalid(name, value, text) for text in texts] if texts else NONE


def required_matching(obj: Obj, name: str, is_format: Format, detail: str = "") -> Errors:
    return matching(obj, name, is_format) if obj.get(name) else (field.required(name, detail),)


def non_negative(obj: Obj, name: str) -> Errors:
    """A number, or nothing."""
    value = obj.get(name)
    return NONE if value is None or value >= 0 else (field.invalid(name, value, NOT_NEGATIVE),)


def positive(obj: Obj, name: str) -> Errors:
    """A number above 0, or nothing."""
    value = obj.get(name)
    return NONE if value is None or value > 0 else (field.invalid(name, value, POSITIVE),)


def in_range(obj: Obj, name: str, low: int, high: int) -> Errors:
    """A number (missing: 0) from `low` to `high`."""
    value = obj.get(name) or 0
    if low <= value <= high:
        return NONE
    return (field.invalid(name, value, f"must be between {low} and {high}, inclusive"),)


def port(obj: Obj, name: str) -> Errors:
    """A port number (missing: 0, which is none)."""
    return in_range(obj, name, 1, 65535)


def too_long(obj: Obj, name: str, limit: int) -> Errors:
    """A string of at most `limit` bytes."""
    value = obj.get(name) or ""
    return (field.too_long(name, limit),) if byte_length(value) > limit else NONE


def forbidden(obj: Obj, name: str, detail: str) -> Errors:
    """A field that may not be set here."""
    return (field.forbidden(name, detail),) if obj.get(name) is not None else NONE


def unique(obj: Obj, name: str, key: str = "") -> Errors:
    """A list whose items, or whose items' `key`, all differ; empty keys do not count."""
    items = obj.get(name)
    if not items or len(items) == 1:
        return NONE
    seen = set()
    errors = []
    for i, item in enumerate(items):
        value = item.get(key) if key else item
        if value in seen:
            errors.append(field.duplicate(f"{name}[{i}].{key}" if key else f"{name}[{i}]", value))
        elif value:
            seen.add(value)
    return errors


def immutable(obj: Obj, old: Obj, name: str, detail: str = IMMUTABLE, *, zero: Any = None) -> Errors:
    """A field that stays as it is; missing and empty are the same, and shown as `zero` ("": Go holds a string)."""
    if (obj.get(name) or zero) == (old.get(name) or zero):
        return NONE
    return (field.invalid(name, zero if obj.get(name) is None else obj[name], detail),)


def label_selector(selector: Obj) -> Errors:
    """A check for `member`: `member(spec, "selector", label_selector)`."""
    return _anchored(validate_label_selector(selector, "")) if selector else NONE


def label_selector_after(old: Obj | None) -> Check:
    """`label_selector`, but blind for wrong label values if the stored selector has any fault already."""
    if not old or not label_selector(old):
        return label_selector
    return lambda selector: [e for e in label_selector(selector) if ".values[" not in e.field]


def _anchored(errors: Errors) -> Errors:
    """Without the dot that the older validators put after an empty parent."""
    return [Error(e.reason, e.field.removeprefix("."), e.value, e.detail) for e in errors] if errors else NONE


def anchored(check: Callable[[Any, str], Errors]) -> Check:
    """A check of those validators of `apimachinery` that take the path as a second argument."""

    def at_value(value: Any) -> Errors:
        found = check(value, "")
        return _anchored(found) if found else NONE

    return at_value


# What errors show


def go_struct(obj: Obj, **zeros: Any) -> dict[str, Any]:
    """`obj` as Go writes a struct of its internal types, which have no JSON names: all fields, by their Go names.

    `go_struct(ref, APIGroup="", Kind="")` is `{"APIGroup": …, "Kind": …}`; the values stand for missing fields.
    """
    return {name: obj.get(_wire_name(name), zero) for name, zero in zeros.items()}


def _wire_name(name: str) -> str:
    """APIGroup → apiGroup, Name → name, UID → uid."""
    head = 0
    while head < len(name) and name[head].isupper():
        head += 1
    if 1 < head < len(name):
        head -= 1
    return name[:head].lower() + name[head:]
