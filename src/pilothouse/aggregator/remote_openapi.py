"""OpenAPI of extension API servers, merged into /openapi/v2 and /openapi/v3 (upstream: kube-aggregator
controllers/openapi, controllers/openapiv3).

Each server is asked once a minute, off every request's way. Of its documents only what its own group version says is
taken over. A server that does not answer keeps what it said last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from pilothouse.aggregator.backend import Backend, Fetched
from pilothouse.aggregator.resolver import ResolveError
from pilothouse.apimachinery.proxy.backend import BackendError
from pilothouse.apimachinery.user import User
from pilothouse.endpoints.openapi.conversion import to_v3
from pilothouse.endpoints.openapi.filter import below
from pilothouse.endpoints.openapi.merge import check
from pilothouse.endpoints.openapi.service import OpenAPIService
from pilothouse.server.workqueue import Again, WorkQueue

REFRESH_SECONDS = 60.0
_USER = User("system:aggregator")
_SECONDS = 60.0
_LIMIT = 8 * 1024 * 1024
_FIRST_PAUSE = 1.0
_JSON = (b"accept", b"application/json")
_REMOTE = 2
"""Remote documents stand behind built-in and custom ones."""


@dataclass(slots=True)
class _Known:
    """One APIService with what its server said: the v2 document's ETag, what was new in it when it was last read, and
    the address of the v3 document."""

    backend: Backend
    etag: str = ""
    part: Mapping[str, Any] | None = None
    url: str = ""


class RemoteOpenAPI:
    """Tells `openapi` what remote servers document."""

    def __init__(self, openapi: OpenAPIService) -> None:
        self._openapi = openapi
        self._known: dict[str, _Known] = {}
        self._queue = WorkQueue(
            "open_api_aggregation_controller", self._sync, workers=2, first_pause=_FIRST_PAUSE,
            longest_pause=REFRESH_SECONDS,
        )

    def set(self, backend: Backend) -> None:
        """A remote APIService is there, or has changed."""
        known = self._known.get(backend.name)
        if known is None:
            self._known[backend.name] = _Known(backend)
        else:
            known.backend = backend
        self._queue.add(backend.name)

    def remove(self, name: str) -> None:
        """It is gone, or local now."""
        if self._known.pop(name, None) is not None:
            self._openapi.remove_v2(name)
            self._openapi.remove_v3(name)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._queue.run())
            tasks.create_task(self._refresh())

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            for name in self._known:
                self._queue.add(name)

    async def _sync(self, name: str) -> None:
        """Raises Again for a server that could not be read."""
        known = self._known.get(name)
        if known is None:
            return
        spec = known.backend.spec
        rank = (_REMOTE, -spec.get("groupPriorityMinimum", 0), -spec.get("versionPriority", 0))
        try:
            part = await self._v2(known)
            if part is not None and self._known.get(name) is known:
                known.part = part
                self._openapi.set_v2(name, lambda: part, rank=rank)
            v3 = await self._v3(known)
        except (ResolveError, BackendError, ValueError) as error:
            raise Again(f"OpenAPI of {name}: {error}") from None
        if v3 and self._known.get(name) is known:
            self._openapi.set_v3(name, lambda: v3, rank=rank)

    async def _v2(self, known: _Known) -> Mapping[str, Any] | None:
        """The part of the server's v2 document below its group version; None when nothing has changed or is there."""
        headers = [_JSON]
        if known.etag:
            headers.append((b"if-none-match", known.etag.encode()))
        answer = await _get(known.backend, "/openapi/v2", *headers)
        if answer.status in (304, 404):
            return None
        _require_ok(answer, "/openapi/v2")
        document = await asyncio.to_thread(_part, answer.body, f"/{_key(known.backend)}/")
        known.etag = answer.header(b"etag")
        return document

    async def _v3(self, known: _Known) -> dict[str, bytes] | None:
        """The v3 document, by key; None when nothing has changed or is there. Of a server that is too old for v3 it is
        what its v2 document says."""
        answer = await _get(known.backend, "/openapi/v3", _JSON)
        if answer.status == 404:
            part, known.part = known.part, None
            if part is None:
                return None
            return {_key(known.backend): await asyncio.to_thread(lambda: orjson.dumps(to_v3(part)))}
        _require_ok(answer, "/openapi/v3")
        known.part = None
        paths = _document(answer.body).get("paths")
        entry = paths.get(_key(known.backend)) if isinstance(paths, dict) else None
        if not isinstance(entry, dict):
            return None
        url = str(entry.get("serverRelativeURL", ""))
        if url and known.url == url:
            return None
        key = _key(known.backend)
        # The address is ours to make: a server cannot send us anywhere else.
        found = await _get(known.backend, f"/openapi/v3/{quote(key)}", _JSON)
        _require_ok(found, f"/openapi/v3/{key}")
        await asyncio.to_thread(_document, found.body)
        known.url = url
        return {key: found.body}


def _key(backend: Backend) -> str:
    group, version = backend.group_version
    return f"apis/{group}/{version}" if group else f"api/{version}"


async def _get(backend: Backend, path: str, *headers: tuple[bytes, bytes]) -> Fetched:
    """Raises ResolveError, BackendError."""
    return await backend.get(path, *headers, user=_USER, seconds=_SECONDS, limit=_LIMIT)


def _require_ok(answer: Fetched, path: str) -> None:
    if answer.status != 200:
        raise BackendError(f"failed to retrieve openAPI spec, http error: {answer.status} for {path}")


def _part(body: bytes, prefix: str) -> Mapping[str, Any]:
    """What a v2 document says of the paths below `prefix`. Raises ValueError."""
    found = below(_document(body), prefix)
    check(found)
    return found


def _document(body: bytes) -> dict[str, Any]:
    """Raises ValueError."""
    value = orjson.loads(body)
    if not isinstance(value, dict):
        raise ValueError("an OpenAPI document is an object")
    return value
