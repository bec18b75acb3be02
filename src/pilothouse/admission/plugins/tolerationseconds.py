"""DefaultTolerationSeconds: pods stay five minutes on a node that has gone away
(upstream: plugin/pkg/admission/defaulttolerationseconds/admission.go)."""

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister
from pilothouse.admission.plugins.pods import PODS
from pilothouse.apimachinery.gvk import GroupResource

_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
#: kube-apiserver's --default-not-ready-toleration-seconds and --default-unreachable-toleration-seconds.
DEFAULT_SECONDS = 300


class DefaultTolerationSeconds:
    def __init__(self, lister: Lister, seconds: tuple[int, int] = (DEFAULT_SECONDS, DEFAULT_SECONDS)) -> None:
        self._tolerations = [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": s}
            for key, s in zip(_TAINTS, seconds, strict=True)
        ]

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation in (CREATE, UPDATE) and resource == PODS and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        spec = a.object["spec"]
        tolerations = spec.get("tolerations") or []
        tolerated = {t.get("key") or "" for t in tolerations if t.get("effect") in (None, "", "NoExecute")}
        if "" in tolerated:
            return
        missing = [dict(t) for t in self._tolerations if t["key"] not in tolerated]
        if missing:
            spec["tolerations"] = [*tolerations, *missing]
