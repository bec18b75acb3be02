"""A whole in-process API with definitions and the controllers that keep them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pilothouse.apiextensions import server as apiextensions
from pilothouse.apiextensions.controller import DefinitionController
from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.meta import Times
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.endpoints.response import render_error
from pilothouse.server.apiserver import ServerConfig
from pilothouse.server.loopback import LoopbackClient
from pilothouse.storage.interface import Backend
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage
from tests.endpoints.support import API

Object = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "example.com"
ROOT = f"/apis/{GROUP}/v1"
WIDGETS = f"{ROOT}/namespaces/ns/widgets"
MERGE = "application/merge-patch+json"


class CustomAPI(API):
    """`call` reaches custom resources, too. `services` maps (namespace, name, port) to where it is reached."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.addresses: dict[tuple[str, str, int], tuple[str, int]] = {}
        config = ServerConfig()
        self.server = apiextensions.new(config)
        found = apiextensions.serve_definitions(
            self.server, storage, self.stores, self.services, self._resolve, conversion_seconds=0.5
        )
        assert found is not None
        self.definitions = found
        self.client = LoopbackClient(self.handle)

    def _resolve(self, namespace: str, name: str, port: int) -> tuple[str, int]:
        if (namespace, name, port) not in self.addresses:
            raise ValueError(f'service "{name}" not found')
        return self.addresses[namespace, name, port]

    async def handle(self, request: Request) -> Response:
        request.context.user = User("admin", groups=("system:masters",))
        info = request.context.request_info = resolve(request)
        handler = self.server.director.groups.get(("apis", info.api_group, info.api_version))
        if not info.is_resource_request:
            handler = self.server.director.groups.get(("apis", *request.path.split("/")[2:4]))  # type: ignore[arg-type]
        if handler is None:
            handler = self.versions.get((info.api_group, info.api_version))
        if handler is None:
            return Response(404, b"404 page not found\n")
        try:
            response = await handler.handle(request)
        except StatusError as error:
            response = render_error(request, error)
        self.warnings = request.context.warnings or []
        return response

    async def call(self, method: str, path: str, body: Any = b"", *, query: str = "", **headers: str) -> Response:
        import orjson

        if not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else orjson.dumps(body)
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if body:
            given.append((b"content-length", str(len(body)).encode()))
        return await self.handle(Request(method, path, query, given, body))

    async def define(self, obj: Object) -> None:
        """Create a definition and wait until it is established."""
        code, body = await self.json("POST", DEFINITIONS, obj)
        assert code == 201, body
        await self.until(obj["metadata"]["name"], lambda found: _established(found))

    async def until(self, name: str, holds: Callable[[Object | None], bool]) -> Object | None:
        """Wait until `holds` of the stored definition (None: it is gone)."""
        async with asyncio.timeout(10):
            while True:
                code, body = await self.json("GET", f"{DEFINITIONS}/{name}")
                found = body if code == 200 else None
                if holds(found):
                    return found
                await asyncio.sleep(0)

    async def change(self, name: str, change: Callable[[Object], None]) -> tuple[int, Object]:
        """Change a definition as a client would."""
        _, obj = await self.json("GET", f"{DEFINITIONS}/{name}")
        change(obj)
        code, body = await self.json("PUT", f"{DEFINITIONS}/{name}", obj)
        return code, body

    async def ok(self, method: str, path: str, body: Any = b"", *, query: str = "", **headers: str) -> Any:
        code, answer = await self.json(method, path, body, query=query, **headers)
        assert code < 300, answer
        return answer


def _established(definition: Object | None) -> bool:
    conditions = ((definition or {}).get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


@contextlib.asynccontextmanager
async def custom_api(backend: Backend | None = None) -> AsyncIterator[CustomAPI]:
    storage = Storage(backend or MemoryBackend())
    await storage.start()
    api = CustomAPI(storage)
    controller = DefinitionController(api.definitions, api.client, Times())
    await controller.sync_all()
    tasks = [asyncio.create_task(controller.run_status()), asyncio.create_task(controller.run_finalizer())]
    try:
        yield api
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await api.definitions.close()
        await storage.close()


def run(test: Callable[[CustomAPI], Awaitable[None]]) -> None:
    """Runs `test` with an API of its own."""

    async def main() -> None:
        async with custom_api() as api:
            await test(api)

    asyncio.run(main())


SPEC = {
    "type": "object", "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 10},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "replicas": {"type": "integer"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
STATUS = {"type": "object", "properties": {"ready": {"type": "boolean"}, "replicas": {"type": "integer"},
                                           "selector": {"type": "string"}}}


def version(name: str = "v1", *, storage: bool = True, spec: Object | None = None, **more: Any) -> Object:
    schema = {"type": "object", "properties": {"spec": spec or SPEC, "status": STATUS}}
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}, **more}


def definition(*versions: Object, plural: str = "widgets", kind: str = "Widget", scope: str = "Namespaced",
               names: Object | None = None, **more: Any) -> Object:
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP, "scope": scope, "names": {"plural": plural, "kind": kind, **(names or {})},
            "versions": list(versions) or [version()], **more,
        },
    }


def widget(name: str = "a", spec: Object | None = None, **more: Any) -> Object:
    return {
        "apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec or {"size": 3}, **more
    }
