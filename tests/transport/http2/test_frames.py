"""Cutting what comes into frames."""

import asyncio

from tests.transport.http2.support import PING, frame

from pilothouse.transport.http2.frames import FRAMES, MAX_FRAME_SIZE, PREFACE, FrameFeeder, goaway, whole_frames


def test_whole_frames_only() -> None:
    data = frame(PING, 0, 0, bytes(8)) + frame(0, 0, 1, b"abc")
    for size in range(len(data) + 1):
        assert whole_frames(data[:size], 0, 9) == (0 if size < 17 else 17 if size < 29 else 29)
    assert whole_frames(data, 0, 1) == 17
    assert whole_frames(data, 17, 9) == 29


def test_of_a_frame_that_is_too_large_the_head_is_enough() -> None:
    assert whole_frames(frame(0, 0, 1, b"a" * MAX_FRAME_SIZE)[:50], 0, 1) == 0
    assert whole_frames((MAX_FRAME_SIZE + 1).to_bytes(3) + bytes(6), 0, 1) == 9


def test_goaway() -> None:
    assert goaway(5, 11) == frame(7, 0, 0, bytes([0, 0, 0, 5, 0, 0, 0, 11]))


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def test_many_frames_are_handed_on_in_several_turns() -> None:
    ping = frame(PING, 0, 0, bytes(8))

    async def main() -> None:
        taken: list[int] = []
        transport = Transport()
        feeder = FrameFeeder(transport, lambda frames: taken.append(len(frames)), asyncio.get_running_loop())
        feeder.feed(bytes(PREFACE - 1))
        assert taken == []
        feeder.feed(b"\0" + ping * (2 * FRAMES + 3) + b"\0")
        assert (taken, transport.reading) == ([PREFACE + 17 * FRAMES], False)
        while not transport.reading:
            await asyncio.sleep(0)
        assert taken[1:] == [17 * FRAMES, 17 * 3]
        feeder.feed(ping[1:])
        assert taken[3:] == [17]
        feeder.close()
        feeder.feed(ping)
        assert len(taken) == 4

    asyncio.run(main())
