"""LimitRanger: defaults and bounds of a namespace for what pods and claims ask for
(upstream: plugin/pkg/admission/limitranger/admission.go)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.plugins.pods import PODS, containers
from pilothouse.admission.quota.podresources import Amounts, amounts, pod_total
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.quantity import Quantity, parse

_LIMIT_RANGES: Final = GroupResource("", "limitranges")
_CLAIMS: Final = GroupResource("", "persistentvolumeclaims")
ANNOTATION: Final = "kubernetes.io/limit-ranger"
_MAX_MILLI_VALUE: Final = ((1 << 63) - 1) // 1000


class LimitRanger:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        if resource == PODS:
            # a pod's resources change after its creation only by way of "resize"
            return (operation == CREATE and not subresource) or (operation == UPDATE and subresource == "resize")
        return resource == _CLAIMS and operation in (CREATE, UPDATE) and not subresource

    def _ranges(self, a: Attributes) -> Iterator[list[dict[str, Any]]]:
        """The limits of each LimitRange that applies; none to an object that is being deleted."""
        if a.object is None or (a.old_object or {}).get("metadata", {}).get("deletionTimestamp") is not None:
            return
        for limit_range in self._lister.list(_LIMIT_RANGES, a.namespace):
            yield (limit_range.get("spec") or {}).get("limits") or []

    async def admit(self, a: Attributes) -> None:
        if a.resource != PODS:
            return
        for limits in self._ranges(a):
            _set_defaults(a.object or {}, limits)

    async def validate(self, a: Attributes) -> None:
        check = _check_pod if a.resource == PODS else _check_claim
        for limits in self._ranges(a):
            errors = list(dict.fromkeys(text for limit in limits for text in check(a.object or {}, limit)))
            if errors:
                raise forbidden(a, errors[0] if len(errors) == 1 else "[" + ", ".join(errors) + "]")


def _set_defaults(pod: Object, limits: list[dict[str, Any]]) -> None:
    requests: dict[str, Any] = {}
    bounds: dict[str, Any] = {}
    for limit in limits:
        if limit.get("type") == "Container":
            requests.update(limit.get("defaultRequest") or {})
            bounds.update(limit.get("default") or {})
    done: list[str] = []
    for title, group in (("container", "containers"), ("init container", "initContainers")):
        for container in containers(pod["spec"], group):
            for word, field, defaults in (("request", "requests", requests), ("limit", "limits", bounds)):
                if added := _merge(container, field, defaults):
                    done.append(f"{', '.join(sorted(added))} {word} for {title} {container.get('name', '')}")
    if done:
        metadata = pod["metadata"]
        text = "LimitRanger plugin set: " + "; ".join(done)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), ANNOTATION: text}


def _merge(container: dict[str, Any], field: str, defaults: Mapping[str, Any]) -> list[str]:
    """Adds what is missing to the container's requests or limits; returns the names."""
    have = (container.get("resources") or {}).get(field) or {}
    added = [k for k in defaults if k not in have]
    if added:
        resources = container["resources"] = dict(container.get("resources") or {})
        resources[field] = dict(sorted({**have, **{k: defaults[k] for k in added}}.items()))
    return added


def _check_pod(pod: Object, limit: Mapping[str, Any]) -> Iterator[str]:
    spec = pod["spec"]
    match limit.get("type"):
        case "Container":
            for container in containers(spec, "containers", "initContainers"):
                resources = container.get("resources") or {}
                yield from _check(limit, amounts(resources.get("requests")), amounts(resources.get("limits")))
        case "Pod":
            yield from _check(limit, pod_total(spec, "requests"), pod_total(spec, "limits"))


def _check_claim(claim: Object, limit: Mapping[str, Any]) -> Iterator[str]:
    """Claims have no limits: the maximum bounds what they request."""
    if limit.get("type") != "PersistentVolumeClaim":
        return
    requests = amounts((claim["spec"].get("resources") or {}).get("requests"))
    for name, text in (limit.get("min") or {}).items():
        yield from _minimum("PersistentVolumeClaim", name, parse(str(text)), requests, {})
    for name, text in (limit.get("max") or {}).items():
        most = parse(str(text))
        told = f"maximum {name} usage per PersistentVolumeClaim is {most}"
        request, enforced = _comparable(requests.get(name), most)
        if name not in requests:
            yield f"{told}.  No request is specified"
        elif request > enforced:
            yield f"{told}, but request is {requests[name]}"


def _check(limit: Mapping[str, Any], requests: Amounts, limits: Amounts) -> Iterator[str]:
    kind = str(limit.get("type"))
    for name, text in (limit.get("min") or {}).items():
        yield from _minimum(kind, name, parse(str(text)), requests, limits)
    for name, text in (limit.get("max") or {}).items():
        yield from _maximum(kind, name, parse(str(text)), requests, limits)
    for name, text in (limit.get("maxLimitRequestRatio") or {}).items():
        yield from _ratio(kind, name, parse(str(text)), requests, limits)


def _minimum(kind: str, name: str, least: Quantity, requests: Amounts, limits: Amounts) -> Iterator[str]:
    told = f"minimum {name} usage per {kind} is {least}"
    request, limit, enforced = _comparable(requests.get(name), limits.get(name), least)
    if name not in requests:
        yield f"{told}.  No request is specified"
    elif request < enforced:
        yield f"{told}, but request is {requests[name]}"
    elif name in limits and limit < enforced:
        yield f"{told}, but limit is {limits[name]}"


def _maximum(kind: str, name: str, most: Quantity, requests: Amounts, limits: Amounts) -> Iterator[str]:
    told = f"maximum {name} usage per {kind} is {most}"
    request, limit, enforced = _comparable(requests.get(name), limits.get(name), most)
    if name not in limits:
        yield f"{told}.  No limit is specified"
    elif limit > enforced:
        yield f"{told}, but limit is {limits[name]}"
    elif name in requests and request > enforced:
        yield f"{told}, but request is {requests[name]}"


def _ratio(kind: str, name: str, most: Quantity, requests: Amounts, limits: Amounts) -> Iterator[str]:
    told = f"{name} max limit to request ratio per {kind} is {most}"
    request, limit, _ = _comparable(requests.get(name), limits.get(name), most)
    if not request:
        yield f"{told}, but no request is specified or request is 0"
        return
    if not limit:
        yield f"{told}, but no limit is specified or limit is 0"
        return
    ratio = limit / request
    if most.value() <= _MAX_MILLI_VALUE:
        exceeded = ratio * 1000 > most.milli_value()
    else:
        exceeded = ratio > most.value()
    if exceeded:
        yield f"{told}, but provided ratio is {ratio:f}"


def _comparable(*quantities: Quantity | None) -> list[int]:
    """Thousandths where all of them fit an int64, else whole units, rounded up
    (requestLimitEnforcedValues)."""
    if all(q is None or q.value() <= _MAX_MILLI_VALUE for q in quantities):
        return [0 if q is None else q.milli_value() for q in quantities]
    return [0 if q is None else q.value() for q in quantities]
