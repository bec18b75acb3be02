"""RuntimeClass: a pod takes over its runtime class's overhead and scheduling
(upstream: plugin/pkg/admission/runtimeclass/admission.go)."""

from collections.abc import Mapping
from math import inf
from operator import itemgetter
from typing import Any, Final

from pilothouse.admission.interface import CREATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.plugins.pods import PODS
from pilothouse.apimachinery.aside import LIGHT_VALUES, aside
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
            given = (a, spec, scheduling)
            many = len(spec.get("tolerations") or ()) > LIGHT_VALUES
            await aside(_set_scheduling, *given) if many else _set_scheduling(*given)

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
    after, wider = _Wider(), []
    for t in reversed(every):
        wider.append(after.covers(t))
        after.add(t)
    before, merged, kept = _Wider(), [], set()
    for t in every:
        if wider.pop() or (mark := _mark(t)) in kept or before.covers(t):
            continue
        merged.append(t)
        kept.add(mark)
        before.add(t)
    return merged


def _mark(t: Object) -> frozenset[tuple[str, Any]]:
    return frozenset(t.items())


class _Wider:
    """Tolerations, by what they tolerate: (key, effect, value, None for any) → for how long. Of each, the two different
    ones that last longest are known: one of them is another than the one that is asked about."""

    def __init__(self) -> None:
        self._longest: dict[tuple[str, str, str | None], list[tuple[float, frozenset[tuple[str, Any]]]]] = {}

    def add(self, t: Object) -> None:
        operator, effect = t.get("operator") or "Equal", t.get("effect") or ""
        if operator not in ("Equal", "Exists"):
            return
        place = (t.get("key") or "", effect, None if operator == "Exists" else t.get("value") or "")
        entry = (_seconds(t) if effect == "NoExecute" else inf, _mark(t))
        found = self._longest.setdefault(place, [])
        if entry not in found:
            found.append(entry)
            found.sort(key=itemgetter(0), reverse=True)
            del found[2:]

    def covers(self, t: Object) -> bool:
        """Whether another one, and not the same, tolerates at least as much."""
        key, effect, seconds, mark = t.get("key") or "", t.get("effect") or "", _seconds(t), _mark(t)
        places: list[tuple[str, str | None]] = [(key, None), ("", None)]
        if t.get("operator") == "Equal":
            places.append((key, t.get("value") or ""))
        return any(
            reach >= seconds and other != mark
            for own_effect in {effect, ""} for own_key, value in places
            for reach, other in self._longest.get((own_key, own_effect, value), ())
        )


def _seconds(t: Object) -> float:
    seconds = t.get("tolerationSeconds")
    return inf if seconds is None else seconds
