"""Metrics of acting as somebody else (upstream: endpoints/filters/impersonation/metrics)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.authorization.interface import Decision
from pilothouse.observability.metrics import ALPHA, Registry

if TYPE_CHECKING:
    from pilothouse.authorization.interface import Attributes, Authorizer

_LABELS = ("mode", "decision")
_BUCKETS = tuple(0.001 * 2**n for n in range(15))


class ImpersonationMetrics:
    def __init__(self, registry: Registry) -> None:
        prefix = "apiserver_impersonation"
        self._attempts = registry.counter(
            f"{prefix}_attempts_total", "Total number of impersonation attempts split by mode and decision.", _LABELS
        )
        self._attempt_time = registry.histogram(
            f"{prefix}_attempts_duration_seconds",
            "Latency of impersonation attempts in seconds split by mode and decision.", _LABELS, ALPHA, _BUCKETS,
        )
        self._checks = registry.counter(
            f"{prefix}_authorization_attempts_total",
            "Total number of authorization checks made by the impersonation handler split by mode and decision.",
            _LABELS,
        )
        self._check_time = registry.histogram(
            f"{prefix}_authorization_attempts_duration_seconds",
            "Latency of authorization checks made by the impersonation handler in seconds split by mode and decision.",
            _LABELS, ALPHA, _BUCKETS,
        )

    def attempt(self, mode: str, decision: str, seconds: float) -> None:
        """`mode` is "" for a refusal."""
        self._attempts.labels(mode, decision).inc()
        self._attempt_time.labels(mode, decision).observe(seconds)

    def check(self, mode: str, decision: str, seconds: float) -> None:
        self._checks.labels(mode, decision).inc()
        self._check_time.labels(mode, decision).observe(seconds)


class CountingAuthorizer:
    """Counts what impersonation asks of `authorizer`."""

    def __init__(self, authorizer: Authorizer, metrics: ImpersonationMetrics, clock: Callable[[], float]) -> None:
        self._authorizer = authorizer
        self._metrics = metrics
        self._clock = clock

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        start = self._clock()
        decision = Decision.NO_OPINION
        try:
            decision, reason = await self._authorizer.authorize(attributes)
        finally:
            self._metrics.check(
                _mode(attributes.verb), "allowed" if decision is Decision.ALLOW else "denied", self._clock() - start
            )
        return decision, reason


def _mode(verb: str) -> str:
    """"impersonate-on:user-info:get" and "impersonate:user-info" are of the mode "user-info"."""
    parts = verb.split(":")
    return parts[1] if len(parts) > 1 else "legacy"
