"""Tables."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.endpoints.rendering import Rendering
from pilothouse.endpoints.response import dumps
from pilothouse.endpoints.table import Tables, mapped
from pilothouse.registry.rest import Column
from pilothouse.storage.interface import Item

ITEM = Item("/registry/things/a", 7, b'{"metadata":{"name":"a"},"status":{"done":true}}', {}, {})


class Printer:
    @property
    def columns(self) -> Sequence[Column]:
        return (Column("Name", "string", "name", "what it is called"), Column("Age", priority=1))

    def cells(self, obj: Mapping[str, Any], now: float) -> list[Any]:
        return [obj["metadata"]["name"], f"<{now:.0f}>"]

    def conditions(self, obj: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        return [{"type": "Completed", "status": "True"}] if obj["status"]["done"] else None


def tables() -> Tables:
    rendering = Rendering(GroupVersionKind("", "v1", "Thing"), "ThingList", dumps)
    return Tables(Printer(), rendering, clock=lambda: 5.0)


def test_rows_in_gos_order() -> None:
    assert tables().row(ITEM, "None", "v1") == (
        b'{"cells":["a","\\u003c5\\u003e"],"conditions":[{"type":"Completed","status":"True"}],"object":null}'
    )
    assert orjson.loads(tables().row(ITEM, "Object", "v1"))["object"]["kind"] == "Thing"
    assert orjson.loads(tables().row(ITEM, "Metadata", "v1beta1"))["object"]["apiVersion"] == "meta.k8s.io/v1beta1"


def test_columns() -> None:
    table = orjson.loads(tables().one(ITEM, "None", "v1", "7"))
    assert table["metadata"] == {"resourceVersion": "7"}
    assert table["columnDefinitions"] == [
        {"name": "Name", "type": "string", "format": "name", "description": "what it is called", "priority": 0},
        {"name": "Age", "type": "string", "format": "", "description": "", "priority": 1},
    ]
    assert orjson.loads(tables().one(ITEM, "None", "v1", "", columns=False))["columnDefinitions"] is None


def test_long_work_gives_way() -> None:
    async def main() -> None:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        made = await mapped([ITEM] * 3000, lambda item: tables().row(item, "Metadata", "v1"))
        task.cancel()
        assert len(made) == 3000
        assert turns > 2

    asyncio.run(main())
