"""Cluster IPs (upstream: pkg/registry/core/service/ipallocator).

An address is taken as long as its IPAddress object exists; that object is made before the service is
written, and removed when the service lets go of the address. Nothing else remembers allocations.
"""

from __future__ import annotations

import ipaddress
import random
import time
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import meta
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import REASON_ALREADY_EXISTS, REASON_NOT_FOUND, StatusError
from pilothouse.registry.core.allocator_metrics import DYNAMIC, STATIC, IPMetrics
from pilothouse.registry.core.ip_usage import IP_ADDRESSES, MANAGED_BY_LABEL, MANAGER, IPUsage
from pilothouse.registry.rest import DeleteOptions, WriteOptions
from pilothouse.storage.interface import Item, Predicate

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Stores
    from pilothouse.registry.store import Store

Object = dict[str, Any]
Address = IPv4Address | IPv6Address

SERVICE_CIDRS = GroupResource("networking.k8s.io", "servicecidrs")
DEFAULT_CIDR = "kubernetes"
FULL = "range is full"
ALLOCATED = "provided IP is already allocated"
MISMATCHED_NETWORK = "the provided network does not match the current range"

_FAMILY_LABEL = "ipaddress.kubernetes.io/ip-family"
#: What the field manager would write for a client named kube-apiserver, which upstream uses here.
_MANAGED_FIELDS: Object = {
    "f:metadata": {"f:labels": {".": {}, f"f:{_FAMILY_LABEL}": {}, f"f:{MANAGED_BY_LABEL}": {}}},
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


class IPRange:
    """The addresses of one CIDR that services can have."""

    def __init__(self, cidr: str) -> None:
        self.network = ipaddress.ip_network(cidr)
        self.family = f"IPv{self.network.version}"
        # The network's own address is never given out, nor is IPv4's broadcast address.
        self._first = int(self.network.network_address) + 1
        self.size = max(self.network.num_addresses - (2 if self.family == "IPv4" else 1), 0)
        self._offset = _range_offset(self.network.num_addresses)

    def __contains__(self, address: Address) -> bool:
        return address in self.network and self._first <= int(address) < self._first + self.size

    def candidates(self) -> Iterator[str]:
        """All addresses from a random one on, low ones last: those are left to people who choose."""
        for low, high in ((self._offset, self.size), (0, min(self._offset, self.size))):
            length = high - low
            if length > 0:
                start = random.randrange(length)
                for i in range(length):
                    yield str(ipaddress.ip_address(self._first + low + (start + i) % length))


class IPRanges:
    """The ranges of --service-cluster-ip-range and those of ServiceCIDR objects (upstream: MetaAllocator).

    The flag's are those of the ServiceCIDR "kubernetes", and count until that is there.
    """

    def __init__(self, configured: Sequence[str], stores: Stores) -> None:
        self._configured = tuple(IPRange(cidr) for cidr in configured)
        self._stores = stores
        self._read: tuple[tuple[Item, ...], tuple[IPRange, ...]] = ((), self._configured)
        self.metrics = IPMetrics()
        self._usage = IPUsage(self._ready, stores, self.metrics)

    def of(self, family: str) -> list[IPRange]:
        """Those that give out addresses now."""
        self._usage.follow()
        return [found for found in self._ready() if found.family == family]

    def _ready(self) -> tuple[IPRange, ...]:
        store = self._stores(SERVICE_CIDRS)
        items, _ = store.cacher.snapshot(Predicate(store.key_root()))
        known = tuple(items)
        if known != self._read[0]:
            stored = [orjson.loads(item.body) for item in known]
            ranges = {cidr: IPRange(cidr) for obj in stored if is_ready(obj) for cidr in obj["spec"].get("cidrs") or ()}
            has_default = any(obj["metadata"]["name"] == DEFAULT_CIDR for obj in stored)
            self._read = known, (*(() if has_default else self._configured), *ranges.values())
        return self._read[1]


def is_ready(service_cidr: Object) -> bool:
    """Without a condition nobody looks after ServiceCIDRs, and all are taken to be ready."""
    if service_cidr["metadata"].get("deletionTimestamp") is not None:
        return False
    conditions = (service_cidr.get("status") or {}).get("conditions") or ()
    return next((condition.get("status") == "True" for condition in conditions if condition["type"] == "Ready"), True)


class IPAllocator:
    """The service addresses of one family. `clock` gives Unix seconds."""

    def __init__(self, family: str, ranges: IPRanges, stores: Stores, clock: Callable[[], float]) -> None:
        self.family = family
        self._ranges = ranges
        self._stores = stores
        self._clock = clock
        self._metrics = ranges.metrics

    async def allocate(self, ctx: Context, ip: str, service: Object, dry_run: bool) -> None:
        """Take exactly `ip`. Raises AllocationError."""
        address = ipaddress.ip_address(ip)
        found = next((found for found in self._ranges.of(self.family) if address in found), None)
        if found is None:
            raise AllocationError(MISMATCHED_NETWORK)
        if dry_run:
            return
        cidr, began = str(found.network), time.perf_counter()
        if not await self._create(ctx, str(address), service):
            self._metrics.failed(cidr, STATIC)
            raise AllocationError(ALLOCATED)
        self._metrics.allocated(cidr, STATIC, time.perf_counter() - began)

    async def allocate_next(self, ctx: Context, service: Object, dry_run: bool) -> str:
        """Take any free address. Raises AllocationError."""
        store = self._store()
        for found in self._ranges.of(self.family):
            if dry_run:
                return str(found.network.network_address)
            cidr, began = str(found.network), time.perf_counter()
            for ip in found.candidates():
                if store.cacher.newest(store.key("", ip)) is None and await self._create(ctx, ip, service):
                    self._metrics.allocated(cidr, DYNAMIC, time.perf_counter() - began)
                    return ip
            self._metrics.failed(cidr, DYNAMIC)
        raise AllocationError(FULL)

    async def release(self, ctx: Context, ip: str) -> None:
        """Give `ip` back; one that nobody holds is none."""
        try:
            await self._store().delete(ctx, "", str(ipaddress.ip_address(ip)), DeleteOptions())
        except StatusError as e:
            if e.reason != REASON_NOT_FOUND:
                raise

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
                "labels": {_FAMILY_LABEL: self.family, MANAGED_BY_LABEL: MANAGER},
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
