"""Metrics of APIServices (upstream: kube-aggregator controllers/status/metrics)."""

from __future__ import annotations

from pilothouse.observability.metrics import Registry


class AvailabilityMetrics:
    def __init__(self, registry: Registry) -> None:
        self._total = registry.counter(
            "aggregator_unavailable_apiservice_total",
            "Counter of APIServices which are marked as unavailable broken down by APIService name and reason.",
            ("name", "reason"),
        )
        self._gauge = registry.gauge(
            "aggregator_unavailable_apiservice",
            "Gauge of APIServices which are marked as unavailable broken down by APIService name.", ("name",),
        )

    def set(self, name: str, available: bool) -> None:
        """How an APIService is now."""
        self._gauge.set(0.0 if available else 1.0, name)

    def forget(self, name: str) -> None:
        self._gauge.series.pop((name,), None)

    def count(self, name: str, reason: str) -> None:
        """It has become unavailable."""
        self._total.inc(name, reason)
