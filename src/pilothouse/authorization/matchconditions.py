"""When a webhook is asked at all: expressions about the access review (upstream: k8s.io/apiserver
pkg/authorization/cel)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.cel import kubernetes
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.environment import Environment, Program
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import Field, StructType, Type
from pilothouse.apimachinery.cel.values import CostExceeded
from pilothouse.observability.metrics import REGISTRY, Registry

_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25)
_RESOURCE_FIELDS: Final = ("namespace", "verb", "group", "version", "resource", "subresource", "name")
_STRINGS: Final = t.list_of(t.String)
_CHEAP: Final = 10_000
"""What the conditions for one request may cost on the loop: about five milliseconds."""


class ExpressionError(ValueError):
    """An expression that is no match condition; `internal` ones are not its author's fault."""

    def __init__(self, text: str, *, internal: bool = False) -> None:
        super().__init__(text)
        self.internal = internal


def _struct(name: str, /, **fields: Type) -> StructType:
    return StructType(f"kubernetes.{name}", {key: Field(key, type) for key, type in fields.items()})


@cache
def _environment() -> Environment:
    requirement = _struct("SelectorRequirement", key=t.String, operator=t.String, values=_STRINGS)
    selectors = {
        name: _struct(type, rawSelector=t.String, requirements=t.list_of(requirement))
        for name, type in (
            ("fieldSelector", "FieldSelectorAttributes"), ("labelSelector", "LabelSelectorAttributes"),
        )
    }
    resource = _struct("ResourceAttributes", **dict.fromkeys(_RESOURCE_FIELDS, t.String), **selectors)
    path = _struct("NonResourceAttributes", path=t.String, verb=t.String)
    review = _struct(
        "SubjectAccessReviewSpec", resourceAttributes=resource, nonResourceAttributes=path, user=t.String,
        groups=_STRINGS, extra=t.map_of(t.String, _STRINGS), uid=t.String,
    )
    return kubernetes.environment({"request": review}, review, resource, path, *selectors.values(), requirement)


def compile_condition(expression: str) -> Program:
    """Raises ExpressionError."""
    try:
        program = _environment().compile(expression)
    except CompileError as e:
        if not e.issues:
            raise ExpressionError(f"program instantiation failed: {e}", internal=True) from None
        raise ExpressionError(f"compilation failed: {e}") from None
    if program.output_type.kind != t.BOOL:
        raise ExpressionError(f"must evaluate to bool but got {program.output_type}")
    return program


class MatchMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        prefix, labels = "apiserver_authorization_match_condition", ("type", "name")
        self._errors = registry.counter(
            f"{prefix}_evaluation_errors_total",
            "Total number of errors when an authorization webhook encounters a match condition error split by "
            "authorizer type and name.", labels,
        )
        self._exclusions = registry.counter(
            f"{prefix}_exclusions_total",
            "Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.",
            labels,
        )
        self._seconds = registry.histogram(
            f"{prefix}_evaluation_seconds",
            "Authorization match condition evaluation time in seconds, split by authorizer type and name.", labels,
            buckets=_BUCKETS,
        )

    def evaluated(self, name: str, seconds: float, *, failed: bool, excluded: bool) -> None:
        self._seconds.observe(seconds, "Webhook", name)
        if failed:
            self._errors.inc("Webhook", name)
        if excluded:
            self._exclusions.inc("Webhook", name)


class MatchConditions:
    """The conditions of the webhook `name`: a `webhook.Conditions`."""

    def __init__(
        self, name: str, expressions: Sequence[str], metrics: MatchMetrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ExpressionError."""
        self._name = name
        self._programs = [compile_condition(expression) for expression in expressions]
        self._metrics = metrics or MatchMetrics()
        self._clock = clock

    async def matches(self, spec: dict[str, Any]) -> bool:
        """False if a condition is false for this access review. Raises ValueError when none is but some fail."""
        start, request = self._clock(), {"request": review(spec)}
        errors: list[str] = []
        excluded, cheap = False, _CHEAP
        for program in self._programs:
            value, cost, error = program.run(request, cheap)
            cheap = max(cheap - cost, 0)
            if isinstance(error, CostExceeded):
                # loops over many groups, or groups of groups
                value, _, error = await aside(program.run, request)
            if error is not None:
                errors.append(f"cel evaluation error: expression '{program.text}' resulted in error: {error}")
            elif value is False:
                excluded = True
                break
        self._metrics.evaluated(self._name, self._clock() - start, failed=bool(errors), excluded=excluded)
        if excluded:
            return False
        if errors:
            raise ValueError(aggregate(errors))
        return True


def review(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What expressions see of a SubjectAccessReview's spec: every text is there, also where the wire leaves it out."""
    seen: dict[str, Any] = {
        "user": spec.get("user", ""), "groups": spec.get("groups") or [], "uid": spec.get("uid", ""),
        "extra": spec.get("extra") or {},
    }
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None:
        seen["resourceAttributes"] = attributes = {name: resource.get(name, "") for name in _RESOURCE_FIELDS}
        for name in ("fieldSelector", "labelSelector"):
            if selector := resource.get(name):
                attributes[name] = {"requirements": [{"values": [], **r} for r in selector["requirements"]]}
    if path is not None:
        seen["nonResourceAttributes"] = {name: path.get(name, "") for name in ("path", "verb")}
    return seen
