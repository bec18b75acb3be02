"""An HTTP/2 connection: frames to `Request`s, `Response`s to frames (upstream: golang.org/x/net/http2's server).

The protocol itself (frames, HPACK, windows, what each state allows) is libnghttp2's, as the ngh2 library offers it;
here is what that leaves open: tasks, bodies, patience and bounds.

A connection is in one of these states, and only the code below moves it on:
- beginning: nothing asked yet, for at most `bounds.PREFACE_SECONDS`;
- active: streams are open, each a request with a task of its own. Every `Limits.write_seconds` streams whose client
  has taken nothing since are reset (`expire`);
- idle: no stream is open, for at most `Limits.idle_seconds`, then GOAWAY;
- leaving: GOAWAY is out; streams that are open end as they would have, and the last one ends the connection;
- closing: the last frames are out, what still comes is thrown away for a moment, so that the client reads them
  instead of a connection reset, then the transport is closed.

What a client may ask of the server is bounded: see `bounds`.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import ngh2
from ngh2 import events
from ngh2.enums import ErrorCode, Setting

from pilothouse.apimachinery.http import Handler, Headers, Request
from pilothouse.observability.logging import log
from pilothouse.transport import wire
from pilothouse.transport.exchange import Exchange
from pilothouse.transport.http2 import bounds
from pilothouse.transport.http2.frames import MAX_FRAME_SIZE, FrameFeeder, goaway
from pilothouse.transport.http2.headers import read_head
from pilothouse.transport.http2.ratelimit import RateLimit
from pilothouse.transport.http2.stream import SLICE, Stream
from pilothouse.transport.limits import Limits
from pilothouse.transport.peer import peer_chain
from pilothouse.transport.tls import fit_for_http2
from pilothouse.transport.writer import BUFFER

if TYPE_CHECKING:
    from pilothouse.transport.server import HTTPServer


class HTTP2Protocol(asyncio.Protocol):
    """One connection. Made by `NegotiatingProtocol`; `HTTPServer` sweeps `deadline`."""

    def __init__(
        self, server: HTTPServer, handler: Handler, limits: Limits, loop: asyncio.AbstractEventLoop, max_streams: int
    ) -> None:
        self._server = server
        self._handler = handler
        self._limits = limits
        self._loop = loop
        self._max_streams = max_streams
        self._transport: asyncio.Transport
        self._session = ngh2.Connection(ngh2.Role.SERVER, bounds.CONFIGURATION)
        self._streams: dict[int, Stream] = {}
        self._running = 0
        """Tasks, also of streams that are gone."""
        self._waiting: deque[Stream] = deque()
        self._answered: list[Stream] = []
        """Streams whose answer is ready while the client may still be sending its request."""
        self.draining: set[Stream] = set()
        self._resets = RateLimit(*bounds.RESETS, loop.time())
        self._frames: FrameFeeder
        self._flushing = self._unsent = self._write_paused = False
        self._begun = self._ends_soon = self._leaving = self._closing = False
        self._last_stream = 0
        self._client: tuple[str, int] | None = None
        self._peer_certificates: Sequence[bytes] = ()
        self.deadline = math.inf

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=BUFFER)
        self._frames = FrameFeeder(self._transport, self._receive, self._loop)
        peer = transport.get_extra_info("peername")
        self._client = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        sock = transport.get_extra_info("socket")
        if sock is not None and self._client is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._server.connections.add(self)
        self.deadline = self._loop.time() + min(bounds.PREFACE_SECONDS, self._limits.header_seconds)
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is not None:
            if not fit_for_http2(ssl_object):
                self._give_up(ErrorCode.INADEQUATE_SECURITY)
                return
            self._peer_certificates = peer_chain(ssl_object)
        self._session.initiate_connection({
            Setting.MAX_CONCURRENT_STREAMS: self._max_streams, Setting.INITIAL_WINDOW_SIZE: Exchange.BUFFER,
            Setting.MAX_FRAME_SIZE: MAX_FRAME_SIZE, Setting.MAX_HEADER_LIST_SIZE: bounds.HEADER_LIST,
        })
        # Room for every stream's window, so that a body that nobody reads holds up no other.
        self._session.set_local_window_size(Exchange.BUFFER * self._max_streams)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._server.forget(self)
        self._frames.close()
        self._lose_streams()

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        self._flush()

    # Reading

    def data_received(self, data: bytes) -> None:
        if not self._closing:
            self._frames.feed(data)

    def _receive(self, frames: bytes) -> None:
        if not self._begun:
            self._begun = True
            self.deadline = self._loop.time() + self._limits.idle_seconds
        try:
            self._session.receive_data(frames)
        except ngh2.DenialOfServiceError:
            self._give_up(ErrorCode.ENHANCE_YOUR_CALM)
        except ngh2.NGH2Error:
            self._give_up(ErrorCode.PROTOCOL_ERROR)
        else:
            self._handle_events()
            if not self._closing and self._session.want_write:
                self._flush_soon()

    def _handle_events(self) -> None:
        found = self._session.events()
        if found and type(found[-1]) is events.ConnectionClosed:
            # After GOAWAY and the last stream, or after a breach of the protocol. The library takes nothing more.
            self._close()
            return
        fresh: list[Stream] = []
        for event in found:
            if self._closing:
                break
            if type(event) is events.RequestReceived:
                self._on_request(event, fresh)
            elif (handle := _EVENTS.get(type(event))) is not None:
                handle(self, event)
        # A request that was reset in the same breath is never begun.
        for stream in fresh:
            if not stream.gone:
                self._begin(stream)

    def _on_request(self, event: events.RequestReceived, fresh: list[Stream]) -> None:
        if not self._streams:
            self.deadline = self._loop.time() + self._limits.write_seconds
        self._last_stream = event.stream_id
        stream = self._streams[event.stream_id] = Stream(self, event.stream_id)
        try:
            head = read_head(event.headers)
        except wire.BadTarget:
            self.drop(stream, ErrorCode.PROTOCOL_ERROR)
            return
        expects = any(name == b"expect" for name, _ in head.headers)
        stream.exchange = exchange = Exchange(stream, True, expects)
        exchange.complete = event.end_stream
        exchange.request = Request(
            *head, exchange.receive_body,
            client=self._client, peer_certificates=self._peer_certificates, protocol="HTTP/2.0",
        )
        exchange.request.target = next((value for name, value in event.headers if name == b":path"), b"")
        exchange.request.receive_chunk = exchange.receive_chunk
        fresh.append(stream)

    def _on_data(self, event: events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            stream.feed(event.data, event.end_stream)

    def _on_trailers(self, event: events.TrailersReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            stream.feed(b"", True)

    def _on_closed(self, event: events.StreamClosed) -> None:
        stream = self._streams.pop(event.stream_id, None)
        if stream is None:
            reset = event.error_code != 0
        else:
            unfinished = stream.exchange is not None
            reset = not stream.dropped and (unfinished or event.error_code != 0)
            self.give_back(stream)
            stream.lost()
        if not self._streams:
            self.deadline = self._loop.time() + self._limits.idle_seconds
        if reset and not self._closing and not self._resets.spend(self._loop.time()):
            self._end(ErrorCode.ENHANCE_YOUR_CALM)

    def _on_goaway(self, event: events.GoAwayReceived) -> None:
        self.go_away()

    # Running

    def _begin(self, stream: Stream) -> None:
        """upstream: server.go, scheduleHandler"""
        if self._running >= self._max_streams:
            if len(self._waiting) >= bounds.WAITING * self._max_streams:
                self._end(ErrorCode.ENHANCE_YOUR_CALM)
                return
            self._waiting.append(stream)
            return
        self._running += 1
        stream.task = self._loop.create_task(stream.run(self._handler), name="request")

    def finished(self, stream: Stream, complete: bool) -> None:
        """The stream's task is over; `complete` is whether the whole request had come by then."""
        self._running -= 1
        if not complete and not stream.gone:
            self._answered.append(stream)
            self._unsent = True
        while self._waiting and self._running < self._max_streams and not self._closing:
            following = self._waiting.popleft()
            if not following.gone:
                self._begin(following)
        if self._unsent:
            # The last one at work need not wait for others.
            if self._running:
                self._flush_soon()
            else:
                self._flush()

    # What streams send

    def send_answer(self, stream: Stream, fields: Headers, body: bytes) -> None:
        """A whole answer at once. It goes out when the stream's task is over."""
        if not stream.gone:
            self._session.send_response(stream.id, fields, end_stream=not body)
            if body:
                self._session.send_data(stream.id, body, end_stream=True)
            self._unsent = True

    def send_head(self, stream: Stream, fields: Headers, *, last: bool) -> None:
        if not stream.gone:
            self._session.send_response(stream.id, fields, end_stream=last)
            self._flush_soon()

    def send_data(self, stream: Stream, data: bytes | memoryview, *, last: bool) -> None:
        if not stream.gone:
            self._session.send_data(stream.id, data, end_stream=last)
            self._flush_soon()

    def send_continue(self, stream: Stream) -> None:
        if not stream.gone:
            self._session.send_informational_response(stream.id, [(b":status", b"100")])
            self._flush_soon()

    def queued(self, stream: Stream) -> int:
        """Bytes of the answer that the client's windows have not let out."""
        return self._session.queued_body_size(stream.id)

    def give_back(self, stream: Stream) -> None:
        """What has come of the stream's body needs no room any more: the client may send as much again."""
        held, stream.held = stream.held, 0
        if held and not self._closing:
            self._session.acknowledge_received_data(held, stream.id)
            self._flush_soon()

    def drop(self, stream: Stream, error: ErrorCode) -> None:
        """Reset the stream."""
        if not stream.gone and not stream.dropped and not self._closing:
            stream.dropped = True
            self._session.reset_stream(stream.id, error)
            self._flush_soon()

    def go_away_soon(self) -> None:
        """`go_away` once what is being sent is out: clients made from the h2 library read nothing behind GOAWAY."""
        self._ends_soon = True

    def go_away(self) -> None:
        """Let the client open no more streams here; the connection ends with the last one."""
        if not self._leaving and not self._closing:
            self._leaving = True
            self._session.send_goaway()
            self._flush_soon()

    # Writing

    def _flush_soon(self) -> None:
        """What is sent in one turn goes out together: fewer TLS records, fewer system calls."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = self._unsent = False
        if self._closing:
            return
        sending = True
        while sending and not self._write_paused:
            data = self._session.data_to_send(SLICE)
            if data:
                self._transport.write(data)
            else:
                sending = False
        self._handle_events()
        for stream in [stream for stream in self.draining if self.queued(stream) <= SLICE]:
            stream.wake()
        if self._answered and not sending:
            self._hang_up()
        if self._ends_soon and not sending:
            self.go_away()

    def _hang_up(self) -> None:
        """Tell clients whose answer is out that the rest of their request is of no use (RFC 9113, 8.1)."""
        waiting = [stream for stream in self._answered if not stream.gone]
        self._answered = [stream for stream in waiting if self.queued(stream)]
        for stream in waiting:
            if not self.queued(stream):
                self.drop(stream, ErrorCode.NO_ERROR)

    # Ending

    def _end(self, error: ErrorCode) -> None:
        """Tell the client why, and close."""
        log.info("HTTP/2 connection ended", level=4, source=self._client, error=error.name)
        self._session.terminate_connection(error)
        self._transport.write(self._session.data_to_send(SLICE))
        self._close()

    def _give_up(self, error: ErrorCode) -> None:
        """`_end` where the library cannot go on."""
        log.info("HTTP/2 connection given up", level=4, source=self._client, error=error.name)
        self._transport.write(goaway(self._last_stream, error))
        self._close()

    def _close(self) -> None:
        self._closing = True
        self._frames.close()
        self._lose_streams()
        self.deadline = self._loop.time() + self._limits.linger_seconds
        self._loop.call_later(self._limits.linger_seconds, self._transport.close)

    def _lose_streams(self) -> None:
        streams, self._streams = self._streams, {}
        self._waiting.clear()
        self._answered.clear()
        for stream in streams.values():
            stream.lost()

    # What the server asks

    def expire(self) -> None:
        """The deadline has passed."""
        if self._closing or (self._leaving and not self._streams):
            self._transport.abort()
        elif not self._streams:
            self.go_away()
            self.deadline = self._loop.time() + self._limits.linger_seconds
        else:
            self._drop_stalled()
            self.deadline = self._loop.time() + self._limits.write_seconds

    def _drop_stalled(self) -> None:
        """Reset streams whose client has taken nothing of what waits for it since this was last asked."""
        for stream in list(self._streams.values()):
            if not stream.stalls(self.queued(stream)):
                continue
            if self._write_paused:
                self._transport.abort()
                return
            self.drop(stream, ErrorCode.CANCEL)

    def shut(self) -> bool:
        """The server drains: close now when idle, else after the running answers. Returns whether it is idle."""
        idle = not self._streams
        self.go_away()
        if idle:
            self._flush()
            self._transport.close()
        return idle

    def end_upgraded(self) -> bool:
        return False

    def abort(self) -> None:
        self._transport.abort()


_EVENTS: dict[type[events.Event], Callable[[HTTP2Protocol, Any], None]] = {
    events.DataReceived: HTTP2Protocol._on_data,
    events.TrailersReceived: HTTP2Protocol._on_trailers,
    events.StreamClosed: HTTP2Protocol._on_closed,
    events.GoAwayReceived: HTTP2Protocol._on_goaway,
}
