"""All groups over one memory storage, without admission or HTTP: what strategies and handlers see."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.meta import Times
from pilothouse.apimachinery.requestinfo import RequestInfo
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.apimachinery.schema.decode import decoder, zero
from pilothouse.apimachinery.user import User
from pilothouse.registry import groups
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.index import index_for
from pilothouse.registry.rest import DeleteOptions, Resource, SubresourceCall, WriteOptions
from pilothouse.registry.store import Store
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage
from tests.registry.support import Clock

Object = dict[str, Any]

USER = User("ann", "ann-uid", ("dev", "system:authenticated"))


class Cluster:
    def __init__(self, **dependencies: Any) -> None:
        self.clock = Clock()
        self.stores: dict[GroupResource, Store] = {}
        self.storage = Storage(MemoryBackend())
        self.dependencies = Dependencies(
            stores=self.stores.__getitem__, clock=self.clock, **{"api_audiences": ("api",), **dependencies}
        )
        self.resources: dict[tuple[str, str], Resource] = {}
        for group in groups.build(self.dependencies):
            for resource in group.resources:
                if resource.converter is None:
                    self.resources[group.name, resource.name] = resource
                    if resource.virtual is None:
                        self.stores[resource.group_resource] = self._store(resource)

    def _store(self, resource: Resource) -> Store:
        fields = type_for(resource.gvk).fields  # type: ignore[union-attr]
        cacher = self.storage.cacher(f"/registry/{resource.storage_prefix}", index_for(resource))
        names = [name for name in resource.strategy.status_fields if fields[name].omit != "empty" or name == "status"]
        zeros = {name: zero(fields[name].type) for name in names}
        return Store(resource, cacher, zero=zeros, times=Times(self.clock))

    def decode(self, resource: Resource, obj: Mapping[str, Any], namespace: str) -> Object:
        """As the handlers hand it to the store: decoded, defaulted, in its namespace."""
        kind = type_for(resource.gvk)
        assert kind is not None
        decoded: Object = decoder(kind)(dict(obj), None)
        if resource.default is not None:
            resource.default(decoded)
        decoded.pop("kind", None)
        decoded.pop("apiVersion", None)
        if resource.namespaced:
            decoded["metadata"]["namespace"] = namespace
        return decoded

    async def create(self, name: str, obj: Mapping[str, Any], *, group: str = "", dry_run: bool = False) -> Object:
        resource = self.resources[group, name]
        namespace = "ns" if resource.namespaced else ""
        store = self.stores[resource.group_resource]
        decoded = self.decode(resource, obj, namespace)
        self.ctx = context("create", group, name)
        item = await store.create(self.ctx, namespace, decoded, WriteOptions(dry_run=dry_run))
        return self._read(item.body)

    async def get(self, name: str, key: str, *, group: str = "") -> Object:
        resource = self.resources[group, name]
        namespace = "ns" if resource.namespaced else ""
        item = await self.stores[resource.group_resource].get(context("get", group, name), namespace, key)
        return self._read(item.body)

    async def update(
        self, name: str, key: str, change: Callable[[Object], None], *, group: str = "", subresource: str = ""
    ) -> Object:
        """`change` edits the object as a client would that read it before."""
        resource = self.resources[group, name]
        namespace = "ns" if resource.namespaced else ""

        async def updater(obj: Object) -> Object:
            change(obj)
            return self.decode(resource, obj, namespace)

        self.ctx = context("update", group, name)
        item, _ = await self.stores[resource.group_resource].update(
            self.ctx, namespace, key, updater, WriteOptions(), subresource=subresource
        )
        return self._read(item.body)

    async def delete(self, name: str, key: str, *, group: str = "") -> None:
        resource = self.resources[group, name]
        namespace = "ns" if resource.namespaced else ""
        await self.stores[resource.group_resource].delete(context(), namespace, key, DeleteOptions())

    async def call(self, name: str, subresource: str, key: str, body: Object, *, dry_run: bool = False) -> Object:
        """POST to a subresource of a core resource that has a handler of its own."""
        resource = self.resources["", name]
        handler: Any = next(sub.handler for sub in resource.subresources if sub.name == subresource)
        call = SubresourceCall("create", "ns", key, body, dry_run)
        answer: Object = await handler(self.stores[resource.group_resource], context(), call)
        return answer

    async def review(self, group: str, name: str, body: Object, ctx: Context | None = None) -> Object:
        """POST to a resource that stores nothing."""
        virtual = self.resources[group, name].virtual
        assert virtual is not None
        namespace = "ns" if self.resources[group, name].namespaced else ""
        call = SubresourceCall("create", namespace, (body.get("metadata") or {}).get("name", ""), body)
        return await virtual["create"](None, ctx or context(), call)

    @staticmethod
    def _read(body: bytes) -> Object:
        obj: Object = orjson.loads(body)
        return obj


def run(test: Callable[[Cluster], Awaitable[None]], **dependencies: Any) -> None:
    """Run `test` with a started cluster; its storage is closed afterwards."""

    async def main() -> None:
        cluster = Cluster(**dependencies)
        await cluster.storage.start()
        try:
            await test(cluster)
        finally:
            await cluster.storage.close()

    asyncio.run(main())


def context(verb: str = "create", group: str = "", resource: str = "") -> Context:
    ctx = Context()
    ctx.user = USER
    ctx.request_info = RequestInfo(True, "/", verb, api_group=group, resource=resource)
    return ctx


def pod(name: str = "p", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}
