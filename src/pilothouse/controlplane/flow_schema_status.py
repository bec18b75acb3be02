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

Object = dict[str, Any]
#: The field manager, as upstream's configuration consumer names itself.
CONSUMER = "api-priority-and-fairness-config-consumer-v1"
_GROUP, _VERSION = "flowcontrol.apiserver.k8s.io", "v1"
_SCHEMAS = (_GROUP, _VERSION, "flowschemas")


class FlowSchemaStatus:
    """Looks at all flow schemas again whenever one of them, or a priority level, has changed."""

    def __init__(self, client: LoopbackClient) -> None:
        self._client = client
        self._changed = asyncio.Event()
        self.schemas = Informer(client, *_SCHEMAS)
        self.levels = Informer(client, _GROUP, _VERSION, "prioritylevelconfigurations")
        for informer in (self.schemas, self.levels):
            informer.add_handler(
                on_add=lambda obj: self._changed.set(), on_update=lambda old, new: self._changed.set(),
                on_delete=lambda obj: self._changed.set(),
            )

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.schemas.run(), name="flow-schemas")
            tasks.create_task(self.levels.run(), name="priority-levels")
            await self.schemas.synced.wait()
            await self.levels.synced.wait()
            while True:
                self._changed.clear()
                await self._report()
                await self._changed.wait()

    async def _report(self) -> None:
        existing = {level["metadata"]["name"] for level in self.levels}
        for schema in self.schemas:
            wanted = dangling_condition(schema["spec"]["priorityLevelConfiguration"]["name"], existing)
            if not _says(schema, wanted):
                await self._apply(schema["metadata"]["name"], wanted)

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
