"""Says which ServiceCIDRs are ready and keeps those in use (upstream: pkg/controller/servicecidrs)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from pilothouse.apimachinery.meta import format_time, parse_time
from pilothouse.apimachinery.status import StatusError
from pilothouse.server.informer import Informer
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.workqueue import WorkQueue

Object = dict[str, Any]
Network = IPv4Network | IPv6Network

FINALIZER: Final = "networking.k8s.io/service-cidr-finalizer"
#: A ServiceCIDR stays this long after its deletion: other servers must learn of it before they allocate again.
DELETION_GRACE_SECONDS: Final = 10.0
#: How often it is looked whether addresses that keep a deleted ServiceCIDR are gone.
_RECHECK_SECONDS: Final = 1.0
_PAGE: Final = 500
_CIDRS: Final = ("networking.k8s.io", "v1", "servicecidrs")
_ADDRESSES: Final = ("networking.k8s.io", "v1", "ipaddresses")
_MANAGED: Final = "ipaddress.kubernetes.io/managed-by=ipallocator.k8s.io"
_PATCH: Final = "application/strategic-merge-patch+json"
_APPLY: Final = "application/apply-patch+yaml"
_MANAGER: Final = "service-cidr-controller"
_IN_USE: Final = (
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
)


class ServiceCIDRs:
    """`clock` gives Unix seconds."""

    def __init__(self, client: LoopbackClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock
        self._queue = WorkQueue("service-cidrs", self._sync, workers=1)
        self._stored: dict[str, Object] = {}
        self.informer = Informer(client, *_CIDRS)
        self.informer.add_handler(
            on_add=self._changed, on_update=lambda old, new: self._changed(new), on_delete=self._gone
        )

    async def run(self) -> None:
        await self._queue.run()

    def _changed(self, obj: Object) -> None:
        name = obj["metadata"]["name"]
        self._stored[name] = obj
        self._queue.add(name)

    def _gone(self, obj: Object) -> None:
        self._stored.pop(obj["metadata"]["name"], None)

    async def _sync(self, name: str) -> None:
        obj = self._stored.get(name)
        if obj is None:
            return
        deleted = obj["metadata"].get("deletionTimestamp")
        held = FINALIZER in (obj["metadata"].get("finalizers") or ())
        if deleted is None:
            if not held:
                await self._patch(name, {"finalizers": [FINALIZER]})
            await self._report(obj, "True", "", "Kubernetes Service CIDR is ready")
        elif await self._is_in_use(obj):
            await self._report(obj, "False", "Terminating", _IN_USE)
            self._queue.add_after(name, _RECHECK_SECONDS)
        elif (rest := DELETION_GRACE_SECONDS - (self._clock() - parse_time(deleted))) > 0:
            self._queue.add_after(name, rest)
        elif held:
            await self._patch(name, {"$deleteFromPrimitiveList/finalizers": [FINALIZER]})

    async def _patch(self, name: str, metadata: Object) -> None:
        try:
            await self._client.patch(*_CIDRS, name, {"metadata": metadata}, patch_type=_PATCH)
        except StatusError as e:
            if e.code != 404:
                raise

    async def _report(self, obj: Object, status: str, reason: str, message: str) -> None:
        """Sets the condition Ready, if it says anything else."""
        name = obj["metadata"]["name"]
        wanted = {"type": "Ready", "status": status, "reason": reason, "message": message}
        for condition in (obj.get("status") or {}).get("conditions") or ():
            if wanted.items() <= condition.items():
                return
        await self._client.patch(
            *_CIDRS, name,
            {
                "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": name},
                "status": {"conditions": [{**wanted, "lastTransitionTime": format_time(self._clock())}]},
            },
            patch_type=_APPLY, subresource="status", fieldManager=_MANAGER, force=True,
        )

    async def _is_in_use(self, obj: Object) -> bool:
        """Whether a service has an address that is in no other ServiceCIDR."""
        name, own = obj["metadata"]["name"], list(_networks(obj))
        others = [network for key, other in self._stored.items() if key != name for network in _networks(other)]
        if all(any(_contains(other, network) for other in others) for network in own):
            return False
        query: dict[str, Any] = {"limit": _PAGE, "labelSelector": _MANAGED}
        while True:
            page = await self._client.list(*_ADDRESSES, **query)
            for found in page["items"] or ():
                address = ip_address(found["metadata"]["name"])
                if any(address in n for n in own) and not any(address in n for n in others):
                    return True
            if not page["metadata"].get("continue"):
                return False
            query["continue"] = page["metadata"]["continue"]


def _networks(obj: Object) -> Iterable[Network]:
    return map(ip_network, (obj.get("spec") or {}).get("cidrs") or ())


def _contains(outer: Network, inner: Network) -> bool:
    return outer.version == inner.version and outer.prefixlen <= inner.prefixlen and outer.overlaps(inner)
