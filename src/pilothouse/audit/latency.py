"""Where the time of a slow request went, as annotations (upstream: endpoints/request/webhook_duration.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import duration

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import LatencyTrackers

_PREFIX = "apiserver.latency.k8s.io/"
_KEYS = {
    "transform": "transform-response-object", "storage": "etcd", "serialize": "serialize-response-object",
    "response_write": "response-write", "mutating_webhook": "mutating-webhook",
    "validating_webhook": "validating-webhook", "decode": "decode-response-object", "apf_queue_wait": "apf-queue-wait",
    "authentication": "authentication", "authorization": "authorization", "impersonation": "impersonation",
}


def latency_annotations(latency: LatencyTrackers, total: float) -> dict[str, str]:
    """One for each phase that took time, and the total; nothing where no phase was tracked. `total` in seconds."""
    spent = {
        f"{_PREFIX}{key}": _text(seconds) for phase, key in _KEYS.items() if (seconds := getattr(latency, phase))
    }
    return spent | {f"{_PREFIX}total": _text(total)} if spent else {}


def _text(seconds: float) -> str:
    return duration.format(round(seconds * 1e9))
