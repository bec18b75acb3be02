"""Random writes to every kind through the handlers, with admission: what can a client make the server trip over?"""

import copy
import json
import random
from collections.abc import Mapping
from random import Random

import orjson

from pilothouse.admission import chain
from pilothouse.admission.plugins.resourcequota import ResourceQuota
from pilothouse.apimachinery.codec import protobuf
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.apimachinery.schema.decode import decoder
from pilothouse.apimachinery.schema.model import Type
from pilothouse.controlplane.lister import StoreLister
from pilothouse.endpoints.scope import Services
from pilothouse.registry.rest import Resource
from pilothouse.registry.statuswriter import StatusWriter
from pilothouse.registry.store import Store
from tests.endpoints import support
from tests.endpoints.support import API, AllowAll
from tests.properties.generate import mutate
from tests.properties.valid import Object, valid

_PATCHES = (support.MERGE, support.STRATEGIC, support.APPLY)


def services(stores: Mapping[GroupResource, Store]) -> Services:
    """With all plugins that are on by default and need no more than this."""
    lister = StoreLister(stores)
    quota = ResourceQuota(lister, StatusWriter(stores[GroupResource("", "resourcequotas")]))
    return Services(admission=chain.build(lister, extra={"ResourceQuota": quota}), authorizer=AllowAll())


class Writer:
    """Makes the objects that are written over, then one write after the other."""

    def __init__(self, api: API) -> None:
        self._api = api
        self.resources = [
            resource for group in api.groups for resource in group.resources
            if "create" in (resource.verbs if resource.virtual is None else resource.virtual)
        ]
        self._bases: dict[str, Object] = {}

    async def prepare(self) -> None:
        namespace = {"metadata": {"name": "ns"}}
        await self._api.call("POST", "/api/v1/namespaces", namespace)
        for name in ("ns", "default"):
            account = {"metadata": {"name": "default"}}
            await self._api.call("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)
        for resource in self.resources:
            if resource.virtual is None:
                await self._restore(resource)

    async def _restore(self, resource: Resource) -> None:
        base = valid(resource, "base")
        path = _path(resource)
        code, found = await self._api.json("POST", path, base)
        if code == 409:
            code, found = await self._api.json("GET", f"{path}/{base['metadata']['name']}")
        if code not in (200, 201):
            raise AssertionError(f"{resource.kind} is not valid: {found}")
        self._bases.setdefault(path, found)

    async def write(self, rng: Random) -> tuple[str, str, Object, int, Object]:
        """One write: (method, path, body, code, answer)."""
        resource = rng.choice(self.resources)
        headers: dict[str, str] = {}
        type = type_for(resource.gvk)
        assert type is not None
        if resource.virtual is not None or rng.random() < 0.4:
            method, path, body = "POST", _path(resource), _mutated(rng, type, valid(resource, "base"))
            if rng.random() < 0.7 and isinstance(body.get("metadata"), dict):
                body["metadata"]["name"] = valid(resource, f"n{rng.randrange(10**9)}")["metadata"]["name"]
        else:
            method, path, body, headers = self._change(rng, resource, type)
        query = rng.choice(("", "", "fieldValidation=Strict", "dryRun=All", "fieldValidation=Ignore"))
        if headers.get("content_type") == support.APPLY:
            query = f"fieldManager={rng.choice('abc')}&force={rng.choice(('true', 'false'))}"
        data = json.dumps(body).encode()
        response = await self._api.call(method, path, data, query=query, **headers)
        answer = orjson.loads(await support.whole(response))
        if response.status < 300 and answer.get("kind") == resource.kind:
            _check_forms(resource, type, answer)
            if headers.get("content_type") == support.APPLY:
                await self._check_repeated(path, data, query, answer)
        if method == "PUT" and response.status == 404:
            await self._restore(resource)
        return method, f"{path}?{query}", body, response.status, answer

    async def _check_repeated(self, path: str, data: bytes, query: str, answer: Object) -> None:
        """An apply that was applied changes nothing."""
        code, again = await self._api.json("PATCH", path, data, query=query, content_type=support.APPLY)
        if again.get("message", "").startswith("failed to create typed live object ("):
            return  # an empty key is not written, and its item cannot be told from others any more: so upstream
        assert code == 200, f"{path}?{query} {data!r} -> {again}"
        if again != answer:
            # What is stored may change once more where clients see no difference: new claims are completed, and a v1
            # autoscaler's metrics come back with a value that v2 need not have. Then it stays.
            assert _without_version(again) == _without_version(answer), f"{path}?{query} {data!r}"
            if again["metadata"].get("generation") != answer["metadata"].get("generation"):
                # pkg/registry/discovery/endpointslice/strategy.go: topologies are dropped once they have been counted
                assert b"deprecatedTopology" in data, f"{path}?{query} {data!r}"
                return
            code, last = await self._api.json("PATCH", path, data, query=query, content_type=support.APPLY)
            assert (code, last) == (200, again), f"{path}?{query} {data!r}"

    def _change(self, rng: Random, resource: Resource, type: Type) -> tuple[str, str, Object, dict[str, str]]:
        base = self._bases[_path(resource)]
        path = f"{_path(resource)}/{base['metadata']['name']}"
        if rng.random() < 0.25 and any(sub.name == "status" for sub in resource.subresources):
            path += "/status"
        if rng.random() < 0.5:
            body = _mutated(rng, type, base)
            if isinstance(body.get("metadata"), dict) and rng.random() < 0.9:
                body["metadata"].pop("resourceVersion", None)
            return "PUT", path, body, {}
        kind = rng.choice(_PATCHES)
        body = _mutated(rng, type, valid(resource, "base"))
        if kind != support.APPLY and rng.random() < 0.9:
            body = {name: body[name] for name in body if name not in ("kind", "apiVersion")}
        return "PATCH", path, body, {"content_type": kind}


def _without_version(obj: Object) -> Object:
    changing = {"resourceVersion": ""} | ({"generation": 0} if obj["kind"] == "EndpointSlice" else {})
    return {**obj, "metadata": {**obj["metadata"], **changing}}


def _check_forms(resource: Resource, type: Type, obj: Object) -> None:
    """Decoding what was encoded gives the same, in JSON and in protobuf."""
    unknown: list[str] = []
    assert decoder(type)(obj, unknown) == obj
    assert unknown == []
    if resource.virtual is None:
        body = {name: obj[name] for name in obj if name not in ("kind", "apiVersion")}
        assert decoder(type)(protobuf.decoder(type)(protobuf.encoder(type)(body)), None) == body


def _mutated(rng: Random, type: Type, obj: Object) -> Object:
    for _ in range(rng.choice((0, 1, 1, 2, 3, 5))):
        changed = mutate(rng, type, obj)
        if isinstance(changed, dict):
            obj = changed
    return copy.deepcopy(obj)


def _path(resource: Resource) -> str:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    return f"{root}/namespaces/ns/{resource.name}" if resource.namespaced else f"{root}/{resource.name}"


def seeded(seed: int) -> Random:
    return random.Random(seed)
