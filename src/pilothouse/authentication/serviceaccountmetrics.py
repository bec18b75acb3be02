"""Metrics of service account tokens (upstream: pkg/serviceaccount/metrics.go)."""

from __future__ import annotations

from pilothouse.observability.metrics import REGISTRY, Registry, Series


class ServiceAccountMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        def count(name: str, help: str) -> Series:
            return registry.counter(f"serviceaccount_{name}_total", help).labels()

        self.legacy = count("legacy_tokens", "Cumulative legacy service account tokens used")
        self.stale = count("stale_tokens", "Cumulative stale projected service account tokens used")
        self.manual = count("legacy_manual_token_uses", "Cumulative manually created legacy tokens used")
        self.generated = count("legacy_auto_token_uses", "Cumulative auto-generated legacy tokens used")
        self.invalid = count(
            "invalid_legacy_auto_token_uses", "Cumulative invalid auto-generated legacy tokens used"
        )
        self.valid = count("valid_tokens", "Cumulative valid projected service account tokens used")
