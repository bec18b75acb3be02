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
from pilothouse.registry.index import index_for
from pilothouse.registry.lister import CachedLister
from pilothouse.registry.rest import Resource
from pilothouse.storage.interface import Observer
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage

PODS = GroupResource("", "pods")
#: resource → (kind, namespaced)
KINDS = {
    GroupResource("", "namespaces"): ("Namespace", False),
    GroupResource("", "serviceaccounts"): ("ServiceAccount", True),
    GroupResource("", "limitranges"): ("LimitRange", True),
    GroupResource("", "resourcequotas"): ("ResourceQuota", True),
    GroupResource("", "nodes"): ("Node", False),
    GroupResource("", "pods"): ("Pod", True),
    GroupResource("scheduling.k8s.io", "priorityclasses"): ("PriorityClass", False),
    GroupResource("storage.k8s.io", "storageclasses"): ("StorageClass", False),
    GroupResource("networking.k8s.io", "ingressclasses"): ("IngressClass", False),
    GroupResource("node.k8s.io", "runtimeclasses"): ("RuntimeClass", False),
}


class World:
    """What is stored, and the chain that looks at it."""

    def __init__(self, storage: Storage, **flags: Any) -> None:
        self.storage = storage
        self.lister = CachedLister(self.observe)
        self.chain = chain.build(self.lister, **flags)

    def prefix(self, resource: GroupResource) -> str:
        if resource not in KINDS:
            raise KeyError(resource)
        return f"/registry/{resource.resource}/"

    def observe(self, resource: GroupResource, observer: Observer) -> None:
        kind, namespaced = KINDS[resource]
        what = Resource(
            group=resource.group, version="v1", kind=kind, name=resource.resource, singular=kind.lower(),
            namespaced=namespaced,
        )
        self.storage.cacher(self.prefix(resource), index_for(what))
        self.storage.observe(self.prefix(resource), observer)

    async def put(self, resource: GroupResource, obj: dict[str, Any]) -> None:
        """Store an object of a resource that somebody has asked the lister about, or will."""
        kind, namespaced = KINDS[resource]
        what = Resource(
            group=resource.group, version="v1", kind=kind, name=resource.resource, singular=kind.lower(),
            namespaced=namespaced,
        )
        metadata = obj["metadata"]
        key = self.prefix(resource) + (f"{metadata['namespace']}/" if namespaced else "") + metadata["name"]
        await self.storage.cacher(self.prefix(resource), index_for(what)).create(key, obj)

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
    kind = GroupVersionKind(resource.group, "v1", KINDS.get(resource, ("Other", True))[0])
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
