"""What is wrong with literals of a well-typed expression (cel-go cel/validator.go, the set that Kubernetes uses)."""

from collections.abc import Callable
from typing import Any

from pilothouse.apimachinery.cel import arithmetic
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.ast import Call, ListNode, Literal, MapNode, Node, walk
from pilothouse.apimachinery.cel.libraries.formatting import check_format
from pilothouse.apimachinery.cel.libraries.standard import compile_regex
from pilothouse.apimachinery.cel.source import Issues
from pilothouse.apimachinery.cel.types import Type, unwrap_optional
from pilothouse.apimachinery.cel.values import EvaluationError


def validate(root: Node, issues: Issues) -> None:
    nodes = walk(root)
    checks: tuple[tuple[str, Callable[[Any], Any]], ...] = (
        ("duration", arithmetic.to_duration), ("timestamp", arithmetic.to_timestamp), ("matches", compile_regex),
    )
    for name, convert in checks:
        for node in nodes:
            if isinstance(node, Call) and node.function == name and node.args and isinstance(node.args[0], Literal):
                _argument(node.args[0], name, convert, issues)
    calls = [node for node in nodes if isinstance(node, Call) and node.function == "format" and node.target]
    for call in calls:
        found = check_format(call) if "string_format" in call.overloads else None
        if found is not None:
            issues.report(issues.source.location(found[0].offset), found[1])
    exempt = {id(below) for call in calls for below in walk(call)}
    for node in nodes:
        if isinstance(node, ListNode) and id(node) not in exempt:
            _list(node, issues)
    for node in nodes:
        if isinstance(node, MapNode) and id(node) not in exempt:
            _map(node, issues)


def _argument(argument: Literal, name: str, convert: Callable[[Any], Any], issues: Issues) -> None:
    try:
        convert(argument.value)
    except EvaluationError:
        issues.report(issues.source.location(argument.offset), f"invalid {name} argument")


def _same(a: Type, b: Type) -> bool:
    """Whether two types are the same but for what is inside an object type (cel-go IsEquivalentType)."""
    return a.kind == b.kind and a.name == b.name and len(a.params) == len(b.params) and all(
        _same(x, y) for x, y in zip(a.params, b.params, strict=True)
    )


def _mismatch(node: Node, expected: Type, actual: Type, issues: Issues) -> None:
    issues.report(
        issues.source.location(node.offset), f"expected type '{expected}' but found '{actual}'"
    )


def _element_type(node: Node, optional: bool) -> Type:
    return unwrap_optional(node.type)[0] if optional else node.type


def _list(node: ListNode, issues: Issues) -> None:
    first: Type | None = None
    for i, element in enumerate(node.elements):
        actual = _element_type(element, i in node.optionals)
        if first is None:
            first = actual
        elif not _same(first, actual):
            _mismatch(element, first, actual, issues)
            return


def _map(node: MapNode, issues: Issues) -> None:
    key: Type = t.Error
    value: Type = t.Error
    for i, entry in enumerate(node.entries):
        actual = _element_type(entry.value, entry.optional)
        if i == 0:
            key, value = entry.key.type, actual
            continue
        if not _same(key, entry.key.type):
            _mismatch(entry.key, key, entry.key.type, issues)
        if not _same(value, actual):
            _mismatch(entry.value, value, actual, issues)
