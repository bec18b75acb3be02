import asyncio
from collections.abc import AsyncIterator, Callable

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.user import User
from pilothouse.server.filters.max_in_flight import with_max_in_flight
from pilothouse.server.metrics import ServerMetrics


def test_no_limits_cost_nothing(ok: Handler, metrics: ServerMetrics) -> None:
    assert with_max_in_flight(ok, 0, 0, metrics) is ok


def test_reads_and_writes_are_bounded_apart(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    async def run() -> None:
        release = asyncio.Event()

        async def handle(request: Request) -> Response:
            await release.wait()
            return Response(200)

        serve = with_max_in_flight(handle, 1, 1, metrics)

        async def start(request: Request) -> Response:
            return await serve(request)

        async with asyncio.TaskGroup() as group:
            first = group.create_task(start(build("GET")))
            await asyncio.sleep(0)
            refused = await serve(build("GET"))
            assert refused.status == 429
            assert refused.body == b"Too many requests, please try again later.\n"
            assert (b"retry-after", b"1") in refused.headers
            others = [
                group.create_task(start(build("POST"))),
                group.create_task(start(build("GET", "/api/v1/pods?watch=1"))),
                group.create_task(start(build("GET", user=User("root", groups=("system:masters",))))),
            ]
            await asyncio.sleep(0)
            text = metrics.registry.render().decode()
            assert 'apiserver_current_inflight_requests{request_kind="readOnly"} 1' in text
            assert 'apiserver_current_inflight_requests{request_kind="mutating"} 1' in text
            assert 'verb="LIST",code="429"' not in text  # labels are sorted
            assert 'apiserver_request_total{code="429",' in text
            assert 'apiserver_request_terminations_total{code="429",' in text
            release.set()
        assert [t.result().status for t in (first, *others)] == [200] * 4
        assert (await start(build("GET"))).status == 200

    asyncio.run(run())


def test_a_failing_request_gives_its_place_back(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    async def run() -> None:
        async def handle(request: Request) -> Response:
            raise RuntimeError

        serve = with_max_in_flight(handle, 1, 1, metrics)
        for _ in range(3):
            try:
                await serve(build("GET"))
            except RuntimeError:
                continue

    asyncio.run(run())


def test_a_list_that_is_streamed_keeps_its_place_until_its_end(
    build: Callable[..., Request], metrics: ServerMetrics
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"{}"

    async def run() -> None:
        async def handle(request: Request) -> Response:
            return StreamResponse(chunks())

        serve = with_max_in_flight(handle, 1, 1, metrics)
        first = await serve(build("GET"))
        assert isinstance(first, StreamResponse)
        assert (await serve(build("GET"))).status == 429
        assert [chunk async for chunk in first.stream] == [b"{}"]
        assert (await serve(build("GET"))).status == 200

    asyncio.run(run())
