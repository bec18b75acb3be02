"""Whether what a client applies has the shape of its type (upstream: structured-merge-diff typed/validate.go)."""

from typing import Any

from pilothouse.apimachinery.managedfields import pathelement
from pilothouse.apimachinery.managedfields.deduced import Deduced
from pilothouse.apimachinery.managedfields.lists import Items
from pilothouse.apimachinery.managedfields.typed import Atomic, Mapping, Node, TypedError
from pilothouse.apimachinery.patch.goprint import plain, syntax, type_name

Errors = list[tuple[str, str]]
"""(path, message) pairs."""


def validate(node: Node, value: Any) -> str:
    """SMD's error text, or "" for a valid value. Items of keyed lists and sets must be distinct."""
    if value is None or node.fits(value):
        return ""
    errors: Errors = []
    check(node, value, "", errors)
    if not errors:
        return ""
    texts = [f"{path}: {message}" if path else message for path, message in errors]
    return texts[0] if len(texts) == 1 else "\n".join(["errors:", *("  " + text for text in texts)])


def check(node: Node, value: Any, path: str, errors: Errors) -> None:
    if value is None:
        return
    shape = node.shape if isinstance(node, Atomic) else node
    match shape:
        case Deduced() if not isinstance(value, dict):
            return
        case Mapping():
            _check_mapping(shape, value, path, errors)
        case Items():
            _check_list(shape, value, path, errors, keyed=shape is node)
        case _:
            message = _scalar_error(shape.scalar, value)
            if message:
                errors.append((path, message))


def _check_mapping(node: Mapping, value: Any, path: str, errors: Errors) -> None:
    if not isinstance(value, dict):
        errors.append((path, f"expected map, got {_wrapped(value)}"))
        return
    for name, item in value.items():
        child = node.declared.get(name) or node.values
        if child is None:
            errors.append((f"{path}.{name}", "field not declared in schema"))
            return
        check(child, item, f"{path}.{name}", errors)


def _check_list(node: Items, value: Any, path: str, errors: Errors, *, keyed: bool) -> None:
    if not isinstance(value, list):
        errors.append((path, f"expected list, got {_wrapped(value)}"))
        return
    seen = set()
    for i, item in enumerate(value):
        element = f"i:{i}"
        if keyed:
            try:
                element = node.element(item)
            except TypedError as e:
                errors.append((path, f"element {i}: {e}"))
                return
            if element in seen:
                errors.append((path, f"duplicate entries for key {pathelement.display(element)}"))
            seen.add(element)
        check(node.item, item, path + pathelement.display(element), errors)


def _scalar_error(scalar: str, value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match scalar:
        case "numeric" if not is_number:
            return f"expected numeric (int or float), got {type_name(value, integer='float64')}"
        case "string" if not isinstance(value, str):
            return f"expected string, got &value.valueUnstructured{{Value:{syntax(value)}}}"
        case "boolean" if not isinstance(value, bool):
            return f"expected boolean, got {_wrapped(value)}"
        case "untyped" if isinstance(value, dict | list):
            return f"expected any scalar, got {_wrapped(value)}"
    return ""


def _wrapped(value: Any) -> str:
    """A pointer to SMD's wrapper, printed with %v."""
    return "&{" + plain(value) + "}"
