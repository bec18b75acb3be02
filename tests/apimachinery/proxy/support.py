"""A backend of bytes, and a server of ours before it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.proxy.backend import Transport
from pilothouse.apimachinery.proxy.location import Location
from pilothouse.transport.limits import Limits
from pilothouse.transport.server import HTTPServer

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Backend = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


Test = Callable[[Callable[[], Any]], Awaitable[None]]


def proxied(
    backend: Backend, make: Callable[[Location, Transport], Handler], test: Test, path: str = ""
) -> None:
    """Run `test(connect)` against a server that hands everything to `make`'s handler, before `backend`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await backend(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def main() -> None:
        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        handler = make(Location("http", f"127.0.0.1:{port}", path), Transport(connect_seconds=5))

        async def outermost(request: Request) -> Response:
            try:
                return await handler(request)
            except status.StatusError as error:
                return Response(error.code, error.message.encode())

        server = HTTPServer(outermost, limits=Limits(linger_seconds=0.01))
        await server.start()
        opened: list[asyncio.StreamWriter] = []

        async def connect() -> Streams:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            opened.append(writer)
            return reader, writer

        try:
            await asyncio.wait_for(test(connect), 20)
        finally:
            for writer in opened:
                writer.close()
            await server.drain(0)
            listening.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def closed_port() -> Location:
    """Where nobody listens."""
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return Location("http", f"127.0.0.1:{s.getsockname()[1]}")
