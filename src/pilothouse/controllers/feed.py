"""Follows a resource without keeping its objects: for controllers that look at everything once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.logging import log
from pilothouse.server.loopback import LoopbackClient

Object = dict[str, Any]
_PAGE = 500
_PAUSE = 1.0


_MANAGED = b',"managedFields":['


def metadata_event(line: bytes) -> Object:
    """A watch event of which at least the object's metadata is there, managedFields aside.

    These stand last in the metadata of built-in kinds, and that first in the object, so most of the line need not be
    read. (In a text the quotes would be escaped: what is found is a key.) Custom resources have their keys in the order
    of the alphabet: what follows is wanted too.
    """
    cut = line.find(_MANAGED)
    if cut >= 0:
        try:
            event: Object = orjson.loads(line[:cut] + b"}}}")
        except orjson.JSONDecodeError:
            pass  # the key of another object's metadata
        else:
            if "resourceVersion" in (event["object"].get("metadata") or ()):
                return event
    whole: Object = orjson.loads(line)
    return whole


class Feed:
    """Lists page by page, then watches; lists again when the server says that the revision is too old.

    Of what has changed only the metadata is sure to be there.

    `on_object(obj)` for what is new or changed, `on_delete(obj)` with the last state, `on_listed(uids)` after
    each full list with the uids of all that is there.
    """

    def __init__(
        self, client: LoopbackClient, key: tuple[str, str, str], *, on_object: Callable[[Object], None],
        on_delete: Callable[[Object], None], on_listed: Callable[[set[str]], None],
    ) -> None:
        self.key = key
        self.synced = asyncio.Event()
        self._client = client
        self._on_object = on_object
        self._on_delete = on_delete
        self._on_listed = on_listed

    async def run(self) -> None:
        """Follow until cancelled, or until the resource is no longer served."""
        revision = ""
        while True:
            try:
                revision = revision or await self._list()
                revision = await self._watch(revision)
            except StatusError as error:
                if error.code == 404:
                    self.synced.set()
                    return
                if error.code != 410:
                    log.warning("Feed will try again", resource=self.key[2], err=str(error))
                    await asyncio.sleep(_PAUSE)
                revision = ""
            except Exception as error:
                log.exception("Feed will try again", error, resource=self.key[2])
                await asyncio.sleep(_PAUSE)
                revision = ""

    async def _list(self) -> str:
        uids: set[str] = set()
        query: dict[str, Any] = {"limit": _PAGE}
        while True:
            page = await self._client.list(*self.key, **query)
            for obj in page["items"] or ():
                uids.add(obj["metadata"]["uid"])
                self._on_object(obj)
            metadata = page["metadata"]
            if not metadata.get("continue"):
                self._on_listed(uids)
                self.synced.set()
                revision: str = metadata["resourceVersion"]
                return revision
            query["continue"] = metadata["continue"]

    async def _watch(self, revision: str) -> str:
        """Returns the revision at which the watch ended."""
        stream = self._client.watch(
            *self.key, decode=metadata_event, resourceVersion=revision, allowWatchBookmarks=True,
        )
        try:
            async for event in stream:
                obj = event["object"]
                revision = obj["metadata"]["resourceVersion"]
                if event["type"] == "DELETED":
                    self._on_delete(obj)
                elif event["type"] != "BOOKMARK":
                    self._on_object(obj)
        finally:
            await stream.aclose()
        return revision
