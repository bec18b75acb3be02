"""PodTopologyLabels: a pod carries its node's zone and region
(upstream: plugin/pkg/admission/podtopologylabels/admission.go)."""

from typing import Final

from pilothouse.admission.interface import CREATE, Attributes, Lister
from pilothouse.admission.plugins.pods import PODS
from pilothouse.apimachinery.gvk import GroupResource

_NODES: Final = GroupResource("", "nodes")
_COPIED = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == PODS and subresource in ("", "binding")

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        if a.subresource:
            target = a.object.get("target") or {}
            name = target.get("name") if target.get("kind") == "Node" else None
        else:
            name = (a.object.get("spec") or {}).get("nodeName")
        node = self._lister.get(_NODES, "", name) if name else None
        labels = (node["metadata"].get("labels") or {}) if node is not None else {}
        copied = {k: labels[k] for k in _COPIED if k in labels}
        if copied:
            metadata = a.object["metadata"]
            metadata["labels"] = {**(metadata.get("labels") or {}), **copied}
