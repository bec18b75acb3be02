"""Pod-level requests and limits that follow from the containers'.

Upstream: defaultPodRequests and defaultHugePagePodLimits in pkg/apis/core/v1/defaults.go; component-helpers/resource.
"""

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import quantity
from pilothouse.apimachinery.quantity import Quantity

Object = dict[str, Any]
_Sums = dict[str, Quantity]

_HUGE_PAGES = "hugepages-"


def default_pod_level_resources(spec: Object) -> None:
    """Completes `spec.resources`, which the client gave at least in part."""
    resources = spec["resources"]
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if limits or requests:
        for name, total in aggregate(spec, "limits").items():
            if name.startswith(_HUGE_PAGES) and name not in requests:
                limits.setdefault(name, str(total))
        if limits:
            resources["limits"] = limits
    if not limits:
        return
    for name, total in aggregate(spec, "requests").items():
        if name in ("cpu", "memory"):
            requests.setdefault(name, str(total))
    for name, limit in limits.items():
        if name in ("cpu", "memory") or name.startswith(_HUGE_PAGES):
            requests.setdefault(name, limit)
    if requests:
        resources["requests"] = requests


def aggregate(spec: Mapping[str, Any], what: str) -> _Sums:
    """What the pod needs: all containers and sidecars together, or more while an init container runs."""
    total: _Sums = {}
    for container in spec.get("containers") or ():
        _add(total, _amounts(container, what))
    sidecars: _Sums = {}
    peak: _Sums = {}
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container, what)
        if container.get("restartPolicy") == "Always":
            _add(total, amounts)
            _add(sidecars, amounts)
            _max(peak, sidecars)
        else:
            _add(amounts, sidecars)
            _max(peak, amounts)
    _max(total, peak)
    return total


def _amounts(container: Mapping[str, Any], what: str) -> _Sums:
    texts: Mapping[str, str] = (container.get("resources") or {}).get(what) or {}
    return {name: quantity.parse(text) for name, text in texts.items()}


def _add(sums: _Sums, more: _Sums) -> None:
    for name, amount in more.items():
        sums[name] = sums[name] + amount if name in sums else amount


def _max(sums: _Sums, other: _Sums) -> None:
    for name, amount in other.items():
        if name not in sums or sums[name] < amount:
            sums[name] = amount
