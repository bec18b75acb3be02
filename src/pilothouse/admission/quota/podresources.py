"""What a pod asks for as a whole (upstream: component-helpers resource/helpers.go, PodRequests and PodLimits)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pilothouse.apimachinery.quantity import Quantity, parse

Amounts = dict[str, Quantity]
#: What a pod may ask for at its own level, over the sum of its containers.
_POD_LEVEL: Final = frozenset({"cpu", "memory"})


def amounts(resources: Mapping[str, Any] | None) -> Amounts:
    """A ResourceList as quantities."""
    return {k: parse(str(v)) for k, v in (resources or {}).items()}


def pod_total(spec: Mapping[str, Any], what: str) -> Amounts:
    """The pod's "requests" or "limits": all containers and sidecars together, or what an init container needs
    at its time if that is more."""
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _of(container, what))
    sidecars: Amounts = {}
    initial: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _of(container, what)
        if container.get("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            own = sidecars
        else:
            _add(own, sidecars)
        _raise_to(initial, own.items())
    _raise_to(total, initial.items())
    for name, value in ((spec.get("resources") or {}).get(what) or {}).items():
        if name in _POD_LEVEL:
            total[name] = parse(str(value))
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
