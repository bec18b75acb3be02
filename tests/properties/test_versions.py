"""What is served in several versions is one object: every version shows it whole, and takes it back unchanged."""

import asyncio

from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.apimachinery.schema.decode import decoder
from pilothouse.registry.rest import Resource
from tests.endpoints.support import ALL_VERSIONS, API, APPLY, TABLE, api
from tests.properties.valid import Object, valid


def _collection(resource: Resource) -> str:
    namespace = "/namespaces/ns" if resource.namespaced else ""
    return f"/apis/{resource.group}/{resource.version}{namespace}/{resource.name}"


def _by_kind(server: API) -> list[list[Resource]]:
    """The resources of each kind that one group serves in several versions."""
    kinds: dict[tuple[str, str], list[Resource]] = {}
    for group in server.groups:
        for resource in group.resources:
            if resource.virtual is None:
                kinds.setdefault(resource.group_kind, []).append(resource)
    return [versions for versions in kinds.values() if len(versions) > 1]


def _content(obj: Object) -> Object:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in ("managedFields", "resourceVersion")}
    return {**obj, "metadata": metadata}


def test_an_object_is_the_same_whatever_version_it_is_read_and_written_in() -> None:
    async def run() -> None:
        async with api(None, ALL_VERSIONS) as server:
            await server.call("POST", "/api/v1/namespaces", {"metadata": {"name": "ns"}})
            kinds = _by_kind(server)
            assert len(kinds) >= 12
            for versions in kinds:
                for i, first in enumerate(versions):
                    await _round_trip(server, first, versions, f"o{i}")

    asyncio.run(run())


async def _round_trip(server: API, first: Resource, versions: list[Resource], name: str) -> None:
    code, created = await server.json("POST", _collection(first), valid(first, name))
    if code == 409:  # of those that have one name only
        path = f"{_collection(first)}/{valid(first, name)['metadata']['name']}"
        code, created = await server.json("GET", path)
    assert code in (200, 201), (first.api_version, created)
    name = created["metadata"]["name"]
    for other in versions:
        path = f"{_collection(other)}/{name}"
        code, shown = await server.json("GET", path)
        assert (code, shown["apiVersion"]) == (200, other.api_version)
        type = type_for(other.gvk)
        assert type is not None
        unknown: list[str] = []
        assert decoder(type)(shown, unknown) == shown, other.api_version
        assert unknown == []
        code, written = await server.json("PUT", path, shown)
        assert code == 200, written
        assert _content(written) == _content(shown), other.api_version
        code, again = await server.json("GET", f"{_collection(first)}/{name}")
        assert _content(again) == _content(created), (first.api_version, other.api_version)


def test_managers_of_several_versions_share_an_object() -> None:
    async def run() -> None:
        async with api(None, ALL_VERSIONS) as server:
            await server.call("POST", "/api/v1/namespaces", {"metadata": {"name": "ns"}})
            for versions in _by_kind(server):
                for resource in versions:
                    await _applied(server, resource)

    asyncio.run(run())


async def _applied(server: API, resource: Resource) -> None:
    """A manager for each version; the second one applies what the first one wrote, as its version shows it, and no
    conflict is found."""
    wanted = valid(resource, "applied")
    path = f"{_collection(resource)}/{wanted['metadata']['name']}"
    code, there = await server.json("GET", path)
    if code == 200:
        wanted = {k: v for k, v in there.items() if k != "status"} | {"metadata": wanted["metadata"]}
    query = f"fieldManager={resource.version}"
    code, first = await server.json("PATCH", path, wanted, query=query, content_type=APPLY)
    assert code in (200, 201), (resource.api_version, first)
    code, second = await server.json("PATCH", path, wanted, query=query, content_type=APPLY)
    assert (code, second) == (200, first), resource.api_version
    versions = {entry["apiVersion"] for entry in first["metadata"]["managedFields"]}
    assert resource.api_version in versions


def test_lists_and_tables_in_every_version() -> None:
    async def run() -> None:
        async with api(None, ALL_VERSIONS) as server:
            await server.call("POST", "/api/v1/namespaces", {"metadata": {"name": "ns"}})
            for group in server.groups:
                for resource in group.resources:
                    if resource.virtual is not None or resource.version == "v1":
                        continue
                    code, created = await server.json("POST", _collection(resource), valid(resource, "listed"))
                    assert code in (201, 409), created
                    code, listed = await server.json("GET", _collection(resource))
                    assert (code, listed["apiVersion"]) == (200, resource.api_version)
                    assert listed["items"]
                    code, table = await server.json("GET", _collection(resource), accept=TABLE)
                    assert code == 200
                    assert len(table["rows"][0]["cells"]) == len(table["columnDefinitions"]) or (
                        resource.kind == "IPAddress"
                    )

    asyncio.run(run())
