"""Many watches in one process, as cheap as can be: they count frames and parse nothing.

Run as `python -m bench.watchers PORT TOKEN PATH COUNT`. Says {"ready": COUNT} when all have their answer's
headers, and for every line on stdin the counts so far.
"""

import asyncio
import json
import ssl
import sys
import time

import uvloop


class Watch(asyncio.Protocol):
    def __init__(self, token: str, path: str, ready: "asyncio.Future[None]") -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        self._ready = ready
        self._head: bytes | None = b""
        self.frames = self.bytes = 0
        self.last = 0.0
        self.broken = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = None
            if not head.startswith(b"HTTP/1.1 200"):
                self.broken = (head + end + data)[:300].decode(errors="replace")
            self._ready.set_result(None)
        # Every frame ends with a line feed; those that frame the chunks have a carriage return before them.
        self.frames += data.count(b"\n") - data.count(b"\r")
        self.bytes += len(data)
        self.last = time.monotonic()
        if b'{"type":"ERROR"' in data:
            self.broken = data[:300].decode(errors="replace")

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken = self.broken or f"the connection ended after {self.frames} events: {exc}"
        if not self._ready.done():
            self._ready.set_result(None)


async def main(port: int, token: str, path: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    watches: list[Watch] = []
    for _ in range(count):
        ready: asyncio.Future[None] = loop.create_future()
        _, watch = await loop.create_connection(
            lambda ready=ready: Watch(token, path, ready), "127.0.0.1", port, ssl=context  # type: ignore[misc]
        )
        await ready
        watches.append(watch)
    print(json.dumps({"ready": sum(not watch.broken for watch in watches)}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        broken = [watch.broken for watch in watches if watch.broken]
        print(json.dumps({
            "counts": [watch.frames for watch in watches], "bytes": sum(watch.bytes for watch in watches),
            "last": max(watch.last for watch in watches), "broken": len(broken), "why": broken[:1],
        }), flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
