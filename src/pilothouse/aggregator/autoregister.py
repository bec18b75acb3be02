"""Keeps APIServices for what this process serves by itself (upstream: kube-aggregator controllers/autoregister).

Two sorts, told apart by a label: "onstart" ones are made, brought into line or deleted once, at start; "true" ones
are held to what is wanted for as long as the process lives. APIServices without the label belong to somebody else and
are left alone.
"""

from __future__ import annotations

import asyncio

from pilothouse.aggregator.api_services import AUTOMANAGED, GROUP, APIServices, Object
from pilothouse.apimachinery.status import StatusError
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.workqueue import WorkQueue

API_SERVICES = (GROUP, "v1", "apiservices")
ON_START, ALWAYS = "onstart", "true"


def api_service(group: str, version: str, group_priority: int, version_priority: int) -> Object:
    """The APIService of a group version that this process serves."""
    spec: Object = {"version": version, "groupPriorityMinimum": group_priority, "versionPriority": version_priority}
    if group:
        spec = {"group": group, **spec}
    return {"metadata": {"name": f"{version}.{group}"}, "spec": spec}


class AutoRegistration:
    """`services` are the stored ones. `add` and `remove` may be called at any time, also before `start`."""

    def __init__(self, services: APIServices) -> None:
        self._services = services
        self._wanted: dict[str, Object] = {}
        self._synced: set[str] = set()
        self._at_start: set[str] = set()
        self._client: LoopbackClient
        self._queue = WorkQueue("autoregister", self._sync, workers=5)

    def add(self, obj: Object, sort: str = ALWAYS) -> None:
        """Want this APIService, without labels yet."""
        labelled = {**obj, "metadata": {**obj["metadata"], "labels": {AUTOMANAGED: sort}}}
        self._wanted[obj["metadata"]["name"]] = labelled
        self._queue.add(obj["metadata"]["name"])

    def remove(self, name: str) -> None:
        """Want it no longer."""
        self._wanted.pop(name, None)
        self._queue.add(name)

    def missing(self) -> list[str]:
        """Wanted ones that have not been seen to yet, sorted."""
        return sorted(self._wanted.keys() - self._synced)

    async def start(self, client: LoopbackClient) -> None:
        """Bring everything into line. Raises StatusError."""
        self._client = client
        stored = {obj["metadata"]["name"] for obj in self._services}
        self._at_start = stored
        async with asyncio.TaskGroup() as tasks:
            # Side by side, so that they share commits.
            for name in sorted(stored | self._wanted.keys()):
                tasks.create_task(self._sync(name))
        self._services.listen(lambda name, obj: self._queue.add(name))

    async def run(self) -> None:
        """Follow changes until cancelled; `start` comes first."""
        await self._queue.run()

    async def _sync(self, name: str) -> None:
        """One APIService, by upstream's table (checkAPIService). Raises StatusError."""
        wanted, current = self._wanted.get(name), self._services.get(name)
        action = self._action(name, wanted, current)
        try:
            if action == "create":
                assert wanted is not None
                await self._client.create(*API_SERVICES, wanted)
            elif action == "delete":
                assert current is not None
                precondition = {"preconditions": {"uid": current["metadata"]["uid"]}}
                await self._client.delete(*API_SERVICES, name, options=precondition)
            elif action == "update":
                assert wanted is not None and current is not None
                await self._client.update(*API_SERVICES, {**current, "spec": wanted["spec"]})
        except StatusError as error:
            # Somebody else was faster: we are called again.
            if error.code not in (404, 409):
                raise
        if wanted is None and current is None:
            self._synced.discard(name)
        else:
            self._synced.add(name)

    def _action(self, name: str, wanted: Object | None, current: Object | None) -> str:
        sort = _sort(current)
        synced = name in self._synced
        if (wanted is None and current is None) or (_sort(wanted) == ON_START and synced):
            return ""
        if current is None:
            return "create"
        if sort not in (ON_START, ALWAYS) or (sort == ON_START and (synced or name not in self._at_start)):
            return ""
        if wanted is None:
            return "delete"
        return "" if current["spec"] == wanted["spec"] else "update"


def _sort(obj: Object | None) -> str:
    label: str = ((obj or {}).get("metadata", {}).get("labels") or {}).get(AUTOMANAGED, "")
    return label
