"""How long a schema may take to hold values against it: a small value may have a large schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Props = Mapping[str, Any]

#: Names in a list that take as long as one schema.
_CHEAP: Final = 20


def most_checks(props: Props) -> int:
    """How many schemas one value is held against at most, where it stands in `props`, a schema in wire form; long enums
    and lists of required names count, too."""
    most = 1
    stack = [props]
    while stack:
        node = stack.pop()
        named = len(node.get("enum") or ()) + len(node.get("required") or ())
        most = max(most, 1 + _alternatives(node), named // _CHEAP)
        stack += _below(node)
    return most


def _alternatives(node: Props) -> int:
    """All schemas that stand below the junctors of a node."""
    found = 0
    stack = _junctors(node)
    while stack:
        nested = stack.pop()
        found += 1
        stack += _junctors(nested)
        stack += _below(nested)
    return found


def _junctors(node: Props) -> list[Props]:
    found = [schema for name in ("allOf", "anyOf", "oneOf") for schema in node.get(name) or ()]
    if node.get("not") is not None:
        found.append(node["not"])
    return found


def _below(node: Props) -> list[Props]:
    found = list((node.get("properties") or {}).values())
    found += [schema for name in ("items", "additionalProperties") if isinstance(schema := node.get(name), Mapping)]
    return found
