"""Flow schemas and priority levels (upstream: pkg/registry/flowcontrol/rest, util/flowcontrol/rest).

Objects carry apf.kubernetes.io/autoupdate-spec: while it is "true" their spec follows the defaults.
"""

from __future__ import annotations

from pilothouse.apimachinery.gvk import GroupVersionResource
from pilothouse.controlplane.bootstrap.ensure import ensure
from pilothouse.controlplane.bootstrap.tables import Object, table
from pilothouse.server.loopback import LoopbackClient

_AUTOUPDATE = "apf.kubernetes.io/autoupdate-spec"
_GROUP, _VERSION = "flowcontrol.apiserver.k8s.io", "v1"
#: The field manager, as upstream's configuration producer names itself.
PRODUCER = "api-priority-and-fairness-config-producer-v1"


async def bootstrap_flow_control(client: LoopbackClient) -> None:
    for name, objects in table("flowcontrol.json").items():
        for obj in objects:
            obj["metadata"]["annotations"] = {_AUTOUPDATE: "true"}
        await ensure(client, GroupVersionResource(_GROUP, _VERSION, name), objects, reconcile, manager=PRODUCER)


def reconcile(stored: Object, default: Object) -> Object | None:
    """The default spec, unless somebody took the object over."""
    if (stored["metadata"].get("annotations") or {}).get(_AUTOUPDATE) != "true":
        return None
    return None if stored["spec"] == default["spec"] else {**stored, "spec": default["spec"]}
