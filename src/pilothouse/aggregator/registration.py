"""Proxies for remote APIServices, kept in step with them (upstream: kube-aggregator pkg/apiserver/
apiservice_controller.go; apiserver.go, AddAPIService, RemoveAPIService)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pilothouse.aggregator.api_services import Object, service_of
from pilothouse.aggregator.backend import Backend
from pilothouse.aggregator.proxy_handler import ProxyHandler, Terminated
from pilothouse.aggregator.remote_discovery import DiscoveryController
from pilothouse.aggregator.remote_openapi import RemoteOpenAPI
from pilothouse.server.director import Director
from pilothouse.server.periodic import tell

_GRACE_SECONDS = 60.0
"""Requests that run when an APIService's spec changes may go on for so long over the old connections."""


class Registration:
    """`connect` makes the backend of a remote APIService."""

    def __init__(
        self, director: Director, connect: Callable[[Object], Backend], discovery: DiscoveryController,
        openapi: RemoteOpenAPI, *, reject_redirects: bool, terminated: Terminated,
    ) -> None:
        self._director = director
        self._connect = connect
        self._discovery = discovery
        self._openapi = openapi
        self._reject_redirects = reject_redirects
        self._terminated = terminated
        self._handlers: dict[str, ProxyHandler] = {}
        self._retired: asyncio.Queue[tuple[float, Backend]] = asyncio.Queue()

    def backend(self, name: str) -> Backend | None:
        handler = self._handlers.get(name)
        return None if handler is None else handler.backend

    def changed(self, name: str, obj: Object | None) -> None:
        """`obj` is the newest state of an APIService, None when it is gone."""
        version, _, group = name.partition(".")
        if obj is None or service_of(obj) is None or ("apis", group, version) in self._director.groups:
            # Local, or our own group version, which nobody may take over.
            self._remove(name)
            return
        handler = self._handlers.get(name)
        if handler is not None and handler.backend.spec == obj["spec"]:
            handler.update(obj)
            return
        backend = self._connect(obj)
        if handler is None:
            self._handlers[name] = handler = ProxyHandler(
                backend, obj, reject_redirects=self._reject_redirects, terminated=self._terminated
            )
            self._director.install_proxy(*_key(backend), handler)
        else:
            self._retire(handler.backend)
            handler.update(obj, backend)
        self._discovery.set(backend)
        self._openapi.set(backend)

    def _remove(self, name: str) -> None:
        handler = self._handlers.pop(name, None)
        if handler is None:
            return
        self._director.remove_group(*_key(handler.backend))
        self._discovery.remove(name)
        self._openapi.remove(name)
        self._retire(handler.backend)

    def _retire(self, backend: Backend) -> None:
        self._retired.put_nowait((asyncio.get_running_loop().time() + _GRACE_SECONDS, backend))

    async def run(self) -> None:
        """Close what is no longer used, and in the end everything; until cancelled."""
        closing: Backend | None = None
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, closing = await self._retired.get()
                await asyncio.sleep(due - loop.time())
                await _close(closing)
                closing = None
        finally:
            rest = [handler.backend for handler in self._handlers.values()]
            while not self._retired.empty():
                rest.append(self._retired.get_nowait()[1])
            for backend in (*rest, *([closing] if closing else [])):
                await _close(backend)


async def _close(backend: Backend) -> None:
    """Connections that do not close properly must not keep others from being closed, or used."""
    try:
        await backend.transport.close()
    except Exception as error:
        tell("Connections to an extension API server did not close", error, APIService=backend.name)


def _key(backend: Backend) -> tuple[str, str, str]:
    group, version = backend.group_version
    return "apis" if group else "api", group, version
