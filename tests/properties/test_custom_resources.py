"""Nothing that a client writes to custom resources makes the server fail."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from tests.apiextensions.support import MERGE, WIDGETS, custom_api, definition, version
from tests.endpoints.support import APPLY, JSON_PATCH, TABLE

Object = dict[str, Any]

#: What kube-apiserver, too, answers with 500.
_REFUSED_WITH_500 = (
    "failed to create typed ", "failed to merge config: ", "failed to convert new object (",
    # what a scale reads and an embedded resource of another version holds (registry/customresource/etcd.go)
    " accessor error: ", "the spec replicas field ", "must be a string", "json: cannot unmarshal ",
    "value cannot be set", "strconv.ParseUint: parsing ", "resourceVersion should not be set",
)
_SCALE = {
    "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}
_FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_SPEC: Object = {
    "type": "object", "x-kubernetes-validations": [{"rule": "!has(self.size) || self.size < 100"}],
    "properties": {
        "size": {"type": "integer", "minimum": 0}, "replicas": {"type": "integer"},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red", "nullable": True},
        "map": {"type": "object", "additionalProperties": {
            "type": "object", "properties": {"a": {"type": "string", "format": "date-time"}}}},
        "list": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "required": ["k"], "properties": {
                "k": {"type": "string"}, "v": {"x-kubernetes-int-or-string": True}}},
        },
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "embedded": {**_FREE, "x-kubernetes-embedded-resource": True},
        "any": {"x-kubernetes-preserve-unknown-fields": True},
        "number": {"type": "number", "multipleOf": 0.5},
    },
}
_COLUMNS = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "First", "type": "string", "jsonPath": ".spec.list[0].v"},
    {"name": "Date", "type": "date", "jsonPath": ".spec.map.x.a"},
]
_NAMES = (
    *_SPEC["properties"], "k", "v", "a", "metadata", "kind", "apiVersion", "labels", "name", "spec", "status",
    "finalizers", "ownerReferences", "managedFields", "annotations", "creationTimestamp", "selector", "zz", "",
)
_SCALARS = (
    None, True, False, 0, 1, -1, 5, 2**31, 2**63 - 1, -(2**63), 1.5, 1e20, 2**64, 10**30, "", "a", "red", "x" * 300,
    "2020-01-01T00:00:00Z", "é\u2028<>&", "a b", "Widget", "example.com/v1",
)
_PATHS = (
    "", "/spec", "/spec/list/0", "/spec/set/-", "/metadata", "/metadata/labels", "/kind", "/apiVersion", "/status",
    "/spec/map/x",
)
_SUBRESOURCES = ("", "", "/status", "/scale")


class _Writer:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        choice = self.rng.random()
        if depth > 4 or choice < 0.5:
            return self.rng.choice(_SCALARS)
        if choice < 0.75:
            return [self.value(depth + 1) for _ in range(self.rng.randint(0, 3))]
        return {self.rng.choice(_NAMES): self.value(depth + 1) for _ in range(self.rng.randint(0, 5))}

    def object(self, name: str, version: str) -> Object:
        rng = self.rng
        names = rng.sample(tuple(_SPEC["properties"]), 3)
        obj: Object = {
            "apiVersion": f"example.com/{version}", "kind": "Widget", "metadata": {"name": name},
            "spec": {n: self.value(1) for n in names} if rng.random() < 0.7 else self.value(),
        }
        if rng.random() < 0.3:
            obj["status"] = self.value()
        if rng.random() < 0.2:
            obj["metadata"][rng.choice(_NAMES)] = self.value()
        if rng.random() < 0.1:
            obj[rng.choice(_NAMES)] = self.value()
        return obj

    def json_patch(self) -> list[Object]:
        rng = self.rng
        return [
            {
                "op": rng.choice(("add", "remove", "replace", "test", "copy", "move")), "path": rng.choice(_PATHS),
                "value": self.value(), "from": "/spec",
            }
            for _ in range(rng.randint(1, 3))
        ]

    def request(self) -> tuple[str, str, Any, dict[str, str]]:
        """(method, path, body, headers and query)."""
        rng = self.rng
        version, name = rng.choice(("v1", "v2")), rng.choice(("a", "b", "c"))
        base = WIDGETS.replace("/v1/", f"/{version}/")
        one = f"{base}/{name}{rng.choice(_SUBRESOURCES)}"
        match rng.randrange(8):
            case 0 | 1:
                return "POST", base, self.object(name, version), {}
            case 2:
                return "PUT", one, self.object(name, version), {}
            case 3:
                return "PATCH", one, {"spec": self.value(), "status": self.value()}, {"content_type": MERGE}
            case 4:
                return "PATCH", one, self.json_patch(), {"content_type": JSON_PATCH}
            case 5:
                query = f"fieldManager=m{rng.randrange(3)}&force={rng.choice(('true', 'false'))}"
                return "PATCH", one, self.object(name, version), {"content_type": APPLY, "query": query}
            case 6:
                return "DELETE", f"{base}/{name}", None, {}
        return "GET", rng.choice((base, one)), None, {"accept": rng.choice((TABLE, "application/json"))}


@pytest.mark.parametrize("seed", range(4))
def test_random_writes(seed: int) -> None:
    async def run() -> None:
        schema = version(
            spec=_SPEC, subresources={"status": {}, "scale": _SCALE}, additionalPrinterColumns=_COLUMNS,
            selectableFields=[{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.size"}],
        )
        free = version("v2", storage=False, subresources={"status": {}})
        free["schema"]["openAPIV3Schema"] = _FREE
        async with custom_api() as api:
            await api.define(definition(schema, free))
            writer = _Writer(seed)
            for _ in range(400):
                method, path, body, more = writer.request()
                data = b"" if body is None else json.dumps(body).encode()
                answer = await api.call(method, path, data, **more)
                text = answer.body.decode()
                expected = answer.status < 500 or any(known in text for known in _REFUSED_WITH_500)
                assert expected, f"{method} {path} {body} -> {text}"

    asyncio.run(run())
