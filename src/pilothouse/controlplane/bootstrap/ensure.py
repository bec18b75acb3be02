"""Making sure that an object exists, and reconciling many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersionResource
from pilothouse.apimachinery.status import StatusError
from pilothouse.controlplane.bootstrap.tables import Object
from pilothouse.server.loopback import LoopbackClient

Query = dict[str, Any]
#: Given what is stored and what is wanted: the object to write, or None when it is good as it is.
Reconcile = Callable[[Object, Object], Object | None]


def keep(stored: Object, wanted: Object) -> Object | None:
    """An object that is there is left alone, whatever it says."""
    return None


async def ensure(
    client: LoopbackClient,
    resource: GroupVersionResource,
    wanted: Iterable[Object],
    reconcile: Reconcile = keep,
    *,
    list_namespace: str = "",
    manager: str = "",
) -> None:
    """Create each wanted object that is not there; reconcile the others. Lists once, writes side by side.

    Namespaced objects name their namespace in metadata; with `list_namespace` all of them are in that one.
    `manager` is the field manager, by default the client's. A write that loses a race is taken as theirs.
    """
    query: Query = {"fieldManager": manager} if manager else {}
    listed = await client.list(*resource, list_namespace)
    stored = {_key(obj): obj for obj in listed["items"]}
    async with asyncio.TaskGroup() as tasks:
        for obj in wanted:
            found = stored.get(_key(obj))
            if found is None:
                tasks.create_task(_create(client, resource, obj, query))
            elif (changed := reconcile(found, obj)) is not None:
                tasks.create_task(_update(client, resource, changed, query))


def _key(obj: Object) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


async def _create(client: LoopbackClient, resource: GroupVersionResource, obj: Object, query: Query) -> None:
    try:
        await client.create(*resource, obj, obj["metadata"].get("namespace", ""), **query)
    except StatusError as e:
        if e.code != 409:
            raise


async def _update(client: LoopbackClient, resource: GroupVersionResource, obj: Object, query: Query) -> None:
    try:
        await client.update(*resource, obj, obj["metadata"].get("namespace", ""), **query)
    except StatusError as e:
        if e.code not in (404, 409):
            raise
