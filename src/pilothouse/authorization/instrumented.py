"""Counting what each authorizer decides (upstream: k8s.io/apiserver pkg/authorization/metrics)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.observability.metrics import REGISTRY, Registry

if TYPE_CHECKING:
    from pilothouse.authorization.interface import Authorizer

_ALLOW, _DENY = Decision.ALLOW, Decision.DENY


class DecisionMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        self.decisions = registry.counter(
            "apiserver_authorization_decisions_total",
            "Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.",
            ("type", "name", "decision"),
        )


class InstrumentedAuthorizer:
    """Counts final decisions; no opinion is none."""

    def __init__(self, authorizer: Authorizer, type: str, name: str, metrics: DecisionMetrics) -> None:
        self._authorize = authorizer.authorize
        self._allowed = metrics.decisions.labels(type, name, "allowed")
        self._denied = metrics.decisions.labels(type, name, "denied")

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        answer = await self._authorize(attributes)
        if answer[0] is _ALLOW:
            self._allowed.value += 1
        elif answer[0] is _DENY:
            self._denied.value += 1
        return answer
