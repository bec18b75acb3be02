"""A whole in-process API over a memory store: built-in groups, real stores, no filter chain."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from pilothouse.admission.chain import Chain
from pilothouse.apimachinery.gvk import GroupResource, GroupVersion
from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.controlplane.served import served_groups
from pilothouse.controlplane.stores import make_stores
from pilothouse.endpoints import discovery
from pilothouse.endpoints.installer import APIGroupVersion
from pilothouse.endpoints.response import render_error
from pilothouse.endpoints.scope import Services
from pilothouse.registry import groups
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import resources_of
from pilothouse.registry.store import Store
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


#: Every version of every kind is served.
ALL_VERSIONS = MappingProxyType({"api/all": "true"})


class AllowAll:
    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        return Decision.ALLOW, ""


MakeServices = Callable[[Mapping[GroupResource, Store]], Services]


class API:
    """`call` is a request's whole way behind the chain; streams come back as they are. `services` may be made of
    the stores. `runtime_config` is that of --runtime-config, with every feature gate on."""

    def __init__(
        self, storage: Storage, services: MakeServices | Services | None = None,
        runtime_config: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.storage = storage
        stores: dict[GroupResource, Store] = {}
        known = groups.build(Dependencies(stores=lambda resource: stores[resource]))
        self.groups = served_groups(known, runtime_config, lambda gate: True)
        stores.update(make_stores(storage, resources_of(known), resources_of(self.groups)))
        self.stores = stores
        if callable(services):
            services = services(stores)
        self.services = services or Services(admission=Chain([]), authorizer=AllowAll())
        stored = discovery.storage_versions(resources_of(known))
        self.versions = {
            (group.name, version.version): APIGroupVersion(
                GroupVersion(group.name, version.version), version.resources,
                lambda resource: stores.get(resource.group_resource), self.services, stored,
            )
            for group in self.groups for version in group.versions
        }
        self.warnings: list[str] = []

    async def call(
        self, method: str, path: str, body: Any = b"", *, query: str = "", **headers: str
    ) -> Response:
        if not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else orjson.dumps(body)
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if body:
            given.append((b"content-length", str(len(body)).encode()))
        request = Request(method, path, query, given, body)
        request.context.user = User("admin", groups=("system:masters",))
        info = request.context.request_info = resolve(request)
        version = self.versions.get((info.api_group, info.api_version))
        if not info.is_resource_request:
            parts = path.strip("/").split("/")
            version = self.versions.get(("", parts[1]) if parts[0] == "api" else (parts[1], parts[2]))
        assert version is not None, f"no such group version: {path}"
        try:
            response = await version.handle(request)
        except StatusError as error:
            response = render_error(request, error)
        self.warnings = request.context.warnings or []
        return response

    async def json(self, method: str, path: str, body: Any = b"", *, query: str = "", **headers: str) -> Any:
        """(code, decoded body)."""
        response = await self.call(method, path, body, query=query, **headers)
        return response.status, orjson.loads(await whole(response))


async def whole(response: Response) -> bytes:
    if isinstance(response, StreamResponse):
        return b"".join([chunk async for chunk in response.stream])
    return response.body


async def events(response: Response, count: int) -> list[dict[str, Any]]:
    """The first `count` watch events; ends the watch."""
    assert isinstance(response, StreamResponse), response.body
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            found += [orjson.loads(line) for line in (await response.stream.__anext__()).splitlines()]
    await response.stream.aclose()  # type: ignore[attr-defined]
    return found


@contextlib.asynccontextmanager
async def api(
    services: MakeServices | Services | None = None, runtime_config: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[API]:
    storage = Storage(MemoryBackend())
    await storage.start()
    try:
        yield API(storage, services, runtime_config)
    finally:
        await storage.close()


def run(test: Callable[[API], Awaitable[None]], services: Services | None = None) -> None:
    """Runs `test` with an API of its own."""

    async def main() -> None:
        async with api(services) as made:
            await test(made)

    asyncio.run(main())


def config_map(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


MAPS = "/api/v1/namespaces/ns/configmaps"
