"""Metrics of configuration files that are followed (upstream: k8s.io/apiserver pkg/server/options/
authenticationconfig/metrics, authorizationconfig/metrics; pkg/util/configmetrics)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Final

from pilothouse.observability.metrics import BETA, REGISTRY, Registry

SUCCESS: Final = "success"
FAILURE: Final = "failure"


class ConfigurationMetrics:
    """`subject` is authentication or authorization, `server` this server's id; `clock` gives Unix seconds."""

    def __init__(
        self, subject: str, server: str, registry: Registry = REGISTRY, clock: Callable[[], float] = time.time
    ) -> None:
        prefix, labels = f"apiserver_{subject}_config_controller", ("status", "apiserver_id_hash")
        self._server = hashed(server)
        self._clock = clock
        self._reloads = registry.counter(
            f"{prefix}_automatic_reloads_total",
            f"Total number of automatic reloads of {subject} configuration split by status and apiserver identity.",
            labels, BETA,
        )
        self._last = registry.gauge(
            f"{prefix}_automatic_reload_last_timestamp_seconds",
            f"Timestamp of the last automatic reload of {subject} configuration split by status and apiserver "
            "identity.", labels, BETA,
        )
        self._info = registry.gauge(
            f"{prefix}_last_config_info",
            f"Information about the last applied {subject} configuration with hash as label, split by apiserver "
            "identity.", ("apiserver_id_hash", "hash"),
        )

    def applied(self, data: str) -> None:
        """The configuration `data` is in force."""
        self._info.series.clear()
        self._info.set(1, self._server, hashed(data))

    def reloaded(self, status: str) -> None:
        """`status` is `SUCCESS` or `FAILURE`."""
        self._reloads.inc(status, self._server)
        self._last.set(self._clock(), status, self._server)


def hashed(text: str) -> str:
    """How labels tell apart what should not stand in them."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if text else ""
