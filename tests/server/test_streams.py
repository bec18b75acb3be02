import asyncio
from collections.abc import AsyncIterator

import pytest

from pilothouse.apimachinery.http import Response, StreamResponse
from pilothouse.server.streams import TrackedStream, on_end


async def numbers(count: int, fail: bool = False) -> AsyncIterator[bytes]:
    for i in range(count):
        yield str(i).encode()
    if fail:
        raise OSError("gone")


def test_a_whole_answer_is_over_at_once() -> None:
    calls: list[int] = []
    on_end(Response(), lambda: calls.append(1))
    assert calls == [1]


def test_a_stream_is_over_at_its_end_and_calls_back_once() -> None:
    async def run() -> None:
        calls: list[int] = []
        response = StreamResponse(numbers(3))
        on_end(response, lambda: calls.append(1))
        on_end(response, lambda: calls.append(2))
        stream = response.stream
        assert isinstance(stream, TrackedStream)
        assert [chunk async for chunk in stream] == [b"0", b"1", b"2"]
        assert (calls, stream.chunks, stream.size) == ([1, 2], 3, 3)
        await stream.aclose()
        assert calls == [1, 2]

    asyncio.run(run())


def test_closing_or_failing_ends_it_too() -> None:
    async def run() -> None:
        calls: list[int] = []
        closed, failed = StreamResponse(numbers(3)), StreamResponse(numbers(1, fail=True))
        on_end(closed, lambda: calls.append(1))
        on_end(failed, lambda: calls.append(2))
        assert isinstance(closed.stream, TrackedStream)
        await anext(closed.stream)
        await closed.stream.aclose()
        with pytest.raises(OSError, match="gone"):
            _ = [chunk async for chunk in failed.stream]
        assert calls == [1, 2]

    asyncio.run(run())
