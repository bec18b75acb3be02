"""A whole control plane in this process, and an extension API server, over TLS, that behaves as told."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from pilothouse.aggregator.backend import Backend
from pilothouse.aggregator.proxy_handler import ProxyHandler
from pilothouse.apimachinery.http import Handler, Headers, Request, Response, StreamResponse
from pilothouse.apimachinery.user import User
from pilothouse.controlplane import server
from pilothouse.controlplane.server import ControlPlane
from pilothouse.options.complete import complete
from pilothouse.options.options import Options
from pilothouse.options.run import _credentials
from pilothouse.server.loopback import LoopbackClient, loopback_chain
from pilothouse.transport import certificates

Object = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

API_SERVICES = ("apiregistration.k8s.io", "v1", "apiservices")
GROUP, VERSION = "wardle.example.com", "v1"
NAME = f"{VERSION}.{GROUP}"
ROOT = f"/apis/{GROUP}/{VERSION}"
RESOURCES = {
    "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}",
    "resources": [
        {
            "name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder",
            "verbs": ["get", "list"],
        },
        {"name": "flunders/status", "singularName": "", "namespaced": True, "kind": "Flunder", "verbs": ["get"]},
    ],
}  # fmt: skip
ALICE = User("alice", "u1", ("dev", "system:masters", "system:authenticated"), {"acme.com/x": ("1", "2")})


class Extension:
    """`answers` by path; others than these are 404. `asked` are the requests, in order."""

    def __init__(self) -> None:
        now = time.time()
        self.ca, key = certificates.authority(now - 60, now + 3600)
        signer = certificates.load_authority(self.ca, key)
        self._pair = certificates.serving(signer, ["ext.default.svc"], [], now - 60, now + 3600)
        self.answers: dict[str, Answer] = {ROOT: self.resources}
        self.asked: list[web.Request] = []
        self.port = 0

    @staticmethod
    async def resources(request: web.Request) -> web.StreamResponse:
        return web.json_response(RESOURCES)

    def asked_for(self, path: str) -> list[web.Request]:
        return [request for request in self.asked if request.path == path]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        self.asked.append(request)
        answer = self.answers.get(request.path)
        return web.Response(status=404, text="nothing here") if answer is None else await answer(request)

    @asynccontextmanager
    async def running(self, directory: Path) -> AsyncIterator[Extension]:
        files = directory / "ext.crt", directory / "ext.key"
        for file, content in zip(files, self._pair, strict=True):
            file.write_bytes(content)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*files)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "localhost", 0, ssl_context=tls)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        try:
            yield self
        finally:
            # Clients have closed their connections. One over TLS whose end nobody awaits is a warning in a later test;
            # handlers that are still at work are cut off by the cleanup.
            for _ in range(100):
                if runner.server is None or not runner.server.connections:
                    break
                await asyncio.sleep(0.005)
            await runner.cleanup()

    def api_service(self, **spec: Any) -> Object:
        service = {"namespace": "default", "name": "ext", "port": self.port}
        return {"metadata": {"name": NAME}, "spec": {
            "group": GROUP, "version": VERSION, "groupPriorityMinimum": 1500, "versionPriority": 15,
            "service": service, "caBundle": base64.b64encode(self.ca).decode(), **spec,
        }}


class Plane:
    """`client` is privileged; `call` asks as somebody, through the whole filter chain."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.client: LoopbackClient = plane.aggregator.loopback_client()

    def as_user(self, user: User = ALICE) -> Handler:
        return loopback_chain(self.plane.aggregator.director.serve, self.plane.aggregator.config.chain, user)

    async def call(
        self, path: str, method: str = "GET", *, query: str = "", headers: Headers | None = None, body: bytes = b"",
        user: User = ALICE,
    ) -> Response:
        """The answer with its whole body."""
        given = list(headers or [])
        if body:
            given.append((b"content-length", str(len(body)).encode()))
        request = Request(method, path, query, given, body, client=("192.0.2.9", 1))
        response = await self.as_user(user)(request)
        if isinstance(response, StreamResponse):
            try:
                response.body = b"".join([chunk async for chunk in response.stream])
            finally:
                await response.stream.aclose()  # type: ignore[attr-defined]
        return response

    async def make_service(self, port: int, name: str = "ext", **spec: Any) -> Object:
        wanted = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}], **spec}
        obj = {"metadata": {"name": name, "namespace": "default"}, "spec": wanted}
        return await self.client.create("", "v1", "services", obj, "default")

    def backend(self) -> Backend:
        """Of the extension's APIService."""
        _, handler = self.plane.aggregator.director._versions["apis", GROUP, VERSION]
        assert isinstance(handler, ProxyHandler)
        return handler.backend

    async def touch_service(self) -> None:
        """Change something about the service, so that the server behind it is looked at again."""
        patch = {"metadata": {"labels": {"touched": "true"}}}
        await self.client.patch("", "v1", "services", "ext", patch, "default")

    async def condition(self, reason: str, name: str = NAME) -> Object:
        """Wait until the Available condition has this reason."""
        async with asyncio.timeout(20):
            found = await self.client.list(*API_SERVICES)
            stream = self.client.watch(*API_SERVICES, resourceVersion="0", fieldSelector=f"metadata.name={name}")
            assert found
            try:
                async for event in stream:
                    for condition in (event["object"].get("status") or {}).get("conditions") or ():
                        if condition["reason"] == reason:
                            return dict(condition)
            finally:
                await stream.aclose()
        raise AssertionError("the watch has ended")

    async def until(self, test: Callable[[], Awaitable[Any]]) -> Any:
        """What `test` gives once it gives something true; what it asks is brought up to date in the background."""
        async with asyncio.timeout(20):
            while not (found := await test()):
                await asyncio.sleep(0.005)
            return found


Test = Callable[[Plane, Extension], Awaitable[None]]


def run(test: Test, directory: Path, *flags: str) -> None:
    async def main() -> None:
        options = complete(Options.parse([
            f"--data-dir={directory}", "--storage-backend=memory", "--standalone-controllers=false", *flags,
        ]))
        _credentials(options)
        async with Extension().running(directory) as extension:
            plane = server.build(options)
            await plane.start()
            try:
                await test(Plane(plane), extension)
            finally:
                await plane.shutdown()

    asyncio.run(main())
