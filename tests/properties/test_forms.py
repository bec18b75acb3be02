"""What is stored is in its final form: reading, writing and applying it again changes nothing."""

import asyncio

from pilothouse.apimachinery.codec import protobuf
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.apimachinery.schema.decode import decoder
from pilothouse.registry.rest import Resource
from tests.endpoints.support import ALL_VERSIONS, API, APPLY, api
from tests.properties.valid import Object, valid
from tests.properties.writes import Writer, services

#: Kinds that set something else at each write, or cannot be created by an apply.
_NOT_APPLIED = {"Binding"}


def _path(resource: Resource, name: str = "") -> str:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    namespace = "/namespaces/ns" if resource.namespaced else ""
    return f"{root}{namespace}/{resource.name}" + (f"/{name}" if name else "")


async def _stored(server: API) -> list[tuple[Resource, Object]]:
    """Every kind that can be stored, with the object that came back from its creation."""
    writer = Writer(server)
    await writer.prepare()
    found = []
    for resource in writer.resources:
        if resource.virtual is None:
            name = valid(resource, "base")["metadata"]["name"]
            code, obj = await server.json("GET", _path(resource, name))
            if code == 200:
                found.append((resource, obj))
    return found


def test_decoding_what_was_encoded_gives_the_same_in_every_kind() -> None:
    async def run() -> None:
        async with api(services, ALL_VERSIONS) as server:
            stored = await _stored(server)
            assert len(stored) > 50
            for resource, obj in stored:
                type = type_for(resource.gvk)
                assert type is not None
                unknown: list[str] = []
                assert decoder(type)(obj, unknown) == obj, resource.kind
                assert unknown == []
                body = {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}
                assert decoder(type)(protobuf.decoder(type)(protobuf.encoder(type)(body)), None) == body, resource.kind

    asyncio.run(run())


def test_writing_back_what_was_read_changes_nothing_in_any_kind() -> None:
    async def run() -> None:
        async with api(services, ALL_VERSIONS) as server:
            for resource, obj in await _stored(server):
                if "update" not in resource.verbs:
                    continue
                path = _path(resource, obj["metadata"]["name"])
                # the first write comes to own what the server itself had added
                code, written = await server.json("PUT", path, obj)
                assert code == 200, (resource.kind, written)
                code, again = await server.json("PUT", path, written)
                assert (code, again) == (200, written), resource.kind

    asyncio.run(run())


def test_applying_twice_is_applying_once_in_every_kind() -> None:
    async def run() -> None:
        async with api(services, ALL_VERSIONS) as server:
            for resource, obj in await _stored(server):
                if "patch" not in resource.verbs or resource.kind in _NOT_APPLIED:
                    continue
                path = _path(resource, obj["metadata"]["name"])
                wanted = {
                    "kind": resource.kind, "apiVersion": resource.api_version,
                    "metadata": {"name": obj["metadata"]["name"], "labels": {"applied": "yes"}},
                }
                query = "fieldManager=applier"
                code, first = await server.json("PATCH", path, wanted, query=query, content_type=APPLY)
                assert code == 200, (resource.kind, first)
                code, second = await server.json("PATCH", path, wanted, query=query, content_type=APPLY)
                assert (code, second) == (200, first), resource.kind
                assert second["metadata"]["labels"]["applied"] == "yes"

    asyncio.run(run())
