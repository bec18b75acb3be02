"""Table cells of the apps group."""

from __future__ import annotations

from typing import Any

from pilothouse.apimachinery import labels
from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.registry.printing import (
    NONE,
    Obj,
    TablePrinter,
    age,
    containers,
    label_map,
    label_selector,
    name,
)


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    try:
        selector = str(labels.from_label_selector(spec.get("selector")))
    except ValueError:
        selector = "<invalid>"
    return [
        name(obj), f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}", status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0), age(obj, now), *containers(spec["template"].get("spec", {})), selector,
    ]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return [
        name(obj), spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0), age(obj, now),
        *containers(spec.get("template", {}).get("spec", {})), label_selector(spec.get("selector")),
    ]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return [
        name(obj), f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}", age(obj, now),
        *containers(spec["template"].get("spec", {})),
    ]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    pod = spec["template"].get("spec", {})
    return [
        name(obj), status.get("desiredNumberScheduled", 0), status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0), status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0),
        label_map(pod.get("nodeSelector")), age(obj, now), *containers(pod), label_selector(spec.get("selector")),
    ]


def _controller_revision(obj: Obj, now: float) -> list[Any]:
    controller = NONE
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group = GroupVersion.parse(owner.get("apiVersion", "")).group
            kind = f"{owner['kind']}.{group}" if group else owner["kind"]
            controller = f"{kind.lower()}/{owner['name']}"
    return [name(obj), controller, obj.get("revision", 0), age(obj, now)]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("deployments", _deployment),
        ("replicasets", _replica_set),
        ("statefulsets", _stateful_set),
        ("daemonsets", _daemon_set),
        ("controllerrevisions", _controller_revision),
    )
}
