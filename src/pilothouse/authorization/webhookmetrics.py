"""Metrics of the webhook authorizer (upstream: plugin/pkg/authorizer/webhook/metrics)."""

from __future__ import annotations

from pilothouse.observability.metrics import REGISTRY, Registry

_LABELS = ("name", "result")


class WebhookMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        prefix = "apiserver_authorization_webhook"
        self._evaluations = registry.counter(
            f"{prefix}_evaluations_total", "Round-trips to authorization webhooks.", _LABELS
        )
        self._seconds = registry.histogram(f"{prefix}_duration_seconds", "Request latency in seconds.", _LABELS)
        self._failed_open = registry.counter(
            f"{prefix}_evaluations_fail_open_total", "NoOpinion results due to webhook timeout or error.", _LABELS
        )

    def evaluated(self, name: str, result: str, seconds: float) -> None:
        """`result` is success, canceled, timeout or error."""
        self._evaluations.labels(name, result).inc()
        self._seconds.labels(name, result).observe(seconds)

    def failed_open(self, name: str, result: str) -> None:
        self._failed_open.labels(name, result).inc()
