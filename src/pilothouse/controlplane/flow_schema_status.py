"""Says in each flow schema's status whether its priority level exists.

Upstream: util/flowcontrol/apf_controller.go, the part of the configuration consumer that writes.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.server.informer import Informer
from pilothouse.server.loopback import APPLY_PATCH, LoopbackClient
from pilothouse.server.workqueue import WorkQueue

Object = dict[str, Any]
#: The field manager, as upstream's configuration consumer names itself.
CONSUMER = "api-priority-and-fairness-config-consumer-v1"
_QUEUE = "priority_and_fairness_config_queue"
_GROUP, _VERSION = "flowcontrol.apiserver.k8s.io", "v1"
_SCHEMAS = (_GROUP, _VERSION, "flowschemas")


class FlowSchemaStatus:
    """Looks at a flow schema whenever it has changed, and at all when a priority level has come or gone."""

    def __init__(self, client: LoopbackClient) -> None:
        self._client = client
        self._queue: WorkQueue[str] = WorkQueue(_QUEUE, self._sync, workers=1)
        self.schemas = Informer(client, *_SCHEMAS)
        self.levels = Informer(client, _GROUP, _VERSION, "prioritylevelconfigurations")
        self.schemas.add_handler(on_add=self._changed, on_update=lambda old, new: self._changed(new))
        # an update does not change whether a level exists
        self.levels.add_handler(on_add=self._level_changed, on_delete=self._level_changed)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.schemas.run(), name="flow-schemas")
            tasks.create_task(self.levels.run(), name="priority-levels")
            await self.schemas.synced.wait()
            await self.levels.synced.wait()
            await self._queue.run()

    def _changed(self, schema: Object) -> None:
        self._queue.add(schema["metadata"]["name"])

    def _level_changed(self, level: Object) -> None:
        for schema in self.schemas:
            self._changed(schema)

    async def _sync(self, name: str) -> None:
        """Raises StatusError for a write that failed: the queue comes back to it."""
        schema = self.schemas.get("", name)
        if schema is None:
            return
        existing = {level["metadata"]["name"] for level in self.levels}
        wanted = dangling_condition(schema["spec"]["priorityLevelConfiguration"]["name"], existing)
        if not _says(schema, wanted):
            await self._apply(name, wanted)

    async def _apply(self, name: str, condition: Object) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        patch = {
            "apiVersion": f"{_GROUP}/{_VERSION}", "kind": "FlowSchema", "metadata": {"name": name},
            "status": {"conditions": [{**condition, "lastTransitionTime": now}]},
        }
        try:
            await self._client.patch(
                *_SCHEMAS, name, patch, patch_type=APPLY_PATCH, subresource="status", fieldManager=CONSUMER, force=True
            )
        except StatusError as e:
            # a schema that is gone, or changed meanwhile, brings an event of its own
            if e.code not in (404, 409):
                raise


def _says(schema: Object, wanted: Object) -> bool:
    for found in (schema.get("status") or {}).get("conditions") or ():
        if found["type"] == "Dangling":
            return all(found.get(key) == value for key, value in wanted.items())
    return False


def dangling_condition(level: str, existing: set[str]) -> Object:
    """The condition without its time."""
    if level in existing:
        verdict, reason, text = "False", "Found", "and it exists"
    else:
        verdict, reason, text = "True", "NotFound", "but there is no such object"
    message = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}" {text}'
    return {"type": "Dangling", "status": verdict, "reason": reason, "message": message}
