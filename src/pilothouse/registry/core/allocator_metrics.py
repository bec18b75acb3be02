"""What services were given (upstream: pkg/registry/core/service/ipallocator/metrics.go, portallocator/metrics.go)."""

from typing import Final

from pilothouse.observability.metrics import ALPHA, REGISTRY, Registry

STATIC, DYNAMIC = "static", "dynamic"
"""The client has chosen; the server has."""
_IPS: Final = "kube_apiserver_clusterip_allocator_"
_PORTS: Final = "kube_apiserver_nodeport_allocator_"
#: As many as upstream can count.
_MOST: Final = 2**63 - 1
#: client_golang's DefBuckets.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class IPMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        labels = ("cidr", "scope")
        self._taken = registry.gauge(
            f"{_IPS}allocated_ips", "Gauge measuring the number of allocated IPs for Services", ("cidr",)
        )
        self._free = registry.gauge(
            f"{_IPS}available_ips", "Gauge measuring the number of available IPs for Services", ("cidr",)
        )
        self._allocations = registry.counter(f"{_IPS}allocation_total", "Number of Cluster IPs allocations", labels)
        self._errors = registry.counter(
            f"{_IPS}allocation_errors_total", "Number of errors trying to allocate Cluster IPs", labels
        )
        self._seconds = registry.histogram(
            f"{_IPS}allocation_duration_seconds", "Duration in seconds to allocate a Cluster IP by ServiceCIDR",
            ("cidr",), ALPHA, _SECONDS,
        )

    def count(self, cidr: str, taken: int, size: int) -> None:
        """Of `size` addresses."""
        self._taken.set(taken, cidr)
        self._free.set(max(0, min(size, _MOST) - taken), cidr)

    def allocated(self, cidr: str, scope: str, seconds: float) -> None:
        self._allocations.inc(cidr, scope)
        self._seconds.observe(seconds, cidr)

    def failed(self, cidr: str, scope: str) -> None:
        self._errors.inc(cidr, scope)


class PortMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        self._taken = registry.gauge(
            f"{_PORTS}allocated_ports", "Gauge measuring the number of allocated NodePorts for Services"
        )
        self._free = registry.gauge(
            f"{_PORTS}available_ports", "Gauge measuring the number of available NodePorts for Services"
        )
        self._allocations = registry.counter(f"{_PORTS}allocation_total", "Number of NodePort allocations", ("scope",))
        self._errors = registry.counter(
            f"{_PORTS}allocation_errors_total", "Number of errors trying to allocate NodePort", ("scope",)
        )

    def count(self, taken: int, size: int) -> None:
        """Of `size` ports."""
        self._taken.set(taken)
        self._free.set(size - taken)

    def allocated(self, scope: str) -> None:
        self._allocations.inc(scope)

    def failed(self, scope: str) -> None:
        self._errors.inc(scope)
