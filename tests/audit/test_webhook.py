import asyncio
from typing import Any

from aiohttp import web
from tests.apimachinery.webhook.support import serving
from tests.audit.support import event, metrics, written

from pilothouse.apimachinery.webhook.caller import Backoff, Caller
from pilothouse.apimachinery.webhook.kubeconfig import ClientConfig
from pilothouse.audit.webhook import WebhookBackend


def test_batches_are_event_lists_and_failures_are_tried_again() -> None:
    async def run() -> None:
        got: list[Any] = []
        codes = [503, 400, 200]

        async def answer(request: web.Request) -> web.Response:
            got.append(await request.json())
            return web.Response(status=codes.pop(0))

        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        async with serving(answer) as url:
            backend = WebhookBackend(Caller(ClientConfig(url)), Backoff(10.0, jitter=0.0), metrics()[0], sleep)
            backend.start()
            assert await written(backend, [event(), event()])
            await backend.stop()
        assert waits == [10.0, 15.0]
        assert [(body["kind"], len(body["items"])) for body in got] == [("EventList", 2)] * 3
        assert got[0]["items"][0]["auditID"] == "id-1"
        assert got[0]["metadata"] == {}

    asyncio.run(run())


def test_a_dead_server_loses_events_and_says_so() -> None:
    async def run() -> None:
        counts, registry = metrics()

        async def sleep(seconds: float) -> None: ...

        backend = WebhookBackend(Caller(ClientConfig("http://127.0.0.1:1")), Backoff(1.0), counts, sleep, strict=True)
        assert not await written(backend, [event()])
        await backend.stop()
        assert 'apiserver_audit_error_total{plugin="webhook"} 1' in registry.render().decode()

    asyncio.run(run())
