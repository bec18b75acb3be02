import asyncio

from pilothouse.server.lifecycle import LifecycleSignals, Signal


def test_a_signal_happens_once() -> None:
    now = iter((5.0, 6.0))
    calls: list[str] = []
    signal = Signal("X", lambda: next(now))
    signal.on_signal(lambda: calls.append("early"))
    assert (signal.done, signal.signaled_at) == (False, None)
    signal.signal()
    signal.signal()
    signal.on_signal(lambda: calls.append("late"))
    assert (signal.done, signal.signaled_at, calls) == (True, 5.0, ["early", "late"])


def test_waiting() -> None:
    async def run() -> None:
        signal = Signal("X")
        waiters = [asyncio.create_task(signal.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiters[0].cancel()
        await asyncio.gather(waiters[0], return_exceptions=True)
        signal.signal()
        await asyncio.gather(*waiters[1:])
        await signal.wait()

    asyncio.run(run())


def test_names_are_upstreams() -> None:
    signals = LifecycleSignals()
    assert {getattr(signals, name).name for name in signals.__slots__} == {
        "ShutdownInitiated", "AfterShutdownDelayDuration", "PreShutdownHooksStopped", "NotAcceptingNewRequest",
        "InFlightRequestsDrained", "HTTPServerStoppedListening", "HasBeenReady", "MuxAndDiscoveryComplete",
    }
