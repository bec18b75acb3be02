"""Brings services and the IPAddress objects of their addresses together again.

A crash between two writes can leave an address without a service, and anybody may delete or change IPAddress
objects. Upstream: pkg/registry/core/service/ipallocator/controller/repairip.go, which follows every change; here a
pass over everything does, at start and every three minutes, so that writes cost nothing.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address, ip_network
from typing import Any, Final

from pilothouse.apimachinery.ipvalidation import parse_ip
from pilothouse.apimachinery.meta import parse_time
from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.logging import log
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.periodic import every

Object = dict[str, Any]

INTERVAL: Final = 180.0
#: How long an address may be without its service, which is written after it.
_GRACE_SECONDS: Final = 60.0
_PAGE: Final = 200
_SERVICES: Final = ("", "v1", "services")
_ADDRESSES: Final = ("networking.k8s.io", "v1", "ipaddresses")
_RANGES: Final = ("networking.k8s.io", "v1", "servicecidrs")
_MANAGED_BY: Final = "ipaddress.kubernetes.io/managed-by"
_FAMILY: Final = "ipaddress.kubernetes.io/ip-family"
_ALLOCATOR: Final = "ipallocator.k8s.io"


class ServiceRepair:
    """`clock` gives Unix seconds."""

    def __init__(self, client: LoopbackClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    async def run(self) -> None:
        """A pass every three minutes, until cancelled."""
        await every(INTERVAL, self.repair, "Services were not repaired, will try again")

    async def repair(self) -> None:
        """One pass. What changes meanwhile is looked at again before anything is written. Raises StatusError."""
        networks = [ip_network(cidr) async for obj in self._all(_RANGES) for cidr in obj["spec"].get("cidrs") or ()]
        addresses = {obj["metadata"]["name"]: obj async for obj in self._all(_ADDRESSES)}
        owners: dict[str, tuple[str, str]] = {}
        async for service in self._all(_SERVICES):
            for ip in _cluster_ips(service):
                owner = (service["metadata"]["namespace"], service["metadata"]["name"])
                if owners.setdefault(ip, owner) != owner:
                    log.warning("Cluster IP has several services; recreate one", ip=ip, service="/".join(owner))
                elif not any(ip_address(ip) in network for network in networks):
                    log.warning("Cluster IP is in no ServiceCIDR; recreate the service", ip=ip, service="/".join(owner))
                elif (found := addresses.get(ip)) is None or not _is_of(found, owner):
                    await self._claim(ip, owner)
        for name, address in addresses.items():
            if name not in owners and _is_managed(address):
                await self._drop(name)

    async def _claim(self, ip: str, owner: tuple[str, str]) -> None:
        """The service has the address: its IPAddress must say so."""
        service = await self._find(_SERVICES, owner[1], owner[0])
        if service is None or ip not in _cluster_ips(service):
            return
        stored = await self._find(_ADDRESSES, ip)
        if stored is not None:
            if _is_of(stored, owner):
                return
            await self._delete(ip)
        log.warning("Cluster IP is not allocated; repairing", ip=ip, service="/".join(owner))
        await self._client.create(*_ADDRESSES, {
            "metadata": {
                "name": ip,
                "labels": {_FAMILY: f"IPv{ip_address(ip).version}", _MANAGED_BY: _ALLOCATOR},
            },
            "spec": {"parentRef": {"resource": "services", "namespace": owner[0], "name": owner[1]}},
        })

    async def _drop(self, ip: str) -> None:
        """Nobody has the address, unless its service is about to be written."""
        address = await self._find(_ADDRESSES, ip)
        if address is None or not _is_managed(address):
            return
        owner = _owner(address)
        if owner is not None:
            service = await self._find(_SERVICES, owner[1], owner[0])
            if service is not None and ip in _cluster_ips(service):
                return
            age = self._clock() - parse_time(address["metadata"]["creationTimestamp"])
            if age <= _GRACE_SECONDS:
                return
        log.warning("IPAddress without a service; cleaning up", ip=ip)
        await self._delete(ip)

    async def _all(self, resource: tuple[str, str, str]) -> AsyncIterator[Object]:
        query: dict[str, Any] = {"limit": _PAGE}
        while True:
            page = await self._client.list(*resource, **query)
            for obj in page["items"] or ():
                yield obj
            if not page["metadata"].get("continue"):
                return
            query["continue"] = page["metadata"]["continue"]

    async def _find(self, resource: tuple[str, str, str], name: str, namespace: str = "") -> Object | None:
        try:
            return await self._client.get(*resource, name, namespace)
        except StatusError as e:
            if e.code != 404:
                raise
            return None

    async def _delete(self, ip: str) -> None:
        try:
            await self._client.delete(*_ADDRESSES, ip)
        except StatusError as e:
            if e.code != 404:
                raise


def _cluster_ips(service: Object) -> list[str]:
    """The service's addresses as IPAddress objects are named."""
    spec = service.get("spec") or {}
    if spec.get("type") == "ExternalName" or "None" in (spec.get("clusterIPs") or ()):
        return []
    found = [parse_ip(ip) for ip in spec.get("clusterIPs") or ()]
    return [str(ip) for ip in found if ip is not None]


def _owner(address: Object) -> tuple[str, str] | None:
    """(namespace, name) of the service it is for."""
    parent = (address.get("spec") or {}).get("parentRef") or {}
    if parent.get("group") or parent.get("resource") != "services":
        return None
    return parent.get("namespace") or "", parent.get("name") or ""


def _is_managed(address: Object) -> bool:
    return (address["metadata"].get("labels") or {}).get(_MANAGED_BY) == _ALLOCATOR


def _is_of(address: Object, owner: tuple[str, str]) -> bool:
    labels = address["metadata"].get("labels") or {}
    family = f"IPv{ip_address(address['metadata']['name']).version}"
    return _owner(address) == owner and _is_managed(address) and labels.get(_FAMILY) == family
