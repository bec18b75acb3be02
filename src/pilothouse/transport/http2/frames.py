"""Where frames begin and end in what a client sends.

Frames are handed to the protocol library whole, and so many at a time: a read of 256 KiB can hold 15,000 of the
smallest, which would keep the loop from everybody else. The library also loses count of the connection's window where
a stream ends in the middle of one of its frames.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PREFACE = 24
"""Bytes that a client sends before its first frame."""
HEAD = 9
MAX_FRAME_SIZE = 256 * 1024
"""What a frame may carry (upstream: server/secure_serving.go, MaxReadFrameSize)."""
FRAMES = 64
"""Frames that are handed on in one turn of the event loop."""


def whole_frames(data: bytes | bytearray, position: int, most: int) -> int:
    """The position after up to `most` whole frames from `position` on. Of a frame that is too large the head counts
    as a whole frame: the library refuses it by that.
    """
    size = len(data)
    while most and position + HEAD <= size:
        length = int.from_bytes(data[position:position + 3])
        end = position + HEAD + (length if length <= MAX_FRAME_SIZE else 0)
        if end > size:
            break
        position = end
        most -= 1
    return position


def goaway(last_stream: int, error: int) -> bytes:
    """A GOAWAY frame, for when the library can make none any more."""
    return b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + last_stream.to_bytes(4) + error.to_bytes(4)


class FrameFeeder:
    """Collects what `transport` reads and hands whole frames to `take`, some in each turn of the loop; until all are
    handed on, reading pauses. The first ones come with the preface."""

    __slots__ = ("_buffer", "_loop", "_paused", "_skip", "_take", "_transport")

    def __init__(
        self, transport: asyncio.Transport, take: Callable[[bytes], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._take: Callable[[bytes], None] | None = take
        self._loop = loop
        self._buffer = bytearray()
        self._skip = PREFACE
        self._paused = False

    def feed(self, data: bytes) -> None:
        self._buffer += data
        if not self._paused and self._hand_on():
            self._paused = True
            self._transport.pause_reading()
            self._loop.call_soon(self._go_on)

    def close(self) -> None:
        """Nothing is handed on any more."""
        self._take = None
        self._buffer.clear()

    def _go_on(self) -> None:
        if self._hand_on():
            self._loop.call_soon(self._go_on)
        else:
            self._paused = False
            self._transport.resume_reading()

    def _hand_on(self) -> bool:
        """Whether whole frames are left."""
        buffer = self._buffer
        if self._take is None or len(buffer) < self._skip:
            return False
        end = whole_frames(buffer, self._skip, FRAMES)
        if end:
            frames = bytes(memoryview(buffer)[:end])
            del buffer[:end]
            self._skip = 0
            self._take(frames)
        return whole_frames(buffer, 0, 1) > 0 if self._take is not None and not self._skip else False
