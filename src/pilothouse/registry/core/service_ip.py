"""Cluster IPs (upstream: pkg/registry/core/service/ipallocator).

An address is taken as long as its IPAddress object exists; that object is made before the service is
written, and removed when the service lets go of the address. Nothing else remembers allocations, so there
is nothing to repair when the server starts.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import meta
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import REASON_ALREADY_EXISTS, REASON_NOT_FOUND, StatusError
from pilothouse.registry.rest import DeleteOptions, WriteOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Stores
    from pilothouse.registry.store import Store

Object = dict[str, Any]

IP_ADDRESSES = GroupResource("networking.k8s.io", "ipaddresses")
FULL = "range is full"
ALLOCATED = "provided IP is already allocated"
MISMATCHED_NETWORK = "the provided network does not match the current range"

_FAMILY_LABEL = "ipaddress.kubernetes.io/ip-family"
_MANAGED_BY_LABEL = "ipaddress.kubernetes.io/managed-by"
_MANAGER = "ipallocator.k8s.io"
#: What the field manager would write for a client named kube-apiserver, which upstream uses here.
_MANAGED_FIELDS: Object = {
    "f:metadata": {"f:labels": {".": {}, f"f:{_FAMILY_LABEL}": {}, f"f:{_MANAGED_BY_LABEL}": {}}},
    "f:spec": {"f:parentRef": {".": {}, "f:name": {}, "f:namespace": {}, "f:resource": {}}},
}


class AllocationError(Exception):
    """Why an address or a port cannot be had; the text ends up in a field error."""


def family_of(ip: str) -> str:
    """"IPv4", "IPv6", or "unknown" for what is no address."""
    try:
        return f"IPv{ipaddress.ip_address(ip).version}"
    except ValueError:
        return "unknown"


class IPAllocator:
    """The addresses of one range. `clock` gives Unix seconds."""

    def __init__(self, cidr: str, stores: Stores, clock: Callable[[], float]) -> None:
        self._network = ipaddress.ip_network(cidr)
        self.family = f"IPv{self._network.version}"
        self._stores = stores
        self._clock = clock
        # The network's own address is never given out, nor is IPv4's broadcast address.
        self._first = int(self._network.network_address) + 1
        self._size = max(self._network.num_addresses - (2 if self.family == "IPv4" else 1), 0)
        self._offset = _range_offset(self._network.num_addresses)

    async def allocate(self, ctx: Context, ip: str, service: Object, dry_run: bool) -> None:
        """Take exactly `ip`. Raises AllocationError."""
        address = ipaddress.ip_address(ip)
        if address not in self._network or not self._first <= int(address) < self._first + self._size:
            raise AllocationError(MISMATCHED_NETWORK)
        if not dry_run and not await self._create(ctx, str(address), service):
            raise AllocationError(ALLOCATED)

    async def allocate_next(self, ctx: Context, service: Object, dry_run: bool) -> str:
        """Take any free address, low ones last: those are left to people who choose. Raises AllocationError."""
        if dry_run:
            return str(self._network.network_address)
        store = self._store()
        for ip in self._candidates():
            if store.cacher.newest(store.key("", ip)) is None and await self._create(ctx, ip, service):
                return ip
        raise AllocationError(FULL)

    async def release(self, ctx: Context, ip: str) -> None:
        """Give `ip` back; one that nobody holds is none."""
        try:
            await self._store().delete(ctx, "", str(ipaddress.ip_address(ip)), DeleteOptions())
        except StatusError as e:
            if e.reason != REASON_NOT_FOUND:
                raise

    def _candidates(self) -> Iterator[str]:
        for low, high in ((self._offset, self._size), (0, min(self._offset, self._size))):
            length = high - low
            if length > 0:
                start = random.randrange(length)
                for i in range(length):
                    yield str(ipaddress.ip_address(self._first + low + (start + i) % length))

    def _store(self) -> Store:
        return self._stores(IP_ADDRESSES)

    async def _create(self, ctx: Context, ip: str, service: Object) -> bool:
        """False if somebody else has it."""
        metadata = service["metadata"]
        entry = {
            "manager": "kube-apiserver", "operation": "Update", "apiVersion": "networking.k8s.io/v1",
            "time": meta.format_time(self._clock()), "fieldsType": "FieldsV1", "fieldsV1": _MANAGED_FIELDS,
        }
        obj = {
            "metadata": {
                "name": ip,
                "labels": {_FAMILY_LABEL: self.family, _MANAGED_BY_LABEL: _MANAGER},
                "managedFields": [entry],
            },
            "spec": {
                "parentRef": {
                    "resource": "services",
                    "namespace": metadata.get("namespace", ""),
                    "name": metadata.get("name", ""),
                }
            },
        }
        try:
            await self._store().create(ctx, "", obj, WriteOptions())
        except StatusError as e:
            if e.reason == REASON_ALREADY_EXISTS:
                return False
            raise AllocationError(e.message) from None
        return True


def _range_offset(size: int) -> int:
    """How many low addresses are kept for people who choose (upstream: calculateRangeOffset)."""
    return 0 if size <= 16 else min(max(size // 16, 16), 256)
