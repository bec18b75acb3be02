"""An HTTP/2 client made from the h2 library (the server stands on another one), and a server to ask."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
import uvloop

from pilothouse.apimachinery.http import Handler
from pilothouse.transport import pki
from pilothouse.transport.limits import Limits
from pilothouse.transport.server import HTTPServer
from pilothouse.transport.tls import server_context

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, PING, SETTINGS, CONTINUATION = 1, 6, 4, 9


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame as bytes, whether it makes sense or not."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


_CARELESS = h2.config.H2Configuration(
    header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
)
"""For requests as they should not be."""


class Answer:
    """What has come of one stream."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.informational: list[bytes] = []
        self.body = bytearray()
        self.ended = False
        self.reset: int | None = None


class Client:
    """One connection. Windows are opened again as data comes, except for the streams in `unread`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int | None) -> None:
        self._reader, self._writer = reader, writer
        self.h2 = h2.connection.H2Connection(_CARELESS)
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.answers: dict[int, Answer] = {}
        self.unread: set[int] = set()
        self.goaway: h2.events.ConnectionTerminated | None = None
        self.closed = False

    async def flush(self) -> None:
        self._writer.write(self.h2.data_to_send())
        await self._writer.drain()

    async def raw(self, data: bytes) -> None:
        """Send what the library would not."""
        await self.flush()
        self._writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def ask(self, path: str = "/", method: str = "GET", *, body: bool = False, **headers: str) -> int:
        """Begin a request; the stream's number."""
        stream = int(self.h2.get_next_available_stream_id())
        pseudo = [(":method", method), (":scheme", "https"), (":authority", "host.example"), (":path", path)]
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.h2.send_headers(stream, pseudo + fields, end_stream=not body)
        self.answers[stream] = Answer()
        return stream

    async def read(self) -> bool:
        """Take in what comes next. False at the end of the connection."""
        try:
            data = await self._reader.read(1 << 16)
        except (ConnectionError, ssl.SSLError):
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(data):
            self._note(event)
        if self.goaway is None or not self.goaway.error_code:
            await self.flush()
        return True

    def _note(self, event: Any) -> None:
        answer = self.answers.get(getattr(event, "stream_id", None) or 0, Answer())
        match event:
            case h2.events.InformationalResponseReceived():
                answer.informational.append(dict(event.headers)[b":status"])
            case h2.events.ResponseReceived():
                answer.headers = dict(event.headers)
                answer.status = int(answer.headers.pop(b":status"))
            case h2.events.DataReceived():
                answer.body += event.data
                if event.stream_id not in self.unread and event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                answer.ended = True
            case h2.events.StreamReset():
                answer.reset = event.error_code
            case h2.events.ConnectionTerminated():
                self.goaway = event
                if not event.error_code:
                    # The library takes it for the end, but streams that are open go on.
                    self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN

    async def until(self, condition: Callable[[], bool]) -> None:
        """Read until something holds; an error when the connection ends before."""
        await self.flush()
        while not condition():
            assert await self.read(), "the connection was closed"

    async def answer(self, stream: int) -> Answer:
        answer = self.answers[stream]
        await self.until(lambda: answer.ended or answer.reset is not None)
        return answer

    async def get(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        return await self.answer(self.ask(path, method, **headers))

    async def end(self) -> None:
        """Read to the end of the connection."""
        while await self.read():
            pass

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self._writer.wait_closed()


Connect = Callable[..., Awaitable[Client]]


def serve(
    made: pki.PKI, handler: Handler, test: Callable[[Connect, HTTPServer], Awaitable[None]],
    limits: Limits | None = None, streams: int = 100,
) -> None:
    """Run `test(connect, server)` against a server of `handler`. `connect(window=…)` sets what a stream of that client
    may be sent at first."""
    tls = server_context(
        made.serving.certificate, made.serving.key, client_authorities=[made.ca.certificate.read_bytes()], http2=True
    )
    context = ssl.create_default_context(cafile=str(made.ca.certificate))
    context.load_cert_chain(made.admin.certificate, made.admin.key)
    context.set_alpn_protocols(["h2"])

    async def main() -> None:
        server = HTTPServer(handler, tls=tls, limits=limits, http2_streams=streams)
        await server.start()
        opened: list[Client] = []

        async def connect(window: int | None = None) -> Client:
            opened.append(Client(*await asyncio.open_connection("127.0.0.1", server.port, ssl=context), window))
            return opened[-1]

        try:
            await asyncio.wait_for(test(connect, server), 30)
        finally:
            for client in opened:
                await client.close()
            await server.drain(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
