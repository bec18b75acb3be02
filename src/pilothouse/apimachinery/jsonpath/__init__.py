"""Kubernetes' dialect of JSONPath (upstream: k8s.io/client-go util/jsonpath), as columns and selectable fields use it.

`JSONPath("{.spec.size}").find(obj)` gives the results of each action. Missing keys are no error.
"""

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery.jsonpath.evaluate import Allowance, EvaluationError, evaluate
from pilothouse.apimachinery.jsonpath.nodes import Field, ListNode
from pilothouse.apimachinery.jsonpath.parse import SyntaxError, parse

__all__ = ["Allowance", "EvaluationError", "JSONPath", "SyntaxError"]


class JSONPath:
    """A template, parsed once. Raises SyntaxError with upstream's text."""

    __slots__ = ("_fields", "_nodes")

    def __init__(self, template: str) -> None:
        self._nodes = parse(template)
        self._fields = _plain_fields(self._nodes)

    def find(self, data: Any, allowance: Allowance | None = None) -> list[list[Any]]:
        """The values that each text and each action of the template finds. Raises EvaluationError."""
        if self._fields is None:
            return evaluate(self._nodes, data, allowance)
        for name in self._fields:
            if not isinstance(data, Mapping) or name not in data:
                return [[]]
            data = data[name]
        return [[data]]


def _plain_fields(nodes: tuple[Any, ...]) -> tuple[str, ...] | None:
    """The names, if the template is nothing but "{.a.b.c}"."""
    if len(nodes) != 1 or not isinstance(nodes[0], ListNode):
        return None
    fields = [node for node in nodes[0].nodes if isinstance(node, Field)]
    return tuple(field.name for field in fields) if len(fields) == len(nodes[0].nodes) else None
