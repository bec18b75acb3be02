import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.controlplane.flow_schema_status import FlowSchemaStatus, dangling_condition
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.responses import render_status


def test_dangling() -> None:
    found = dangling_condition("x", {"x"})
    assert (found["status"], found["reason"]) == ("False", "Found")
    assert found["message"].endswith('named "x" and it exists')
    missing = dangling_condition("x", set())
    assert (missing["status"], missing["reason"]) == ("True", "NotFound")
    assert missing["message"].endswith('named "x" but there is no such object')


def _schema(name: str, level: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "resourceVersion": "1"}, "spec": {"priorityLevelConfiguration": {"name": level}},
    }


class Server:
    """Two flow schemas and one level. Writes fail in the ways given, one after the other, then they are taken."""

    def __init__(self, *failures: status.StatusError) -> None:
        self.failures = list(failures)
        self.written: dict[str, dict[str, Any]] = {}
        self.all_written = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        resource = request.path.split("/")[4]
        if request.method == "PATCH":
            return await self._write(request)
        if dict(request.query).get("watch"):
            return StreamResponse(_nothing())
        items = [_schema("a", "there"), _schema("b", "gone")] if resource == "flowschemas" else [
            {"metadata": {"name": "there", "resourceVersion": "1"}}
        ]
        return Response(200, orjson.dumps({
            "kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items,
        }))

    async def _write(self, request: Request) -> Response:
        if self.failures:
            return render_status(request, self.failures.pop(0))
        patch = orjson.loads(await request.body(10_000))
        self.written[patch["metadata"]["name"]] = patch["status"]["conditions"][0]
        if len(self.written) == 2:
            self.all_written.set()
        return Response(200, b"{}")


async def _nothing() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


def test_it_goes_on_after_writes_that_failed() -> None:
    async def run() -> dict[str, dict[str, Any]]:
        server = Server(
            status.internal_error("the disk is full"), status.service_unavailable("not yet"),
            status.internal_error("the disk is full"),
        )
        task = asyncio.create_task(FlowSchemaStatus(LoopbackClient(server)).run())
        await server.all_written.wait()
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return server.written

    written = asyncio.run(run())
    assert {name: condition["status"] for name, condition in written.items()} == {"a": "False", "b": "True"}
