"""A chain over a real lister over a real memory storage."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pilothouse.admission import chain
from pilothouse.admission.interface import CREATE, Attributes
from pilothouse.apimachinery.gvk import GroupResource, GroupVersionKind
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.status import StatusError
from pilothouse.controlplane.lister import StoreLister
from pilothouse.registry.index import index_for
from pilothouse.registry.rest import Resource, Strategy
from pilothouse.registry.store import Store
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage

PODS = GroupResource("", "pods")


class StatusStrategy(Strategy):
    status_fields = ("status",)


def _resource(group: str, name: str, kind: str, namespaced: bool = False) -> Resource:
    return Resource(
        group=group, version="v1", kind=kind, name=name, singular=kind.lower(), namespaced=namespaced,
        strategy=StatusStrategy(),
    )


RESOURCES = (
    _resource("", "namespaces", "Namespace"),
    _resource("", "serviceaccounts", "ServiceAccount", True),
    _resource("", "limitranges", "LimitRange", True),
    _resource("", "resourcequotas", "ResourceQuota", True),
    _resource("", "nodes", "Node"),
    _resource("", "pods", "Pod", True),
    _resource("", "persistentvolumeclaims", "PersistentVolumeClaim", True),
    _resource("", "persistentvolumes", "PersistentVolume"),
    _resource("storage.k8s.io", "csidrivers", "CSIDriver"),
    _resource("scheduling.k8s.io", "priorityclasses", "PriorityClass"),
    _resource("scheduling.k8s.io", "podgroups", "PodGroup", True),
    _resource("scheduling.k8s.io", "workloads", "Workload", True),
    _resource("storage.k8s.io", "storageclasses", "StorageClass"),
    _resource("networking.k8s.io", "ingressclasses", "IngressClass"),
    _resource("node.k8s.io", "runtimeclasses", "RuntimeClass"),
)
_KINDS = {what.group_resource: what.kind for what in RESOURCES}


class World:
    """What is stored, and the chain that looks at it."""

    def __init__(self, storage: Storage, **flags: Any) -> None:
        self.stores = {
            what.group_resource: Store(what, storage.cacher(f"/registry/{what.name}/", index_for(what)))
            for what in RESOURCES
        }
        self.lister = StoreLister(self.stores)
        self.chain = chain.build(self.lister, **flags)

    async def put(self, resource: GroupResource, obj: dict[str, Any]) -> None:
        """Store an object as it is."""
        store, metadata = self.stores[resource], obj["metadata"]
        await store.cacher.create(store.key(metadata.get("namespace", ""), metadata["name"]), {**obj})

    async def admit(self, resource: GroupResource, obj: dict[str, Any] | None, **kwargs: Any) -> Any:
        """Both phases; returns the object as admitted."""
        a = attributes(resource, obj, **kwargs)
        await self.chain.admit(a)
        await self.chain.validate(a)
        return a.object

    async def refuse(self, resource: GroupResource, obj: dict[str, Any] | None, **kwargs: Any) -> StatusError:
        with pytest.raises(StatusError) as e:
            await self.admit(resource, obj, **kwargs)
        return e.value


def attributes(
    resource: GroupResource, obj: dict[str, Any] | None, operation: str = CREATE, **kwargs: Any
) -> Attributes:
    metadata = (obj or {}).get("metadata") or {}
    kind = GroupVersionKind(resource.group, "v1", _KINDS.get(resource, "Other"))
    kwargs.setdefault("name", metadata.get("name", ""))
    kwargs.setdefault("namespace", metadata.get("namespace", ""))
    return Attributes(Context(), operation, kind, resource, object=obj, **kwargs)


def run(test: Callable[[World], Awaitable[None]], **flags: Any) -> None:
    """Run `test` in a world with an empty namespace "ns" that has a default service account."""

    async def main() -> None:
        storage = Storage(MemoryBackend())
        await storage.start()
        try:
            world = World(storage, **flags)
            await world.put(GroupResource("", "namespaces"), {"metadata": {"name": "ns"}})
            account = {"metadata": {"name": "default", "namespace": "ns"}}
            await world.put(GroupResource("", "serviceaccounts"), account)
            await test(world)
        finally:
            await storage.close()

    asyncio.run(main())


def pod(name: str = "p", *, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    spec.setdefault("automountServiceAccountToken", False)
    spec.setdefault("containers", [{"name": "c", "image": "i"}])
    return {"metadata": {"name": name, "namespace": "ns", **(metadata or {})}, "spec": spec}
