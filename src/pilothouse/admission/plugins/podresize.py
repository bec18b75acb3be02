"""NodeDeclaredFeatureValidator and PodResizeValidator: a pod is resized only where its node can do it
(upstream: plugin/pkg/admission/nodedeclaredfeatures, podresize)."""

from __future__ import annotations

from typing import Any, Final

from pilothouse.admission.interface import UPDATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.plugins.pods import PODS
from pilothouse.admission.quota.podresources import amounts, pod_usage
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.quantity import Quantity
from pilothouse.apimachinery.status import StatusError

_NODES: Final = GroupResource("", "nodes")
_OS: Final = "kubernetes.io/os"


class NodeDeclaredFeatureValidator:
    """A node must say that it knows what an update of a pod on it needs."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == UPDATE and resource == PODS and subresource in ("", "resize")

    async def validate(self, a: Attributes) -> None:
        pod, old = a.object, a.old_object
        if pod is None or old is None or not (name := _changed_on(pod, old)):
            return
        needed = _needed_features(pod["spec"], old["spec"])
        if not needed:
            return
        declared = (_node(self._lister, a, name).get("status") or {}).get("declaredFeatures") or ()
        if missing := [feature for feature in needed if feature not in declared]:
            text = f"pod update requires features {', '.join(missing)} which are not available on node {go_quote(name)}"
            raise forbidden(a, text)


class PodResizeValidator:
    """A pod may only grow to what its node has in all."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == UPDATE and resource == PODS and subresource == "resize"

    async def validate(self, a: Attributes) -> None:
        pod, old = a.object, a.old_object
        if pod is None or old is None or not (name := _changed_on(pod, old)):
            return
        node = _node(self._lister, a, name)
        os = (node["metadata"].get("labels") or {}).get(_OS, "linux")
        if os != "linux":
            text = f"pod resize is only supported on linux nodes, node {go_quote(name)} is {go_quote(os)}"
            raise _refusal(a, text, "UnsupportedPlatform")
        allocatable = amounts((node.get("status") or {}).get("allocatable"))
        # the new requests, whatever the pod has now
        requests = pod_usage({"spec": pod["spec"]}, "requests")
        none = Quantity(0)
        cpu, has_cpu = requests.get("cpu", none), allocatable.get("cpu", none)
        memory, has_memory = requests.get("memory", none), allocatable.get("memory", none)
        texts = []
        if has_cpu < cpu:
            texts.append(f"cpu, requested: {cpu.milli_value()}, allocatable: {has_cpu.milli_value()}")
        if has_memory < memory:
            texts.append(f"memory, requested: {memory.value()}, allocatable: {has_memory.value()}")
        if texts:
            text = f"node didn't have enough allocatable resources: {'; '.join(texts)}"
            raise _refusal(a, text, "NodeCapacity")


def _changed_on(pod: Object, old: Object) -> str:
    """The node of a pod whose spec changes, "" for others."""
    if pod["metadata"].get("generation") == old["metadata"].get("generation"):
        return ""
    return (pod.get("spec") or {}).get("nodeName") or ""


def _node(lister: Lister, a: Attributes, name: str) -> Object:
    node = lister.get(_NODES, "", name)
    if node is None:
        raise forbidden(a, f"node {go_quote(name)} not found")
    return node


def _refusal(a: Attributes, text: str, reason: str) -> StatusError:
    error = forbidden(a, text)
    details = {**(error.details or {}), "causes": [{"reason": reason}]}
    return StatusError(error.code, error.reason, error.message, details)


def _needed_features(spec: dict[str, Any], old: dict[str, Any]) -> list[str]:
    """What a kubelet must be able to do for the change, in order."""
    needed = []
    if (spec.get("resources") or None) != (old.get("resources") or None):
        needed.append("InPlacePodLevelResourcesVerticalScaling")
    pairs = zip(old.get("initContainers") or (), spec.get("initContainers") or (), strict=False)
    if any(
        was.get("restartPolicy") != "Always" and (was.get("resources") or None) != (now.get("resources") or None)
        for was, now in pairs
    ):
        needed.append("InPlacePodVerticalScalingInitContainers")
    return needed
