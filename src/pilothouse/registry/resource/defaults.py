"""Defaults of resource.k8s.io/v1 (upstream: pkg/apis/resource/v1/defaults.go)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


def default_claim(claim: Object) -> None:
    _default_claim_spec(claim.get("spec"))
    allocation = (claim.get("status") or {}).get("allocation") or {}
    for result in (allocation.get("devices") or {}).get("results") or ():
        _default_tolerations(result)


def default_claim_template(template: Object) -> None:
    _default_claim_spec((template.get("spec") or {}).get("spec"))


def slice_defaults(clock: Callable[[], float]) -> Callable[[Object], None]:
    """Defaults of a ResourceSlice; `clock` (Unix seconds) says when a taint without a time was added."""

    def default_slice(resource_slice: Object) -> None:
        for device in (resource_slice.get("spec") or {}).get("devices") or ():
            for mapping in (device.get("nodeAllocatableResourceMappings") or {}).values():
                mapping.setdefault("allocationMultiplier", "1")
            for taint in device.get("taints") or ():
                if not taint.get("timeAdded"):
                    taint["timeAdded"] = datetime.fromtimestamp(int(clock()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return default_slice


def _default_claim_spec(spec: Object | None) -> None:
    for request in ((spec or {}).get("devices") or {}).get("requests") or ():
        if request.get("exactly") is not None:
            _default_request(request["exactly"])
        for alternative in request.get("firstAvailable") or ():
            _default_request(alternative)


def _default_request(request: Object) -> None:
    if not request.get("allocationMode"):
        request["allocationMode"] = "ExactCount"
    if request["allocationMode"] == "ExactCount" and not request.get("count"):
        request["count"] = 1
    _default_tolerations(request)


def _default_tolerations(holder: Object) -> None:
    for toleration in holder.get("tolerations") or ():
        if not toleration.get("operator"):
            toleration["operator"] = "Equal"
