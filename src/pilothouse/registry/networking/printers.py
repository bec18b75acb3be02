"""Table cells of the networking.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import NONE, Obj, TablePrinter, age, label_selector, name

_SHOWN_HOSTS = 3


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    class_name = spec.get("ingressClassName")
    ingress = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    addresses = sorted({i.get("ip") or i.get("hostname", "") for i in ingress} - {""})
    return [
        name(obj), NONE if class_name is None else class_name, _hosts(spec.get("rules") or []), ",".join(addresses),
        "80, 443" if spec.get("tls") else "80", age(obj, now),
    ]


def _hosts(rules: list[Obj]) -> str:
    shown: list[str] = []
    for rule in rules:
        if len(shown) == _SHOWN_HOSTS:
            return f"{','.join(shown)} + {len(rules) - _SHOWN_HOSTS} more..."
        if rule.get("host"):
            shown.append(rule["host"])
    return ",".join(shown) or "*"


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    shown = name(obj)
    if (obj["metadata"].get("annotations") or {}).get("ingressclass.kubernetes.io/is-default-class") == "true":
        shown += " (default)"
    parameters = NONE
    if found := spec.get("parameters"):
        group = f".{found['apiGroup']}" if found.get("apiGroup") is not None else ""
        parameters = f"{found['kind']}{group}/{found['name']}"
    return [shown, spec.get("controller", ""), parameters, age(obj, now)]


def _ip_address(obj: Obj, now: float) -> list[Any]:
    parent = obj.get("spec", {}).get("parentRef")
    if not parent:
        return [name(obj), NONE, age(obj, now)]
    group = parent.get("group")
    resource = f"{parent.get('resource', '')}.{group}" if group else parent.get("resource", "")
    parts = [resource.lower(), parent.get("namespace"), parent.get("name", "")]
    # upstream's row has an age that its columns do not name
    return [name(obj), "/".join(p for p in parts if p), age(obj, now)]


def _network_policy(obj: Obj, now: float) -> list[Any]:
    return [name(obj), label_selector(obj.get("spec", {}).get("podSelector")), age(obj, now)]


def _service_cidr(obj: Obj, now: float) -> list[Any]:
    return [name(obj), ",".join(obj.get("spec", {}).get("cidrs") or ()), age(obj, now)]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("ingresses", _ingress),
        ("ingressclasses", _ingress_class),
        ("ipaddresses", _ip_address),
        ("networkpolicies", _network_policy),
        ("servicecidrs", _service_cidr),
    )
}
