"""Metrics of JWT authenticators and of their configuration (upstream: plugin/pkg/authenticator/token/oidc/metrics.go,
pkg/server/options/authenticationconfig/metrics).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from pilothouse.observability.metrics import BETA, REGISTRY, Counter, Registry

_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SUCCESS, FAILURE = "success", "failure"


def hashed(text: str) -> str:
    """How labels tell apart what should not stand in them."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if text else ""


class JWTMetrics:
    """`server` is this server's id; `clock` gives Unix seconds."""

    def __init__(self, server: str, registry: Registry = REGISTRY, clock: Callable[[], float] = time.time) -> None:
        prefix = "apiserver_authentication_jwt_authenticator"
        self._server = hashed(server)
        self._clock = clock
        self._seconds = registry.histogram(
            f"{prefix}_latency_seconds",
            "Latency of jwt authentication operations in seconds. This is the time spent authenticating a token for "
            "cache miss only (i.e. when the token is not found in the cache).",
            ("result", "jwt_issuer_hash"), buckets=_BUCKETS,
        )
        self._fetched = registry.gauge(
            f"{prefix}_jwks_fetch_last_timestamp_seconds",
            "Timestamp of the last successful or failed JWKS fetch split by result, api server identity and jwt issuer "
            "for the JWT authenticator.", ("result", "jwt_issuer_hash", "apiserver_id_hash"),
        )
        self._keys = registry.gauge(
            f"{prefix}_jwks_fetch_last_key_set_info",
            "Information about the last JWKS fetched by the JWT authenticator with hash as label, split by api server "
            "identity and jwt issuer.", ("jwt_issuer_hash", "apiserver_id_hash", "hash"),
        )

    def authenticated(self, result: str, issuer: str, seconds: float) -> None:
        self._seconds.observe(seconds, result, hashed(issuer))

    def fetched(self, issuer: str, keys: str | None) -> None:
        """The keys of an issuer were fetched; None: that failed."""
        labels = (hashed(issuer), self._server)
        self._fetched.set(self._clock(), FAILURE if keys is None else SUCCESS, *labels)
        if keys is not None:
            _forget(self._keys, *labels)
            self._keys.set(1, *labels, hashed(keys))

    def forget(self, issuer: str) -> None:
        """The issuer is no longer configured."""
        labels = (hashed(issuer), self._server)
        _forget(self._keys, *labels)
        for result in (SUCCESS, FAILURE):
            self._fetched.series.pop((result, *labels), None)


class ConfigurationMetrics:
    """Reloads of the configuration file."""

    def __init__(self, server: str, registry: Registry = REGISTRY, clock: Callable[[], float] = time.time) -> None:
        prefix = "apiserver_authentication_config_controller"
        self._server = hashed(server)
        self._clock = clock
        labels = ("status", "apiserver_id_hash")
        self._reloads = registry.counter(
            f"{prefix}_automatic_reloads_total",
            "Total number of automatic reloads of authentication configuration split by status and apiserver identity.",
            labels, BETA,
        )
        self._last = registry.gauge(
            f"{prefix}_automatic_reload_last_timestamp_seconds",
            "Timestamp of the last automatic reload of authentication configuration split by status and apiserver "
            "identity.", labels, BETA,
        )
        self._info = registry.gauge(
            f"{prefix}_last_config_info",
            "Information about the last applied authentication configuration with hash as label, split by apiserver "
            "identity.", ("apiserver_id_hash", "hash"),
        )

    def applied(self, data: str) -> None:
        """The configuration `data` is in force."""
        _forget(self._info, self._server)
        self._info.set(1, self._server, hashed(data))

    def reloaded(self, status: str) -> None:
        self._reloads.inc(status, self._server)
        self._last.set(self._clock(), status, self._server)


def _forget(metric: Counter, *labels: str) -> None:
    """Drop the series whose labels begin like this."""
    for known in [known for known in metric.series if known[:len(labels)] == labels]:
        del metric.series[known]
