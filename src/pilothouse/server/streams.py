"""Knowing when a streamed answer ends: the chain returns long before a watch does."""

from collections.abc import AsyncIterator, Callable

from pilothouse.apimachinery.http import Response, StreamResponse


class TrackedStream:
    """Passes chunks on and calls back once when the stream has ended, by whichever side or by an error."""

    __slots__ = ("_callbacks", "_stream", "chunks", "size")

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._callbacks: list[Callable[[], None]] = []
        self.chunks = 0
        self.size = 0
        """Bytes sent so far."""

    def on_end(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def __aiter__(self) -> "TrackedStream":
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._stream.__anext__()
        except BaseException:
            self._end()
            raise
        self.chunks += 1
        self.size += len(chunk)
        return chunk

    async def aclose(self) -> None:
        try:
            close = getattr(self._stream, "aclose", None)
            if close is not None:
                await close()
        finally:
            self._end()

    def _end(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


def tracked(response: StreamResponse) -> TrackedStream:
    """The response's stream, made trackable where it is not yet."""
    stream = response.stream
    if not isinstance(stream, TrackedStream):
        stream = TrackedStream(stream)
        response.stream = stream
    return stream


def on_end(response: Response, callback: Callable[[], None]) -> None:
    """Call back when `response` is over: at once for a whole answer, at its end for a stream."""
    if isinstance(response, StreamResponse):
        tracked(response).on_end(callback)
    else:
        callback()
