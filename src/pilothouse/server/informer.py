"""A local copy of a resource that follows it (upstream: client-go tools/cache, Reflector and SharedInformer).

    informer = Informer(client, "", "v1", "namespaces")
    informer.add_handler(on_add=…, on_update=…, on_delete=…)
    context.start(informer.run(), "namespaces-informer")
    await informer.synced.wait()

It lists once, then watches from the list's revision. When the server says that the revision is too old it
lists again and reports what changed in between; when a watch ends it watches on from where it was. The
objects are shared: handlers and callers must not change them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.logging import log
from pilothouse.server.loopback import LoopbackClient

Object = dict[str, Any]
Key = tuple[str, str]
OnObject = Callable[[Object], None]
OnUpdate = Callable[[Object, Object], None]

_FIRST_BACKOFF = 0.2
_LAST_BACKOFF = 30.0


def key_of(obj: Object) -> Key:
    """(namespace, name)."""
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


class _Handlers:
    """Handlers of one listener; an error of one is logged and stops nobody else."""

    __slots__ = ("on_add", "on_delete", "on_update")

    def __init__(self, on_add: OnObject | None, on_update: OnUpdate | None, on_delete: OnObject | None) -> None:
        self.on_add = on_add
        self.on_update = on_update
        self.on_delete = on_delete


class Informer:
    """`namespace` "" follows all namespaces; `query` are list options (labelSelector, fieldSelector)."""

    def __init__(
        self,
        client: LoopbackClient,
        group: str,
        version: str,
        resource: str,
        namespace: str = "",
        *,
        query: dict[str, str] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.synced = asyncio.Event()
        """Set once the first list has been handed to the handlers."""
        self._client = client
        self._target = (group, version, resource, namespace)
        self._query = query or {}
        self._sleep = sleep
        self._objects: dict[Key, Object] = {}
        self._handlers: list[_Handlers] = []
        self._revision = ""

    def add_handler(
        self, *, on_add: OnObject | None = None, on_update: OnUpdate | None = None, on_delete: OnObject | None = None
    ) -> None:
        """Call on changes, on the loop, in revision order. `on_update(old, new)`. What is there already is added."""
        handlers = _Handlers(on_add, on_update, on_delete)
        self._handlers.append(handlers)
        if on_add is not None:
            for obj in list(self._objects.values()):
                self._call(on_add, obj)

    def get(self, namespace: str, name: str) -> Object | None:
        return self._objects.get((namespace, name))

    def __iter__(self) -> Iterator[Object]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    async def run(self) -> None:
        """Follow the resource until cancelled."""
        backoff = _FIRST_BACKOFF
        while True:
            try:
                if not self._revision:
                    await self._list()
                    self.synced.set()
                await self._watch()
            except StatusError as error:
                if error.code == 410:
                    self._revision = ""
                    continue
                log.warning("Informer will try again", resource=self._target[2], err=str(error), seconds=backoff)
            except Exception as error:
                # What a bug left half done is told again by the next list.
                log.exception("Informer will try again", error, resource=self._target[2], seconds=backoff)
                self._revision = ""
            else:
                backoff = _FIRST_BACKOFF
                continue
            await self._sleep(backoff)
            backoff = min(backoff * 2, _LAST_BACKOFF)

    async def _list(self) -> None:
        """Take the whole state and report how it differs from what was known."""
        answer = await self._client.list(*self._target, **self._query)
        kind, api_version = answer["kind"].removesuffix("List"), answer["apiVersion"]
        fresh: dict[Key, Object] = {}
        for item in answer.get("items") or ():
            fresh[key_of(item)] = {"kind": kind, "apiVersion": api_version} | item
        for key in [key for key in self._objects if key not in fresh]:
            self._delete(key)
        for key, obj in fresh.items():
            self._put(key, obj)
        self._revision = answer["metadata"]["resourceVersion"]

    async def _watch(self) -> None:
        """Follow one watch to its end. Raises StatusError."""
        options: dict[str, Any] = {"resourceVersion": self._revision, "allowWatchBookmarks": "true", **self._query}
        stream = self._client.watch(*self._target, **options)
        try:
            async for event in stream:
                obj = event["object"]
                if event["type"] == "DELETED":
                    self._delete(key_of(obj), obj)
                elif event["type"] != "BOOKMARK":
                    self._put(key_of(obj), obj)
                self._revision = obj["metadata"]["resourceVersion"]
        finally:
            await stream.aclose()

    def _put(self, key: Key, obj: Object) -> None:
        old = self._objects.get(key)
        self._objects[key] = obj
        if old is None:
            for handlers in self._handlers:
                self._call(handlers.on_add, obj)
        elif old["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
            for handlers in self._handlers:
                self._call(handlers.on_update, old, obj)

    def _delete(self, key: Key, last: Object | None = None) -> None:
        old = self._objects.pop(key, None)
        if old is None:
            return
        for handlers in self._handlers:
            self._call(handlers.on_delete, last or old)

    def _call(self, handler: Callable[..., None] | None, *args: Object) -> None:
        if handler is None:
            return
        try:
            handler(*args)
        except Exception as error:
            log.exception("Informer handler failed", error, resource=self._target[2])
