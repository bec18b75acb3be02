"""Node ports (upstream: pkg/registry/core/service/portallocator).

Ports in use are read from the stored services when the first one is asked for, and counted from then on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.registry.core.allocator_metrics import DYNAMIC, STATIC, PortMetrics
from pilothouse.registry.core.service_ip import FULL, AllocationError
from pilothouse.storage.interface import Predicate

if TYPE_CHECKING:
    from pilothouse.registry.dependencies import Stores

SERVICES = GroupResource("", "services")
_DRY_RUN_PORTS = 32768
"""The first port that a dry run is told comes after this one."""
ALLOCATED = "provided port is already allocated"


def ports_of(service: Mapping[str, Any]) -> list[int]:
    """The node ports that a service's ports name."""
    ports = (service.get("spec") or {}).get("ports") or ()
    return [port["nodePort"] for port in ports if port.get("nodePort")]


class NodePorts:
    """The range of --service-node-port-range, and who has what of it."""

    def __init__(self, ports: range, stores: Stores) -> None:
        self._range = ports
        self._stores = stores
        self._offset = _range_offset(len(ports))
        self.metrics = PortMetrics()
        self._taken: set[int] | None = None

    def begin(self, dry_run: bool) -> PortOperation:
        return PortOperation(self, dry_run)

    @property
    def taken(self) -> set[int]:
        if self._taken is None:
            self._taken = set(self._stored())
            self.count()
        return self._taken

    def count(self) -> None:
        """Tell the metrics how many are taken."""
        self.metrics.count(len(self.taken), len(self._range))

    def check(self, port: int) -> None:
        """Raises AllocationError unless `port` is one of the range and free."""
        if port not in self._range:
            raise AllocationError(
                "provided port is not in the valid range. The range of valid ports is "
                f"{self._range.start}-{self._range.stop - 1}"
            )
        if port in self.taken:
            raise AllocationError(ALLOCATED)

    def next(self) -> int:
        """A free port, low ones last. Raises AllocationError."""
        taken = self.taken
        for low, high in ((self._offset, len(self._range)), (0, self._offset)):
            length = high - low
            start = random.randrange(length) if length > 0 else 0
            for i in range(length):
                port = self._range[low + (start + i) % length]
                if port not in taken:
                    return port
        raise AllocationError(FULL)

    def _stored(self) -> Iterator[int]:
        store = self._stores(SERVICES)
        items, _ = store.cacher.snapshot(Predicate(store.key_root()))
        for item in items:
            service = orjson.loads(item.body)
            yield from ports_of(service)
            health = (service.get("spec") or {}).get("healthCheckNodePort")
            if health:
                yield health


class PortOperation:
    """What one write takes and gives back; nothing is given back before the write has happened."""

    def __init__(self, ports: NodePorts, dry_run: bool) -> None:
        self._ports = ports
        self._dry_run = dry_run
        self._allocated: set[int] = set()
        self._highest = _DRY_RUN_PORTS
        self._released: list[int] = []

    def allocate(self, port: int) -> None:
        """Raises AllocationError."""
        try:
            self._ports.check(port)
            if self._dry_run and port in self._allocated:
                raise AllocationError(ALLOCATED)
        except AllocationError:
            self._count(STATIC, failed=True)
            raise
        self._take(port)
        self._count(STATIC)

    def allocate_next(self) -> int:
        """Raises AllocationError. A dry run is told a port beyond the range, as upstream does."""
        try:
            port = self._highest + 1 if self._dry_run else self._ports.next()
        except AllocationError:
            self._count(DYNAMIC, failed=True)
            raise
        self._take(port)
        self._count(DYNAMIC)
        return port

    def release(self, port: int) -> None:
        self._released.append(port)

    def finish(self, done: bool) -> None:
        """Keep or give back what was allocated; `done` says whether the write happened."""
        if not self._dry_run:
            self._ports.taken.difference_update(self._released if done else self._allocated)
            self._ports.count()

    def _count(self, scope: str, *, failed: bool = False) -> None:
        if self._dry_run:
            return
        if failed:
            self._ports.metrics.failed(scope)
        else:
            self._ports.metrics.allocated(scope)

    def _take(self, port: int) -> None:
        self._highest = port if not self._allocated else max(self._highest, port)
        self._allocated.add(port)
        if not self._dry_run:
            self._ports.taken.add(port)


def _range_offset(size: int) -> int:
    """How many low ports are kept for people who choose (upstream: calculateRangeOffset)."""
    return 0 if size <= 16 else min(max(size // 32, 16), 128)
