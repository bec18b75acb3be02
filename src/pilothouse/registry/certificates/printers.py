"""Table cells of the certificates.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import NONE, Obj, TablePrinter, age, human_duration, label_map, name


def _signing_request(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    expiration = spec.get("expirationSeconds")
    kinds = {c.get("type") for c in status.get("conditions") or ()}
    state = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    if "Failed" in kinds:
        state += ",Failed"
    if status.get("certificate"):
        state += ",Issued"
    return [
        name(obj), age(obj, now), spec.get("signerName") or NONE, spec.get("username", ""),
        NONE if expiration is None else human_duration(expiration), state,
    ]


def _trust_bundle(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("spec", {}).get("signerName") or NONE]


def _pod_request(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    state = "Pending"
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") in ("Issued", "Denied", "Failed"):
            state = condition["type"]
    return [
        name(obj), *(spec.get(key) or "" for key in ("podName", "serviceAccountName", "nodeName", "signerName")), state,
        label_map(spec.get("unverifiedUserAnnotations")),
    ]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("certificatesigningrequests", _signing_request),
        ("clustertrustbundles", _trust_bundle),
        ("podcertificaterequests", _pod_request),
    )
}
