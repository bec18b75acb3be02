"""Named moments in a server's life (upstream: k8s.io/apiserver pkg/server/lifecycle_signals.go).

A shutdown, with `shutdown_send_retry_after` off:

1. `ShutdownInitiated`: /readyz turns red; pre-shutdown hooks run.
2. `AfterShutdownDelayDuration`: load balancers have had time to notice.
3. `PreShutdownHooksStopped`, then `NotAcceptingNewRequest`: new requests are refused, watches end.
4. `InFlightRequestsDrained`: what was running has been answered.
5. `HTTPServerStoppedListening`: the sockets are closed.

`HasBeenReady` comes when /readyz first succeeds; `MuxAndDiscoveryComplete` when every path is installed.
"""

import asyncio
import time
from collections.abc import Callable


class Signal:
    """Happens once. `done` may be read on hot paths; waiting needs a running loop."""

    __slots__ = ("_callbacks", "_clock", "done", "name", "signaled_at")

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.done = False
        self.signaled_at: float | None = None
        """Seconds of the clock (default: `time.monotonic`), or None."""
        self._clock = clock
        self._callbacks: list[Callable[[], None]] = []

    def signal(self) -> None:
        """Note that it has happened; every time but the first does nothing."""
        if self.done:
            return
        self.signaled_at = self._clock()
        self.done = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_signal(self, callback: Callable[[], None]) -> None:
        """Call once when it happens: at once if it already has."""
        if self.done:
            callback()
        else:
            self._callbacks.append(callback)

    async def wait(self) -> None:
        if self.done:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        self._callbacks.append(wake)
        try:
            await future
        finally:
            if wake in self._callbacks:
                self._callbacks.remove(wake)


class LifecycleSignals:
    """All signals of one server process; the three servers of a chain share them."""

    __slots__ = (
        "after_shutdown_delay_duration", "has_been_ready", "http_server_stopped_listening",
        "in_flight_requests_drained", "mux_and_discovery_complete", "not_accepting_new_request",
        "pre_shutdown_hooks_stopped", "shutdown_initiated",
    )

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.shutdown_initiated = Signal("ShutdownInitiated", clock)
        self.after_shutdown_delay_duration = Signal("AfterShutdownDelayDuration", clock)
        self.pre_shutdown_hooks_stopped = Signal("PreShutdownHooksStopped", clock)
        self.not_accepting_new_request = Signal("NotAcceptingNewRequest", clock)
        self.in_flight_requests_drained = Signal("InFlightRequestsDrained", clock)
        self.http_server_stopped_listening = Signal("HTTPServerStoppedListening", clock)
        self.has_been_ready = Signal("HasBeenReady", clock)
        self.mux_and_discovery_complete = Signal("MuxAndDiscoveryComplete", clock)
