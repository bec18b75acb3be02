"""RuntimeClass: a pod takes over its runtime class's overhead and scheduling
(upstream: plugin/pkg/admission/runtimeclass/admission.go)."""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.admission.interface import CREATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.plugins.pods import PODS
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.quantity import parse

_CLASSES: Final = GroupResource("node.k8s.io", "runtimeclasses")
_MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"


class RuntimeClass:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == PODS and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        spec = a.object["spec"]
        runtime_class = self._find(a, spec)
        if runtime_class is None:
            return
        if overhead := runtime_class.get("overhead"):
            fixed = overhead.get("podFixed") or {}
            if spec.get("overhead") and not _same(fixed, spec["overhead"]):
                raise forbidden(a, _MISMATCH)
            spec["overhead"] = dict(fixed)
        if scheduling := runtime_class.get("scheduling"):
            _set_scheduling(a, spec, scheduling)

    async def validate(self, a: Attributes) -> None:
        if a.object is None:
            return
        spec = a.object["spec"]
        runtime_class = self._find(a, spec)
        if runtime_class is not None and runtime_class.get("overhead"):
            if not _same(runtime_class["overhead"].get("podFixed") or {}, spec.get("overhead") or {}):
                raise forbidden(a, _MISMATCH)
        elif spec.get("overhead"):
            raise forbidden(a, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")

    def _find(self, a: Attributes, spec: Mapping[str, Any]) -> Object | None:
        name = spec.get("runtimeClassName")
        if name is None:
            return None
        found = self._lister.get(_CLASSES, "", name)
        if found is None:
            raise forbidden(a, f"pod rejected: RuntimeClass {go_quote(name)} not found")
        return found


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return a.keys() == b.keys() and all(parse(str(a[k])) == parse(str(b[k])) for k in a)


def _set_scheduling(a: Attributes, spec: dict[str, Any], scheduling: Mapping[str, Any]) -> None:
    selector = dict(spec.get("nodeSelector") or {})
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        have = selector.setdefault(key, value)
        if have != value:
            raise forbidden(
                a,
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {have}",
            )
    if selector:
        spec["nodeSelector"] = selector
    tolerations = merge_tolerations(spec.get("tolerations") or [], scheduling.get("tolerations") or [])
    if tolerations:
        spec["tolerations"] = tolerations


def merge_tolerations(first: list[Object], second: list[Object]) -> list[Object]:
    """Both lists without what others already cover (upstream: pkg/util/tolerations)."""
    every = [*first, *second]
    merged: list[Object] = []
    for i, t in enumerate(every):
        covered = any(_covers(m, t) for m in merged) or any(t != o and _covers(o, t) for o in every[i + 1:])
        if not covered:
            merged.append(t)
    return merged


def _covers(outer: Object, t: Object) -> bool:
    if outer == t:
        return True
    operator = outer.get("operator") or "Equal"
    if t.get("key") != outer.get("key") and (outer.get("key") or operator != "Exists"):
        return False
    if outer.get("effect") and t.get("effect") != outer["effect"]:
        return False
    seconds = outer.get("tolerationSeconds")
    if outer.get("effect") == "NoExecute" and seconds is not None:
        own = t.get("tolerationSeconds")
        if own is None or own > seconds:
            return False
    if operator == "Exists":
        return True
    return operator == "Equal" and t.get("operator") == "Equal" and t.get("value") == outer.get("value")
