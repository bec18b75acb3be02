"""Flow schemas and priority levels (upstream: pkg/registry/flowcontrol/rest, util/flowcontrol/rest).

Objects carry apf.kubernetes.io/autoupdate-spec: while it is "true" their spec follows the defaults.
"""

from __future__ import annotations

import time

from pilothouse.apimachinery.gvk import GroupVersionResource
from pilothouse.apimachinery.status import StatusError
from pilothouse.controlplane.bootstrap.ensure import ensure
from pilothouse.controlplane.bootstrap.tables import Object, table
from pilothouse.server.loopback import APPLY_PATCH, LoopbackClient

_AUTOUPDATE = "apf.kubernetes.io/autoupdate-spec"
_GROUP, _VERSION = "flowcontrol.apiserver.k8s.io", "v1"
_SCHEMAS = GroupVersionResource(_GROUP, _VERSION, "flowschemas")
#: Field managers, as upstream's configuration producer and consumer name themselves.
PRODUCER = "api-priority-and-fairness-config-producer-v1"
CONSUMER = "api-priority-and-fairness-config-consumer-v1"


async def bootstrap_flow_control(client: LoopbackClient) -> None:
    for name, objects in table("flowcontrol.json").items():
        for obj in objects:
            obj["metadata"]["annotations"] = {_AUTOUPDATE: "true"}
        await ensure(client, GroupVersionResource(_GROUP, _VERSION, name), objects, reconcile, manager=PRODUCER)
    await report_dangling(client)


def reconcile(stored: Object, default: Object) -> Object | None:
    """The default spec, unless somebody took the object over."""
    if (stored["metadata"].get("annotations") or {}).get(_AUTOUPDATE) != "true":
        return None
    return None if stored["spec"] == default["spec"] else {**stored, "spec": default["spec"]}


async def report_dangling(client: LoopbackClient) -> None:
    """Says in each flow schema's status whether the priority level that it names exists."""
    levels = await client.list(_GROUP, _VERSION, "prioritylevelconfigurations")
    names = {level["metadata"]["name"] for level in levels["items"]}
    for schema in (await client.list(*_SCHEMAS))["items"]:
        wanted = dangling_condition(schema["spec"]["priorityLevelConfiguration"]["name"], names)
        for found in schema.get("status", {}).get("conditions") or ():
            if found["type"] == "Dangling" and all(found.get(k) == v for k, v in wanted.items()):
                break
        else:
            await _apply_condition(client, schema["metadata"]["name"], wanted)


def dangling_condition(level: str, existing: set[str]) -> Object:
    if level in existing:
        verdict, reason, text = "False", "Found", "it exists"
    else:
        verdict, reason, text = "True", "NotFound", "there is no such object"
    message = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}" and {text}'
    return {"type": "Dangling", "status": verdict, "reason": reason, "message": message}


async def _apply_condition(client: LoopbackClient, name: str, condition: Object) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    patch = {
        "apiVersion": f"{_GROUP}/{_VERSION}", "kind": "FlowSchema", "metadata": {"name": name},
        "status": {"conditions": [{**condition, "lastTransitionTime": now}]},
    }
    try:
        await client.patch(
            *_SCHEMAS, name, patch, patch_type=APPLY_PATCH, subresource="status", fieldManager=CONSUMER, force=True
        )
    except StatusError as e:
        if e.code != 404:
            raise
