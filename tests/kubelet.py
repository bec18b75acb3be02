"""A stand-in kubelet: the paths that kube-apiserver asks a kubelet for, over TLS with a certificate of its own."""

import asyncio
import ssl
import struct
import threading
import time
import zlib
from pathlib import Path

from aiohttp import WSMsgType, web

from pilothouse.options.complete import advertised
from pilothouse.transport import certificates

SUCCESS = b'{"metadata":{},"status":"Success"}'
STDOUT, ERROR, CLOSE = b"\x01", b"\x03", b"\xff"


def own_address() -> str:
    """An address of this machine that proxies are allowed to go to; "" if it has none but loopback ones."""
    address = advertised("0.0.0.0")
    return "" if address.startswith("127.") or address == "0.0.0.0" else address


class Certificates:
    """An authority, a kubelet's certificate for `addresses`, and a client's, as files in `directory`."""

    def __init__(self, directory: Path, addresses: list[str]) -> None:
        now = time.time()
        certificate, key = certificates.authority(now - 60, now + 3600)
        ca = certificates.load_authority(certificate, key)
        self.ca = self._write(directory / "kubelet-ca.crt", certificate)
        pair = certificates.serving(ca, ["localhost"], addresses, now - 60, now + 3600)
        self.certificate, self.key = (
            self._write(directory / f"kubelet.{n}", p) for n, p in zip("ck", pair, strict=True)
        )
        pair = certificates.client(ca, "kube-apiserver", (), now - 60, now + 3600)
        self.client, self.client_key = (
            self._write(directory / f"client.{n}", p) for n, p in zip("ck", pair, strict=True)
        )

    @staticmethod
    def _write(path: Path, content: bytes) -> Path:
        path.write_bytes(content)
        return path

    def context(self) -> ssl.SSLContext:
        """Asks for the client's certificate and takes no other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class StandInKubelet:
    """Listens on a free port of every address. `asked` are the requests' paths with their queries, in order."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.port = 0
        self.following = asyncio.Event()
        """Set while somebody follows a log."""
        self.left = asyncio.Event()
        """Set when a follower has gone."""

    async def start(self) -> None:
        app = web.Application(middlewares=[self._note])
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        app.router.add_route("*", "/exec/{namespace}/{pod}/{container}", self._exec)
        app.router.add_route("*", "/attach/{namespace}/{pod}/{container}", self._exec)
        app.router.add_route("*", "/portForward/{namespace}/{pod}", self._port_forward)
        app.router.add_route("*", "/redirect", self._redirect)
        app.router.add_route("*", "/echo{rest:.*}", self._echo)
        app.router.add_get("/page", self._page)
        app.router.add_get("/pods", self._pods)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "0.0.0.0", 0, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _note(self, request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        self.headers.append(dict(request.headers))
        return await handler(request)  # type: ignore[operator]

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["container"] == "missing":
            return web.Response(status=404, text="no such container")
        if request.match_info["container"] == "waiting":
            return web.Response(status=400, text='container "waiting" is waiting to start: ContainerCreating')
        if request.match_info["container"] == "broken":
            return web.Response(status=500, text="the disk is gone")
        if request.match_info["container"] == "moved":
            raise web.HTTPFound("/elsewhere")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(b"one\n")
        if "follow" in request.query:
            self.following.set()
            try:
                for _ in range(600):
                    await asyncio.sleep(0.05)
                    await response.write(b"more\n")
            finally:
                self.left.set()
        await response.write(b"two\n")
        return response

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        command = request.query.getall("command", [])
        ws = web.WebSocketResponse(protocols=("v5.channel.k8s.io", "v4.channel.k8s.io"))
        await ws.prepare(request)
        await ws.send_bytes(STDOUT + (" ".join(command) + "\n").encode())
        if "input" in request.query:
            async for message in ws:
                if message.type != WSMsgType.BINARY or message.data[:1] == CLOSE:
                    break
                if message.data[1:]:
                    await ws.send_bytes(STDOUT + message.data[1:])
        await ws.send_bytes(ERROR + SUCCESS)
        await ws.close()
        return ws

    async def _port_forward(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(protocols=("SPDY/3.1+portforward.k8s.io",))
        await ws.prepare(request)
        streams = SpdyEcho()
        async for message in ws:
            if message.type == WSMsgType.BINARY and (answer := streams.receive(message.data)):
                await ws.send_bytes(answer)
        return ws

    async def _redirect(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(request.query["to"])

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        """Sends back each piece of the body as it comes."""
        response = web.StreamResponse(
            status=int(request.query.get("status", "200")),
            headers={"X-Method": request.method, "Keep-Alive": "1", "Access-Control-Allow-Origin": "*"},
        )
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(chunk)
        return response

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text='<p>x</p><a href="/next?a=1&amp;b=2">n</a>', content_type="text/html")

    async def _pods(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"kind": "PodList", "items": []})


class SpdyEcho:
    """As much of SPDY/3 as kubectl port-forward uses: whatever a stream sends comes back, its end included (nothing
    but the end comes on the streams that carry errors)."""

    def __init__(self) -> None:
        self._buffer = b""
        self._compressor = zlib.compressobj()

    def receive(self, data: bytes) -> bytes:
        self._buffer += data
        answer = b""
        while len(self._buffer) >= 8:
            first, flags_and_size = struct.unpack(">II", self._buffer[:8])
            size = flags_and_size & 0xFFFFFF
            if len(self._buffer) < 8 + size:
                break
            payload, self._buffer = self._buffer[8:8 + size], self._buffer[8 + size:]
            answer += self._frame(first, flags_and_size >> 24, payload)
        return answer

    def _frame(self, first: int, flags: int, payload: bytes) -> bytes:
        if not first & 0x80000000:
            return struct.pack(">II", first, flags << 24 | len(payload)) + payload
        kind = first & 0xFFFF
        if kind == 1:
            no_headers = self._compressor.compress(bytes(4)) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
            reply = payload[:4] + no_headers
            return struct.pack(">II", 0x80030002, len(reply)) + reply
        return struct.pack(">II", first, len(payload)) + payload if kind == 6 else b""


class RunningKubelet:
    """The same in a thread, for tests without an event loop."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kubelet", daemon=True)
        self.kubelet = StandInKubelet(tls)

    def __enter__(self) -> StandInKubelet:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.kubelet.start(), self._loop).result(10)
        return self.kubelet

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.kubelet.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
