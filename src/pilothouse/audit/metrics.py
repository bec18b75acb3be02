"""Metrics of auditing, and what is said of events that are lost (upstream: k8s.io/apiserver pkg/audit/metrics.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilothouse.audit.policy import LEVELS
from pilothouse.observability.logging import Logger, log
from pilothouse.observability.metrics import REGISTRY, Registry

if TYPE_CHECKING:
    from pilothouse.audit.event import Event


class AuditMetrics:
    def __init__(self, registry: Registry = REGISTRY, logger: Logger = log) -> None:
        self._log = logger
        self.events = registry.counter(
            "apiserver_audit_event_total", "Counter of audit events generated and sent to the audit backend."
        ).labels()
        self._errors = registry.counter(
            "apiserver_audit_error_total",
            "Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the"
            " error.", ("plugin",),
        )
        levels = registry.counter(
            "apiserver_audit_level_total", "Counter of policy levels for audit events (1 per request).", ("level",)
        )
        self.levels = [levels.labels(level) for level in LEVELS]
        self.rejected = registry.counter(
            "apiserver_audit_requests_rejected_total",
            "Counter of apiserver requests rejected due to an error in audit logging backend.",
        ).labels()

    def failed(self, plugin: str, error: object, events: Sequence[Event]) -> None:
        """`events` may be lost because of `error`: they are counted, and logged without their objects."""
        self._errors.labels(plugin).inc(len(events))
        impacted = "\n".join(event.legacy for event in events[:_SHOWN])
        self._log.error(
            f"Error in audit plugin '{plugin}' affecting {len(events)} audit events: {error}\n"
            f"Impacted events:\n{impacted}\n"
        )


_SHOWN = 100
"""Of a large batch not every event is logged again."""
