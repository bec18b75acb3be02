"""The wait group and the termination of watches."""

import asyncio
from collections.abc import AsyncIterator, Callable

import orjson

from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.server.filters.wait_group import with_wait_group
from pilothouse.server.filters.watch_termination import with_watch_termination
from pilothouse.server.lifecycle import Signal
from pilothouse.server.waitgroup import WaitGroup
from pilothouse.transport.upgrade import Upgrade

Build = Callable[..., Request]


def test_requests_are_counted_while_they_run(build: Build) -> None:
    async def run() -> None:
        group = WaitGroup()
        counts: list[int] = []

        async def handle(request: Request) -> Response:
            counts.append(group.count)
            return Response()

        serve = with_wait_group(handle, group)
        await serve(build("GET"))
        await serve(build("GET", "/api/v1/pods?watch=1"))
        assert counts == [1, 0]
        assert group.count == 0

    asyncio.run(run())


def test_a_streamed_list_counts_until_its_end(build: Build) -> None:
    async def run() -> None:
        group = WaitGroup()

        async def handle(request: Request) -> Response:
            watch = Watch()
            watch.ended.set()
            return StreamResponse(watch)

        response = await with_wait_group(handle, group)(build("GET"))
        assert isinstance(response, StreamResponse)
        assert group.count == 1
        assert [chunk async for chunk in response.stream] == []
        assert group.count == 0

    asyncio.run(run())


def test_an_upgrade_counts_until_it_is_taken(build: Build) -> None:
    async def run() -> None:
        group, counts = WaitGroup(), []

        async def handle(request: Request) -> Response:
            counts.append(group.count)
            if request.path == "/take":
                request.upgrade.on_taken()
            counts.append(group.count)
            return Response()

        for path in ("/take", "/leave"):
            request = build("GET", path)
            request.upgrade = Upgrade(None, b"")  # type: ignore[arg-type]
            await with_wait_group(handle, group)(request)
            counts.append(group.count)
        assert counts == [1, 0, 0, 1, 1, 0]

    asyncio.run(run())


def test_a_shutdown_waits_and_refuses_newcomers(build: Build) -> None:
    async def run() -> None:
        group = WaitGroup()
        release = asyncio.Event()

        async def handle(request: Request) -> Response:
            if request.path == "/slow":
                await release.wait()
            return Response(200)

        serve = with_wait_group(handle, group)

        async def start(request: Request) -> Response:
            return await serve(request)

        running = asyncio.create_task(start(build("GET", "/slow")))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(group.wait())
        await asyncio.sleep(0)
        refused = await serve(build("GET"))
        assert refused.status == 503
        assert (b"retry-after", b"1") in refused.headers
        assert orjson.loads(refused.body)["message"] == "apiserver is shutting down"
        assert (await serve(build("GET", "/healthz"))).status == 200
        assert not waiting.done()
        release.set()
        assert (await running).status == 200
        await waiting

    asyncio.run(run())


class Watch(AsyncIterator[bytes]):
    """A stream that ends when it is told to."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def __anext__(self) -> bytes:
        await self.ended.wait()
        raise StopAsyncIteration


def test_open_watches_end_and_new_ones_are_refused(build: Build) -> None:
    async def run() -> None:
        group, stopping = WaitGroup(), Signal("NotAcceptingNewRequest")

        async def handle(request: Request) -> Response:
            watch = Watch()
            request.context.end_stream = watch.ended.set
            return StreamResponse(watch)

        serve = with_watch_termination(handle, stopping, group)
        url = "/api/v1/pods?watch=1"
        response = await serve(build("GET", url))
        assert isinstance(response, StreamResponse)
        assert group.count == 1
        stopping.signal()
        assert [chunk async for chunk in response.stream] == []
        assert group.count == 0
        late = await serve(build("GET", url))
        assert isinstance(late, StreamResponse)
        assert [chunk async for chunk in late.stream] == []
        await group.wait()
        assert (await serve(build("GET", url))).status == 503

    asyncio.run(run())


def test_a_watch_that_fails_to_start_is_not_counted(build: Build) -> None:
    async def run() -> None:
        group = WaitGroup()

        async def handle(request: Request) -> Response:
            raise RuntimeError

        serve = with_watch_termination(handle, Signal("NotAcceptingNewRequest"), group)
        try:
            await serve(build("GET", "/api/v1/pods?watch=1"))
        except RuntimeError:
            assert group.count == 0

    asyncio.run(run())
