"""A pod's quality of service class (upstream: pkg/apis/core/helper/qos)."""

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import quantity
from pilothouse.apimachinery.quantity import Quantity

_COMPUTE = ("cpu", "memory")
_Sums = dict[str, Quantity]


def qos_class(spec: Mapping[str, Any]) -> str:
    """"Guaranteed", "Burstable" or "BestEffort", of the containers' or of the pod's own resources."""
    requests: _Sums = {}
    limits: _Sums = {}
    own = spec.get("resources")
    if own is not None:
        complete = not own.get("limits")
        holders = [own]
    else:
        complete = True
        holders = [
            container.get("resources") or {}
            for name in ("containers", "initContainers")
            for container in spec.get(name) or ()
        ]
    for resources in holders:
        _add(requests, resources.get("requests"))
        found = _add(limits, resources.get("limits"))
        if own is None:
            complete = complete and found == len(_COMPUTE)
        elif resources.get("limits"):
            complete = found == len(_COMPUTE)
    if not requests and not limits:
        return "BestEffort"
    if complete and len(requests) == len(limits) and all(limits.get(name) == requests[name] for name in requests):
        return "Guaranteed"
    return "Burstable"


def _add(sums: _Sums, resources: Mapping[str, str] | None) -> int:
    """Adds what is above zero of CPU and memory; returns of how many there is some."""
    found = 0
    for name in _COMPUTE:
        text = (resources or {}).get(name)
        if text is None:
            continue
        amount = quantity.parse(text)
        if amount.sign() > 0:
            found += 1
            sums[name] = sums[name] + amount if name in sums else amount
    return found
