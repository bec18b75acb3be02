import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from tests.apimachinery.webhook.support import serving
from tests.observability.support import samples
from tests.spans import traced

from pilothouse.apimachinery.webhook.caller import (
    Backoff,
    Caller,
    WebhookError,
    any_error,
    is_transient,
    with_backoff,
)
from pilothouse.apimachinery.webhook.client_config import caller_for
from pilothouse.apimachinery.webhook.kubeconfig import ClientConfig


async def no_sleep(seconds: float) -> None: ...


def test_a_call() -> None:
    async def run() -> None:
        async def answer(request: web.Request) -> web.Response:
            assert request.headers["Authorization"] == "Bearer t"
            assert request.content_type == "application/json"
            return web.Response(body=await request.read())

        async with serving(answer) as url:
            caller = Caller(ClientConfig(url, token="t"))
            assert await caller.post(b'{"a":1}') == b'{"a":1}'
            assert await caller.post(b"{}") == b"{}"
            await caller.close()
            await caller.close()

    asyncio.run(run())


def test_calls_are_counted() -> None:
    async def run() -> None:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=b"x" * 100)

        async with serving(answer) as url:
            host = url.split("/")[2]
            caller = Caller(ClientConfig(url))
            await caller.post(b"{}")
            await caller.close()
        with pytest.raises(WebhookError):
            await caller.post(b"{}")
        await caller.close()
        shown = samples()
        assert shown[f'rest_client_requests_total{{code="200",host="{host}",method="POST"}}'] == 1
        assert shown[f'rest_client_requests_total{{code="<error>",host="{host}",method="POST"}}'] == 1
        assert shown[f'rest_client_request_duration_seconds_count{{host="{host}",verb="POST"}}'] == 2
        assert shown[f'rest_client_request_size_bytes_sum{{host="{host}",verb="POST"}}'] == 4
        assert shown[f'rest_client_response_size_bytes_sum{{host="{host}",verb="POST"}}'] == 100

    asyncio.run(run())


def test_answers_that_are_errors() -> None:
    async def run() -> None:
        async def answer(request: web.Request) -> web.Response:
            if request.query_string == "large":
                return web.Response(body=b"x" * (3 * 1024 * 1024 + 1))
            if request.query_string == "moved":
                return web.Response(status=302, headers={"Location": "/elsewhere"})
            return web.Response(status=429, headers={"Retry-After": "7"})

        async with serving(answer) as url:
            for query, code, retry_after in (("", 429, 7.0), ("?large", 0, 0.0), ("?moved", 302, 0.0)):
                caller = Caller(ClientConfig(url + query))
                with pytest.raises(WebhookError) as e:
                    await caller.post(b"{}")
                assert (e.value.code, e.value.retry_after) == (code, retry_after)
                await caller.close()

    asyncio.run(run())


def test_a_server_that_never_answers() -> None:
    async def run() -> None:
        given_up = asyncio.Event()

        async def answer(request: web.Request) -> web.Response:
            await given_up.wait()
            return web.Response()

        async with serving(answer) as url:
            caller = Caller(ClientConfig(url), seconds=0.05)
            with pytest.raises(WebhookError, match="context deadline exceeded"):
                await caller.post(b"{}")
            given_up.set()
            await caller.close()

    asyncio.run(run())


def test_what_is_tried_again() -> None:
    for error, expected in (
        (WebhookError("x", 500), True), (WebhookError("x", 504), True), (WebhookError("x", 429), True),
        (WebhookError("x", 503), False), (WebhookError("x", 503, retry_after=1.0), True), (WebhookError("x"), False),
        (WebhookError("x", reset=True), True), (WebhookError("x", 400), False),
    ):
        assert is_transient(error) is expected


def test_backoff() -> None:
    async def run() -> None:
        tries = 0

        async def call() -> int:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise WebhookError("x", 400)
            return tries

        assert await with_backoff(call, Backoff(1.0), any_error, no_sleep) == 3
        tries = 0
        with pytest.raises(WebhookError):
            await with_backoff(call, Backoff(1.0), is_transient, no_sleep)
        assert tries == 1
        tries = -100
        with pytest.raises(WebhookError):
            await with_backoff(call, Backoff(1.0, steps=4), any_error, no_sleep)
        assert tries == -96

    asyncio.run(run())


def test_who_is_told_of_a_trace() -> None:
    async def run() -> None:
        asked: list[web.Request] = []

        async def answer(request: web.Request) -> web.Response:
            asked.append(request)
            return web.Response(status=200 if len(asked) < 3 else 500)

        with traced() as tracer:
            async with serving(answer) as url:
                for caller in (Caller(ClientConfig(url)), Caller(ClientConfig(url), traced=True)):
                    await caller.post(b"{}")
                    await caller.close()
                caller = caller_for({"url": url}, no_service, seconds=3.0)
                with pytest.raises(WebhookError):
                    await caller.post(b"{}")
                await caller.close()
            with pytest.raises(WebhookError):
                await caller.post(b"{}")
            await caller.close()
        assert [request.headers.get("traceparent") for request in asked] == [None, "00-1-2-01", "00-1-2-01"]
        assert asked[2].headers["User-Agent"] == "kube-apiserver-admission"
        assert [call.told for call in tracer.calls] == [
            ["POST", url, 200, None], ["POST", f"{url}?timeout=3s", 500, None],
            ["POST", f"{url}?timeout=3s", "WebhookError"],
        ]

    def no_service(namespace: str, name: str, port: int) -> tuple[str, int]:
        raise AssertionError("no service")

    asyncio.run(run())


@pytest.mark.parametrize(("server", "url"), [
    ("http://host", "http://host/?timeout=30s"), ("https://host:1//a/b/?c=d#e", "https://host:1/a/b?timeout=30s"),
])
def test_a_server_of_a_file_learns_how_long_it_may_take(tmp_path: Path, server: str, url: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps({"clusters": [{"name": "a", "cluster": {"server": server}}]}))
    assert Caller.of_file(file)._config.server == url
