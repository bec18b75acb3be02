"""What a pod asks for as a whole (upstream: component-helpers resource/helpers.go, PodRequests and PodLimits)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pilothouse.apimachinery.quantity import Quantity, parse

Amounts = dict[str, Quantity]
#: What a pod may ask for at its own level, over the sum of its containers.
_POD_LEVEL: Final = ("cpu", "memory")
_HUGE_PAGES: Final = "hugepages-"


def amounts(resources: Mapping[str, Any] | None) -> Amounts:
    """A ResourceList as quantities."""
    return {k: parse(str(v)) for k, v in (resources or {}).items()}


def pod_total(spec: Mapping[str, Any], what: str) -> Amounts:
    """The pod's "requests" or "limits": all containers and sidecars together, or what an init container needs
    at its time if that is more (upstream: podRequests and podLimits of LimitRanger, which look only at the spec)."""
    total = _of_containers(spec, what, _of)
    total |= _pod_level(spec, what, _POD_LEVEL)
    return total


def pod_usage(pod: Mapping[str, Any], what: str) -> Amounts:
    """The same for what the pod has as well, while it is resized, and with its overhead (upstream: PodRequests and
    PodLimits as quotas and resizes use them)."""
    spec, status = pod["spec"], pod.get("status") or {}
    running = {
        s.get("name"): s for name in ("initContainerStatuses", "containerStatuses") for s in status.get(name) or ()
        if s.get("resources") is not None
    }
    infeasible = _is_infeasible(status) if running else False

    def effective(container: Mapping[str, Any], what: str) -> Amounts:
        wanted = _of(container, what)
        has = running.get(container.get("name"))
        if has is None:
            return wanted
        most = {} if infeasible else wanted
        _raise_to(most, _of(has, what).items())
        if what == "requests":
            _raise_to(most, amounts(has.get("allocatedResources")).items())
        return most

    total = _of_containers(spec, what, effective)
    huge = tuple(name for name in (spec.get("resources") or {}).get(what) or () if name.startswith(_HUGE_PAGES))
    total |= _pod_level(spec, what, (*_POD_LEVEL, *huge))
    overhead = amounts(spec.get("overhead"))
    _add(total, overhead if what == "requests" else {k: v for k, v in overhead.items() if total.get(k)})
    return total


def _is_infeasible(status: Mapping[str, Any]) -> bool:
    """Whether the kubelet refused to resize the pod."""
    pending = next((c for c in status.get("conditions") or () if c.get("type") == "PodResizePending"), None)
    return pending is not None and pending.get("reason") == "Infeasible"


def _pod_level(spec: Mapping[str, Any], what: str, supported: Iterable[str]) -> Amounts:
    given = (spec.get("resources") or {}).get(what) or {}
    return {name: parse(str(given[name])) for name in supported if name in given}


def _of_containers(
    spec: Mapping[str, Any], what: str, of: Callable[[Mapping[str, Any], str], Amounts]
) -> Amounts:
    """`of` tells what one container or sidecar needs; init containers need what their spec says."""
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, of(container, what))
    sidecars: Amounts = {}
    initial: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _of(container, what)
        if container.get("restartPolicy") == "Always":
            own = of(container, what)
            _add(total, own)
            _add(sidecars, own)
            own = sidecars
        else:
            _add(own, sidecars)
        _raise_to(initial, own.items())
    _raise_to(total, initial.items())
    return total


def _of(container: Mapping[str, Any], what: str) -> Amounts:
    return amounts((container.get("resources") or {}).get(what))


def _add(total: Amounts, more: Mapping[str, Quantity]) -> None:
    for name, value in more.items():
        total[name] = total[name] + value if name in total else value


def _raise_to(total: Amounts, floor: Iterable[tuple[str, Quantity]]) -> None:
    for name, value in floor:
        if name not in total or total[name] < value:
            total[name] = value
