"""Priority: a pod's class becomes its number (upstream: plugin/pkg/admission/priority/admission.go)."""

from typing import Any, Final

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister, forbidden
from pilothouse.admission.plugins.pods import PODS
from pilothouse.apimachinery.gvk import GroupResource

_CLASSES: Final = GroupResource("scheduling.k8s.io", "priorityclasses")
_NO_CLASS: Final[dict[str, Any]] = {"metadata": {"name": ""}, "value": 0, "preemptionPolicy": "PreemptLowerPriority"}


class Priority:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation in (CREATE, UPDATE) and resource in (PODS, _CLASSES) and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None or a.resource != PODS:
            return
        spec = a.object["spec"]
        if a.operation == UPDATE:
            old = (a.old_object or {}).get("spec") or {}
            for name in ("priority", "preemptionPolicy"):
                if spec.get(name) is None and old.get(name) is not None:
                    spec[name] = old[name]
            return
        self._resolve(a, spec)

    def _resolve(self, a: Attributes, spec: dict[str, Any]) -> None:
        name = spec.get("priorityClassName") or ""
        found = self._lister.get(_CLASSES, "", name) if name else self._default() or _NO_CLASS
        if found is None:
            raise forbidden(a, f"no PriorityClass with name {name} was found")
        if not name and found["metadata"]["name"]:
            spec["priorityClassName"] = found["metadata"]["name"]
        value = found.get("value") or 0
        if spec.get("priority") is not None and spec["priority"] != value:
            raise forbidden(
                a,
                f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; priority "
                f"admission controller computed {value} from the given PriorityClass name",
            )
        spec["priority"] = value
        policy = found.get("preemptionPolicy")
        if policy is None:
            return
        if spec.get("preemptionPolicy") is not None and spec["preemptionPolicy"] != policy:
            raise forbidden(
                a,
                f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
                f"priority admission controller computed {policy} from the given PriorityClass name",
            )
        spec["preemptionPolicy"] = policy

    def _default(self) -> dict[str, Any] | None:
        """The global default; of several, by a race, the one of the lowest value."""
        classes = [c for c in self._lister.list(_CLASSES) if c.get("globalDefault")]
        return min(classes, key=lambda c: int(c.get("value") or 0), default=None)

    async def validate(self, a: Attributes) -> None:
        if a.object is None or a.resource != _CLASSES or not a.object.get("globalDefault"):
            return
        default = self._default()
        if default is None:
            return
        name = default["metadata"]["name"]
        if a.operation == CREATE or name != a.object["metadata"]["name"]:
            raise forbidden(a, f"PriorityClass {name} is already marked as default. Only one default can exist")
