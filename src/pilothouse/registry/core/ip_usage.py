"""How many addresses of each service CIDR are taken (upstream: ipallocator.go, Used and Free).

Counted from the IPAddress objects once, when the first address is asked for, and anew when the ranges change; from then
on each object that comes or goes is counted.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.storage.interface import Event, Item, Predicate

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilothouse.registry.core.allocator_metrics import IPMetrics
    from pilothouse.registry.core.service_ip import Address, IPRange
    from pilothouse.registry.dependencies import Stores

IP_ADDRESSES: Final = GroupResource("networking.k8s.io", "ipaddresses")
MANAGED_BY_LABEL: Final = "ipaddress.kubernetes.io/managed-by"
MANAGER: Final = "ipallocator.k8s.io"


class IPUsage:
    """`ranges` gives those that hand out addresses now, the same tuple until they change."""

    def __init__(self, ranges: Callable[[], tuple[IPRange, ...]], stores: Stores, metrics: IPMetrics) -> None:
        self._ranges = ranges
        self._stores = stores
        self._metrics = metrics
        self._taken: dict[IPRange, int] | None = None
        self._counted: tuple[IPRange, ...] = ()

    def follow(self) -> None:
        """Begin to count, if that has not been done."""
        if self._taken is None:
            self._stores(IP_ADDRESSES).cacher.observe(self._observe)
            self._recount(self._ranges())

    def _recount(self, ranges: tuple[IPRange, ...]) -> None:
        store = self._stores(IP_ADDRESSES)
        items, _ = store.cacher.snapshot(Predicate(store.key_root()))
        addresses = [address for item in items if (address := _allocated(item)) is not None]
        self._counted = ranges
        self._taken = {found: sum(address in found.network for address in addresses) for found in ranges}
        for found, taken in self._taken.items():
            self._metrics.count(str(found.network), taken, found.size)

    def _observe(self, event: Event) -> None:
        taken, change = self._taken, event.deleted - (event.previous is None)
        if taken is None or not change:
            return
        ranges = self._ranges()
        if ranges is not self._counted:
            self._recount(ranges)
        elif (address := _allocated(event.item)) is not None:
            for found in ranges:
                if address in found.network:
                    taken[found] -= change
                    self._metrics.count(str(found.network), taken[found], found.size)


def _allocated(item: Item) -> Address | None:
    """The address of an object that the allocator has made."""
    if item.labels.get(MANAGED_BY_LABEL) != MANAGER:
        return None
    try:
        return ipaddress.ip_address(item.key.rpartition("/")[2])
    except ValueError:
        return None
