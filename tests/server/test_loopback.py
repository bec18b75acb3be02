import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.metrics import Registry
from pilothouse.server.chain import ChainConfig
from pilothouse.server.loopback import JSON_PATCH, LoopbackClient, loopback_chain, path
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import render_status


class Recorder:
    """Remembers requests and answers each with what it was given."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else Response(200, b'{"ok":true}')


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("", "v1", "nodes"), "/api/v1/nodes"),
        (("", "v1", "configmaps", "ns", "a"), "/api/v1/namespaces/ns/configmaps/a"),
        (("apps", "v1", "deployments", "ns", "a", "scale"), "/apis/apps/v1/namespaces/ns/deployments/a/scale"),
    ],
)
def test_path(args: tuple[str, ...], expected: str) -> None:
    assert path(*args) == expected


def test_verbs() -> None:
    handler = Recorder()
    client = LoopbackClient(handler)
    obj = {"metadata": {"name": "a"}}

    async def run() -> None:
        await client.get("", "v1", "configmaps", "a", "ns")
        await client.list("", "v1", "configmaps", "ns", labelSelector="a in (b,c)", limit=5)
        await client.create("", "v1", "configmaps", obj, "ns", dryRun="All")
        await client.update("", "v1", "configmaps", obj, "ns", subresource="status")
        await client.patch("", "v1", "configmaps", "a", [{"op": "test"}], "ns", patch_type=JSON_PATCH)
        await client.delete("", "v1", "configmaps", "a", "ns", options={"gracePeriodSeconds": 0})
        await client.delete_collection("", "v1", "configmaps", "ns", labelSelector="x")

    asyncio.run(run())
    base = "/api/v1/namespaces/ns/configmaps"
    assert [(r.method, r.path, r.raw_query) for r in handler.requests] == [
        ("GET", f"{base}/a", ""), ("GET", base, "labelSelector=a%20in%20%28b%2Cc%29&limit=5"),
        ("POST", base, "dryRun=All"), ("PUT", f"{base}/a/status", ""), ("PATCH", f"{base}/a", ""),
        ("DELETE", f"{base}/a", ""), ("DELETE", base, "labelSelector=x"),
    ]
    patch, delete = handler.requests[4], handler.requests[5]
    assert patch.header(b"content-type") == "application/json-patch+json"
    assert orjson.loads(asyncio.run(delete.body(100))) == {"gracePeriodSeconds": 0}


def test_failures_are_raised_as_they_were() -> None:
    error = status.not_found(GroupResource("", "configmaps"), "a")
    rendered = render_status(Request("GET", "/"), error)
    client = LoopbackClient(Recorder(rendered, Response(500, b"Internal Server Error: oops\n")))

    async def run() -> None:
        with pytest.raises(StatusError) as caught:
            await client.get("", "v1", "configmaps", "a", "ns")
        assert caught.value.status() == error.status()
        with pytest.raises(StatusError, match="Internal Server Error: oops"):
            await client.get("", "v1", "configmaps", "a", "ns")

    asyncio.run(run())


def test_watch_frames_may_be_cut_anywhere() -> None:
    closed: list[bool] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b'{"type":"ADDED","object":{"a":1}}\n{"type":"MOD'
            yield b'IFIED","object":{"a":2}}\n'
            yield b'{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old"}}\n'
        finally:
            closed.append(True)

    async def run() -> None:
        handler = Recorder(StreamResponse(chunks()))
        events = []
        with pytest.raises(StatusError, match="too old") as caught:
            async for event in LoopbackClient(handler).watch("", "v1", "configmaps", resourceVersion="7"):
                events.append(event)
        assert caught.value.code == 410
        assert events == [{"type": "ADDED", "object": {"a": 1}}, {"type": "MODIFIED", "object": {"a": 2}}]
        assert handler.requests[0].raw_query == "watch=true&resourceVersion=7"
        assert closed == [True]

    asyncio.run(run())


def test_a_long_list_that_is_streamed_is_put_together() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"items":['
        yield b"]}"

    async def run() -> object:
        return await LoopbackClient(Recorder(StreamResponse(chunks()))).list("", "v1", "configmaps")

    assert asyncio.run(run()) == {"items": []}


def test_a_refused_watch_raises() -> None:
    async def run() -> None:
        client = LoopbackClient(Recorder(render_status(Request("GET", "/"), status.expired("gone"))))
        with pytest.raises(StatusError, match="gone"):
            await anext(client.watch("", "v1", "configmaps"))

    asyncio.run(run())


def test_the_chain_knows_the_server_and_counts_its_requests() -> None:
    metrics = ServerMetrics(Registry())

    async def director(request: Request) -> Response:
        user = request.context.user
        return Response(200, orjson.dumps({"user": user.name, "groups": list(user.groups)}))

    async def run() -> object:
        client = LoopbackClient(loopback_chain(director, ChainConfig(metrics=metrics)))
        return await client.get("", "v1", "configmaps", "a", "ns")

    assert asyncio.run(run()) == {
        "user": "system:apiserver", "groups": ["system:masters", "system:authenticated"],
    }
    assert b'apiserver_selfrequest_total{group="",resource="configmaps",subresource="",verb="GET"} 1' in (
        metrics.registry.render()
    )
