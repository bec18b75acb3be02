"""Deletes what no longer has an owner (upstream: pkg/controller/garbagecollector).

- An object all of whose owners are gone is deleted.
- An owner deleted in the foreground waits (finalizer foregroundDeletion) until its dependents are gone;
  those that set blockOwnerDeletion hold it up.
- An owner deleted with the orphan policy (finalizer orphan) first has its dependents let go of it.

It watches every resource that can be listed, watched and deleted, but keeps only objects that have owners
or wait for dependents.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.apimachinery.status import StatusError
from pilothouse.controllers.discovery import Resource, resources
from pilothouse.controllers.feed import Feed
from pilothouse.controllers.ownership import (
    FOREGROUND_FINALIZER,
    ORPHAN_FINALIZER,
    Graph,
    Node,
    Object,
    node_of,
    without_owners,
)
from pilothouse.server.loopback import MERGE_PATCH, LoopbackClient
from pilothouse.server.periodic import tell
from pilothouse.server.workqueue import WorkQueue

_IGNORED = {("", "events"), ("events.k8s.io", "events")}
_DEFINITIONS = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")
#: Seconds that definitions are given to come together.
_QUIET = 0.2
#: Seconds before discovery that failed is asked again.
_PAUSE = 1.0
_NEEDED_VERBS = {"delete", "list", "watch"}


class GarbageCollector:
    def __init__(self, client: LoopbackClient) -> None:
        self._client = client
        self._graph = Graph()
        self._resources: dict[tuple[str, str], Resource] = {}
        self._queue = WorkQueue("garbage-collector", self._sync)
        self._orphans = WorkQueue("garbage-collector-orphan", self._orphan, workers=2)
        self._orphaning: dict[str, Node] = {}
        self._synced = False
        self._followed: set[tuple[str, str]] = set()
        self._defined = asyncio.Event()

    async def run(self) -> None:
        """Watch, and when all that is there has been seen, begin to delete. New definitions bring new resources."""
        async with asyncio.TaskGroup() as tasks:
            await self._follow_all(tasks)
            self._synced = True
            for node in list(self._graph.nodes.values()):
                self._queue.add(node.uid)
            tasks.create_task(self._queue.run())
            tasks.create_task(self._orphans.run())
            while True:
                await self._defined.wait()
                await asyncio.sleep(_QUIET)
                self._defined.clear()
                await self._follow_all(tasks)

    async def _follow_all(self, tasks: asyncio.TaskGroup) -> None:
        """Follow what is not followed yet, one after the other: no list waits for anything, and there may be many."""
        for resource in await self._served():
            self._resources[resource.group, resource.kind] = resource
            name = resource.group, resource.name
            if name in self._followed or name in _IGNORED or not resource.verbs >= _NEEDED_VERBS:
                continue
            self._followed.add(name)
            feed = self._feed(resource)
            tasks.create_task(self._follow(feed), name=f"garbage-collector-{resource.name}")
            await feed.synced.wait()

    async def _served(self) -> list[Resource]:
        """Ask until it is told."""
        while True:
            try:
                return await resources(self._client, partly=True)
            except Exception as error:
                tell("The garbage collector does not know what is served, will try again", error)
                await asyncio.sleep(_PAUSE)

    async def _follow(self, feed: Feed) -> None:
        """Until the resource is no longer served."""
        await feed.run()
        group, _, name = feed.key
        self._followed.discard((group, name))

    def _feed(self, resource: Resource) -> Feed:
        key = resource.key

        def changed(obj: Object) -> None:
            self._changed(key, obj)

        def listed(uids: set[str]) -> None:
            for node in self._graph.of_resource(key):
                if node.uid not in uids:
                    self._gone(node.uid, node.owners)

        return Feed(self._client, key, on_object=changed, on_delete=self._deleted, on_listed=listed)

    # What happens to objects

    def _changed(self, key: tuple[str, str, str], obj: Object) -> None:
        if key == _DEFINITIONS:
            self._defined.set()
        metadata = obj["metadata"]
        finalizers = metadata.get("finalizers") or ()
        deleting = bool(metadata.get("deletionTimestamp"))
        uid = metadata["uid"]
        if deleting and ORPHAN_FINALIZER in finalizers:
            self._orphaning[uid] = node_of(key, obj)
            self._orphans.add(uid)
            return
        foreground = deleting and FOREGROUND_FINALIZER in finalizers
        if metadata.get("ownerReferences") or foreground:
            self._graph.put(node_of(key, obj))
            self._enqueue(uid)
        elif uid in self._graph.nodes:
            self._graph.remove(uid)
        if foreground:
            for dependent in self._graph.dependents(uid):
                self._enqueue(dependent.uid)

    def _deleted(self, obj: Object) -> None:
        self._gone(obj["metadata"]["uid"], obj["metadata"].get("ownerReferences") or [])

    def _gone(self, uid: str, owners: list[Object]) -> None:
        for dependent in self._graph.remove(uid):
            self._enqueue(dependent.uid)
        for owner in owners:
            waiting = self._graph.nodes.get(owner["uid"])
            if waiting is not None and waiting.deleting_dependents:
                self._enqueue(waiting.uid)

    def _enqueue(self, uid: str) -> None:
        if self._synced:
            self._queue.add(uid)

    # Work

    async def _sync(self, uid: str) -> None:
        node = self._graph.nodes.get(uid)
        if node is None:
            return
        if node.deleting_dependents:
            await self._delete_dependents(node)
        elif node.owners and not node.being_deleted:
            await self._judge(node)

    async def _delete_dependents(self, node: Node) -> None:
        blocking = self._graph.blocking_dependents(node.uid)
        if blocking:
            for dependent in blocking:
                if not dependent.deleting_dependents:
                    self._queue.add(dependent.uid)
        else:
            await self._remove_finalizer(node, FOREGROUND_FINALIZER)

    async def _judge(self, node: Node) -> None:
        """Keep an object with a living owner, let go of dead owners, delete what has none left."""
        try:
            obj = await self._client.get(*node.key, node.name, node.namespace)
        except StatusError as e:
            if e.code == 404:
                return
            raise
        metadata = obj["metadata"]
        owners = metadata.get("ownerReferences") or []
        if metadata["uid"] != node.uid or not owners:
            return
        solid, gone, waiting = await self._classify(owners, node.namespace)
        if solid:
            if uids := gone | waiting:
                patch = {"metadata": {
                    "uid": node.uid, "resourceVersion": metadata["resourceVersion"],
                    "ownerReferences": without_owners(owners, uids) or None,
                }}
                await self._client.patch(*node.key, node.name, patch, node.namespace, patch_type=MERGE_PATCH)
            return
        finalizers = metadata.get("finalizers") or ()
        if waiting and self._graph.has_dependents(node.uid):
            policy = "Foreground"
        elif ORPHAN_FINALIZER in finalizers:
            policy = "Orphan"
        elif FOREGROUND_FINALIZER in finalizers:
            policy = "Foreground"
        else:
            policy = "Background"
        await self._delete(node, policy, metadata["resourceVersion"])

    async def _classify(self, owners: list[Object], namespace: str) -> tuple[bool, set[str], set[str]]:
        """Whether an owner lives, the uids of owners that are gone, and of those that wait for dependents."""
        solid = False
        gone: set[str] = set()
        waiting: set[str] = set()
        for owner in owners:
            found = await self._find_owner(owner, namespace)
            if found is None:
                gone.add(owner["uid"])
                continue
            metadata = found["metadata"]
            if metadata.get("deletionTimestamp") and FOREGROUND_FINALIZER in (metadata.get("finalizers") or ()):
                waiting.add(owner["uid"])
            else:
                solid = True
        return solid, gone, waiting

    async def _find_owner(self, owner: Object, namespace: str) -> Object | None:
        """The owner object, None if it is gone. An owner of a kind that is not served counts as living."""
        group = GroupVersion.parse(owner["apiVersion"]).group
        resource = self._resources.get((group, owner["kind"]))
        if resource is None:
            return {"metadata": {}}
        if resource.namespaced and not namespace:
            return None
        try:
            found = await self._client.get(*resource.key, owner["name"], namespace if resource.namespaced else "")
        except StatusError as e:
            if e.code == 404:
                return None
            raise
        return found if found["metadata"]["uid"] == owner["uid"] else None

    async def _delete(self, node: Node, policy: str, resource_version: str) -> None:
        options = {
            "propagationPolicy": policy, "preconditions": {"uid": node.uid, "resourceVersion": resource_version},
        }
        try:
            await self._client.delete(*node.key, node.name, node.namespace, options=options)
        except StatusError as e:
            if e.code != 404:
                raise

    async def _orphan(self, uid: str) -> None:
        node = self._orphaning.get(uid)
        if node is None:
            return
        for dependent in list(self._graph.dependents(uid)):
            patch: dict[str, Any] = {"metadata": {
                "uid": dependent.uid, "ownerReferences": without_owners(dependent.owners, {uid}) or None,
            }}
            try:
                await self._client.patch(
                    *dependent.key, dependent.name, patch, dependent.namespace, patch_type=MERGE_PATCH
                )
            except StatusError as e:
                if e.code not in (404, 409):
                    raise
        await self._remove_finalizer(node, ORPHAN_FINALIZER)
        self._orphaning.pop(uid, None)

    async def _remove_finalizer(self, node: Node, finalizer: str) -> None:
        try:
            obj = await self._client.get(*node.key, node.name, node.namespace)
            metadata = obj["metadata"]
            finalizers = metadata.get("finalizers") or []
            if metadata["uid"] != node.uid or finalizer not in finalizers:
                return
            patch = {"metadata": {
                "resourceVersion": metadata["resourceVersion"],
                "finalizers": [f for f in finalizers if f != finalizer] or None,
            }}
            await self._client.patch(*node.key, node.name, patch, node.namespace, patch_type=MERGE_PATCH)
        except StatusError as e:
            if e.code != 404:
                raise
