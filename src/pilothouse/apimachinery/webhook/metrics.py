"""Calls of webhooks (upstream: k8s.io/component-base metrics/prometheus/restclient, whose client its webhooks use)."""

from typing import Final

from pilothouse.observability.metrics import ALPHA, REGISTRY

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_BYTES = (
    64.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0,
)
_MOST_HOSTS: Final = 1000
"""Definitions come and go, and with them the hosts of their webhooks."""
_OTHERS: Final = "others"
_POST: Final = "POST"
_requests = REGISTRY.counter(
    "rest_client_requests_total", "Number of HTTP requests, partitioned by status code, method, and host.",
    ("code", "method", "host"),
)
_durations = REGISTRY.histogram(
    "rest_client_request_duration_seconds", "Request latency in seconds. Broken down by verb, and host.",
    ("verb", "host"), ALPHA, _SECONDS,
)
_request_sizes = REGISTRY.histogram(
    "rest_client_request_size_bytes", "Request size in bytes. Broken down by verb and host.", ("verb", "host"),
    ALPHA, _BYTES,
)
_response_sizes = REGISTRY.histogram(
    "rest_client_response_size_bytes", "Response size in bytes. Broken down by verb and host.", ("verb", "host"),
    ALPHA, _BYTES,
)
_hosts: set[str] = set()


def called(host: str, seconds: float, sent: int, code: int, received: int) -> None:
    """A POST to `host` ("name:port"), with the sizes of both bodies; `code` 0: there was no answer."""
    if host not in _hosts:
        if len(_hosts) >= _MOST_HOSTS:
            host = _OTHERS
        _hosts.add(host)
    _requests.inc(str(code) if code else "<error>", _POST, host)
    _durations.observe(seconds, _POST, host)
    _request_sizes.observe(sent, _POST, host)
    if code:
        _response_sizes.observe(received, _POST, host)
