"""Defaults of resource.k8s.io (upstream: pkg/apis/resource/v*/defaults.go). v1beta2 has those of v1."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


_POOL_LIMIT = 100


def default_claim(claim: Object) -> None:
    _default_claim_spec(claim.get("spec"), _default_exact)
    _default_allocation(claim)


def default_beta_claim(claim: Object) -> None:
    _default_claim_spec(claim.get("spec"), _default_beta_request)
    _default_allocation(claim)


def _default_allocation(claim: Object) -> None:
    allocation = (claim.get("status") or {}).get("allocation") or {}
    for result in (allocation.get("devices") or {}).get("results") or ():
        _default_tolerations(result)


def default_claim_template(template: Object) -> None:
    _default_claim_spec((template.get("spec") or {}).get("spec"), _default_exact)


def default_beta_claim_template(template: Object) -> None:
    _default_claim_spec((template.get("spec") or {}).get("spec"), _default_beta_request)


def default_pool_status_request(request: Object) -> None:
    spec = request.setdefault("spec", {})
    if spec.get("limit") is None:
        spec["limit"] = _POOL_LIMIT


def taint_rule_defaults(clock: Callable[[], float]) -> Callable[[Object], None]:
    """Defaults of a DeviceTaintRule."""

    def default_taint_rule(rule: Object) -> None:
        _default_taint(rule.setdefault("spec", {}).setdefault("taint", {}), clock)

    return default_taint_rule


def slice_defaults(clock: Callable[[], float], part: str = "") -> Callable[[Object], None]:
    """Defaults of a ResourceSlice; `clock` (Unix seconds) says when a taint without a time was added. `part` is the
    field of a device that has all its others, "" for none."""

    def default_slice(resource_slice: Object) -> None:
        for device in (resource_slice.get("spec") or {}).get("devices") or ():
            facts = (device.get(part) or {}) if part else device
            for mapping in (facts.get("nodeAllocatableResourceMappings") or {}).values():
                mapping.setdefault("allocationMultiplier", "1")
            for taint in facts.get("taints") or ():
                _default_taint(taint, clock)

    return default_slice


def _default_taint(taint: Object, clock: Callable[[], float]) -> None:
    if not taint.get("timeAdded"):
        taint["timeAdded"] = datetime.fromtimestamp(int(clock()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _default_exact(request: Object) -> None:
    if request.get("exactly") is not None:
        _default_request(request["exactly"])


def _default_beta_request(request: Object) -> None:
    """v1beta1 has an exact request's fields in the request; without a class it has alternatives instead."""
    if request.get("deviceClassName"):
        _default_request(request)
    else:
        _default_tolerations(request)


def _default_claim_spec(spec: Object | None, default_main: Callable[[Object], None]) -> None:
    for request in ((spec or {}).get("devices") or {}).get("requests") or ():
        default_main(request)
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
