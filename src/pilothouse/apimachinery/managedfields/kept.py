"""The paths that an endpoint writes, where it resets all others (upstream: structured-merge-diff fieldpath/set.go,
NewIncludeMatcherFilter)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pilothouse.apimachinery.managedfields import fieldset
from pilothouse.apimachinery.managedfields.fieldset import FieldSet

#: In a path: whatever stands there.
ANY: Final = "*"


class Kept:
    """`Kept([("spec", "containers", ANY, "resources")])`: everything at and below these paths, and the paths to it."""

    def __init__(self, paths: Iterable[tuple[str, ...]]) -> None:
        self._pattern: dict[str, Any] = {}
        for path in paths:
            node = self._pattern
            for name in path:
                node = node.setdefault(name if name == ANY else f"f:{name}", {})

    def of(self, fields: FieldSet) -> FieldSet:
        return _matching(fields, self._pattern)


def _matching(fields: FieldSet, pattern: Mapping[str, Any]) -> FieldSet:
    """The children in `fields` that match; a pattern without children matches everything."""
    if not pattern:
        return fields
    out: FieldSet = {}
    for element, node in fields.items():
        below = pattern.get(element, pattern.get(ANY))
        if element == "." or below is None:
            continue
        kept = _matching(node, below)
        if fieldset.is_member(node):
            out[element] = fieldset.member(kept)
        elif kept:
            out[element] = kept
    return out
