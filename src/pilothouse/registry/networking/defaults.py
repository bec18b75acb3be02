"""Defaults of networking.k8s.io/v1 (upstream: pkg/apis/networking/v1/defaults.go)."""

from typing import Any

Object = dict[str, Any]


def default_network_policy(policy: Object) -> None:
    spec = policy.get("spec")
    if spec is None:
        return
    if not spec.get("policyTypes"):
        # Any policy applies to what comes in; one that says something of what goes out applies to that too.
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                port.setdefault("protocol", "TCP")


def default_ingress_class(ingress_class: Object) -> None:
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    if parameters is not None and parameters.get("scope") is None:
        parameters["scope"] = "Cluster"
