"""Metrics of JWT authenticators (upstream: plugin/pkg/authenticator/token/oidc/metrics.go)."""

from __future__ import annotations

import time
from collections.abc import Callable

from pilothouse.observability.configmetrics import FAILURE, SUCCESS, hashed
from pilothouse.observability.metrics import REGISTRY, Counter, Registry

_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


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


def _forget(metric: Counter, *labels: str) -> None:
    """Drop the series whose labels begin like this."""
    for known in [known for known in metric.series if known[:len(labels)] == labels]:
        del metric.series[known]
