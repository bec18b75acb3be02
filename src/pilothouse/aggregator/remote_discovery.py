"""Discovery of extension API servers, merged into /apis (upstream: kube-aggregator pkg/apiserver/handler_discovery.go).

A server is asked for its aggregated discovery, once for all of its APIServices, or else for the discovery document of
each group version. One that does not answer stays listed, marked as stale.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from pilothouse.aggregator.backend import AGGREGATOR, Backend, Fetched
from pilothouse.aggregator.discovery_conversion import checked_version, from_resource_list
from pilothouse.aggregator.resolver import ResolveError
from pilothouse.apimachinery.proxy.backend import BackendError
from pilothouse.endpoints.discovery_manager import Registrar
from pilothouse.server.workqueue import Again, WorkQueue

REFRESH_SECONDS = 60.0
_SECONDS = 5.0
_LIMIT = 8 * 1024 * 1024
_FIRST_PAUSE = 0.5
_KINDS = tuple(f"application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList" for v in ("v2", "v2beta1"))
_ACCEPT = (b"accept", ",".join(_KINDS).encode())

Versions = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(slots=True)
class _Known:
    """One APIService. `since`: what was fetched before is too old for it."""

    backend: Backend
    priorities: tuple[int, int]
    since: float


@dataclass(frozen=True, slots=True)
class _Cached:
    """What a server said, at `asked` or later."""

    versions: Versions
    etag: str
    asked: float


class DiscoveryController:
    """Tells `registrar` what remote servers serve. `clock` is monotonic."""

    def __init__(self, registrar: Registrar, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._registrar = registrar
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._cache: dict[tuple[str, str, int], _Cached] = {}
        self._queue = WorkQueue(
            "discovery-manager", self._sync, workers=2, first_pause=_FIRST_PAUSE, longest_pause=REFRESH_SECONDS
        )

    def set(self, backend: Backend) -> None:
        """A remote APIService is there, or has changed."""
        spec = backend.spec
        priorities = spec.get("groupPriorityMinimum", 0), spec.get("versionPriority", 0)
        self._known[backend.name] = _Known(backend, priorities, self._clock())
        self._forget_unused()
        self._queue.add(backend.name)

    def remove(self, name: str) -> None:
        """It is gone, or local now."""
        if self._known.pop(name, None) is not None:
            self._forget_unused()
            self._queue.add(name)

    async def start(self) -> None:
        """Ask all servers once; those that do not answer are listed as stale."""
        await asyncio.gather(*(self._sync(name) for name in list(self._known)), return_exceptions=True)

    async def run(self) -> None:
        """Follow changes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._queue.run())
            tasks.create_task(self._refresh())

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            for name, known in self._known.items():
                known.since = self._clock()
                self._queue.add(name)

    def _forget_unused(self) -> None:
        used = {known.backend.service for known in self._known.values()}
        for service in self._cache.keys() - used:
            del self._cache[service]

    async def _sync(self, name: str) -> None:
        """Raises Again for a server that did not answer."""
        version, _, group = name.partition(".")
        known = self._known.get(name)
        if known is None:
            self._registrar.remove(group, version)
            return
        failure = ""
        entry: Mapping[str, Any] | None = None
        try:
            entry = (await self._fetch(known)).get((group, version))
        except (ResolveError, BackendError, ValueError) as error:
            failure = str(error)
        if self._known.get(name) is not known:
            return
        shown = {"version": version, "resources": [], **(entry or {}), "freshness": "Stale" if failure else "Current"}
        self._registrar.set(group, shown)
        self._registrar.set_priority(group, version, *known.priorities)
        if failure:
            raise Again(failure)

    async def _fetch(self, known: _Known) -> Versions:
        """Raises ResolveError, BackendError, or ValueError for an answer that is no discovery document."""
        backend = known.backend
        cached = self._cache.get(backend.service)
        if cached is not None and cached.asked > known.since:
            return cached.versions
        asked = self._clock()
        headers = [_ACCEPT]
        if cached is not None and cached.etag:
            headers.append((b"if-none-match", cached.etag.encode()))
        answer = await backend.get("/apis", *headers, user=AGGREGATOR, seconds=_SECONDS, limit=_LIMIT)
        if answer.status == 304 and cached is not None:
            self._cache[backend.service] = replace(cached, asked=asked)
            return cached.versions
        if answer.status == 503:
            raise BackendError(f"service {'/'.join(backend.service[:2])} returned non-success response code: 503")
        if answer.status == 200 and _is_aggregated(answer):
            versions = await asyncio.to_thread(_aggregated, answer.body)
            self._cache[backend.service] = _Cached(versions, answer.header(b"etag"), asked)
            return versions
        return await self._fetch_old(backend)

    async def _fetch_old(self, backend: Backend) -> Versions:
        """The discovery document of one group version alone; not cached, since others may use the same server."""
        group, version = backend.group_version
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        accept = (b"accept", b"application/json")
        answer = await backend.get(path, accept, user=AGGREGATOR, seconds=_SECONDS, limit=_LIMIT)
        if answer.status != 200:
            raise BackendError(f"failed to download legacy discovery for {path}: {answer.status}")
        resources = await asyncio.to_thread(lambda: from_resource_list(orjson.loads(answer.body)))
        return {(group, version): {"version": version, "resources": resources}}


def _is_aggregated(answer: Fetched) -> bool:
    parts = {part.strip() for part in answer.header(b"content-type").split(";")}
    return any(set(kind.split(";")) <= parts for kind in _KINDS)


def _aggregated(body: bytes) -> Versions:
    """Raises ValueError."""
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise ValueError("not an APIGroupDiscoveryList")
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for group in document.get("items") or ():
        name = (group.get("metadata") or {}).get("name", "") if isinstance(group, dict) else None
        if not isinstance(name, str):
            raise ValueError("not an APIGroupDiscovery")
        for version in group.get("versions") or ():
            checked = checked_version(version)
            found[name, checked["version"]] = checked
    return found
