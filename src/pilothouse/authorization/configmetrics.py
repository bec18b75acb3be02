"""Metrics of the authorization configuration file (upstream: pkg/server/options/authorizationconfig/metrics)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from pilothouse.observability.metrics import BETA, REGISTRY, Registry


class ConfigurationMetrics:
    """`server` is this server's id; `clock` gives Unix seconds."""

    def __init__(self, server: str, registry: Registry = REGISTRY, clock: Callable[[], float] = time.time) -> None:
        prefix, labels = "apiserver_authorization_config_controller", ("status", "apiserver_id_hash")
        self._server = _hash(server.encode())
        self._clock = clock
        self._reloads = registry.counter(
            f"{prefix}_automatic_reloads_total",
            "Total number of automatic reloads of authorization configuration split by status and apiserver identity.",
            labels, BETA,
        )
        self._last = registry.gauge(
            f"{prefix}_automatic_reload_last_timestamp_seconds",
            "Timestamp of the last automatic reload of authorization configuration split by status and apiserver "
            "identity.", labels, BETA,
        )
        self._info = registry.gauge(
            f"{prefix}_last_config_info",
            "Information about the last applied authorization configuration with hash as label, split by apiserver "
            "identity.", ("apiserver_id_hash", "hash"),
        )

    def applied(self, data: bytes) -> None:
        """The configuration `data` is in force."""
        self._info.series.clear()
        self._info.set(1, self._server, _hash(data))

    def reloaded(self, status: str) -> None:
        """`status` is success or failure."""
        self._reloads.inc(status, self._server)
        self._last.set(self._clock(), status, self._server)


def _hash(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}" if data else ""
