"""TaintNodesByCondition: a new node is not ready until somebody says so
(upstream: plugin/pkg/admission/nodetaint/admission.go)."""

from typing import Final

from pilothouse.admission.interface import CREATE, Attributes, Lister
from pilothouse.apimachinery.gvk import GroupResource

_NODES: Final = GroupResource("", "nodes")
_KEY, _EFFECT = "node.kubernetes.io/not-ready", "NoSchedule"


class TaintNodesByCondition:
    def __init__(self, lister: Lister) -> None: ...

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == _NODES and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        spec = a.object.setdefault("spec", {})
        taints = spec.get("taints") or []
        if not any(t.get("key") == _KEY and t.get("effect") == _EFFECT for t in taints):
            spec["taints"] = [*taints, {"key": _KEY, "effect": _EFFECT}]
