"""Defaults of core/v1 kinds other than pods (upstream: pkg/apis/core/v1/defaults.go).

Each function works in place on one decoded wire object, metadata included.
"""

from base64 import b64encode
from typing import Any

from pilothouse.registry.core.pod_defaults import default_pod_template
from pilothouse.registry.core.quantities import round_up
from pilothouse.registry.core.volume_defaults import default_claim_spec, default_persistent_source

Object = dict[str, Any]

METADATA_NAME_LABEL = "kubernetes.io/metadata.name"


def default_pod_template_object(obj: Object) -> None:
    default_pod_template(obj.setdefault("template", {}))


def default_replication_controller(rc: Object) -> None:
    spec = rc.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    template = spec.get("template")
    if template is None:
        return
    labels = (template.get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        metadata = rc.setdefault("metadata", {})
        if not metadata.get("labels"):
            metadata["labels"] = dict(labels)
    default_pod_template(template)


def default_service(service: Object) -> None:
    spec = service.setdefault("spec", {})
    affinity = spec.get("sessionAffinity")
    if not affinity:
        affinity = spec["sessionAffinity"] = "None"
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        if "timeoutSeconds" not in (config.get("clientIP") or {}):
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    kind = spec.get("type")
    if not kind:
        kind = spec["type"] = "ClusterIP"
    for port in spec.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port", 0)
    exposed = kind in ("NodePort", "LoadBalancer")
    if (exposed or (kind == "ClusterIP" and spec.get("externalIPs"))) and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if exposed or kind == "ClusterIP":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def default_secret(secret: Object) -> None:
    if not secret.get("type"):
        secret["type"] = "Opaque"
    texts = secret.pop("stringData", None)
    if texts:
        data = secret.setdefault("data", {})
        for key, text in texts.items():
            data[key] = b64encode(text.encode()).decode()


def default_endpoints(endpoints: Object) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"


def default_namespace(namespace: Object) -> None:
    metadata = namespace.setdefault("metadata", {})
    name = metadata.get("name")
    if name:
        labels = metadata.get("labels")
        if labels is None:
            labels = metadata["labels"] = {}
        labels[METADATA_NAME_LABEL] = name
    status = namespace.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Active"


def default_node(node: Object) -> None:
    status = node.setdefault("status", {})
    capacity = status.get("capacity")
    round_up(capacity)
    if capacity and "allocatable" not in status:
        status["allocatable"] = dict(capacity)
    round_up(status.get("allocatable"))
    spec = node.get("spec")
    if spec:
        # podCIDR is the first of podCIDRs (upstream: Convert_v1_NodeSpec_To_core_NodeSpec).
        cidr, cidrs = spec.get("podCIDR"), spec.get("podCIDRs")
        if cidr and (not cidrs or cidrs[0] != cidr):
            spec["podCIDRs"] = [cidr]
        elif cidrs and not cidr:
            spec["podCIDR"] = cidrs[0]


def default_persistent_volume(volume: Object) -> None:
    status = volume.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"
    spec = volume.setdefault("spec", {})
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    spec.setdefault("volumeMode", "Filesystem")
    round_up(spec.get("capacity"))
    default_persistent_source(spec)


def default_persistent_volume_claim(claim: Object) -> None:
    status = claim.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"
    default_claim_spec(claim.setdefault("spec", {}))
    round_up(status.get("capacity"))
    round_up(status.get("allocatedResources"))


def default_limit_range(limit_range: Object) -> None:
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container":
            default = {**(item.get("max") or {}), **(item.get("default") or {})}
            request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
            if default:
                item["default"] = default
            if request:
                item["defaultRequest"] = request
        for name in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
            round_up(item.get(name))


def default_resource_quota(quota: Object) -> None:
    round_up((quota.get("spec") or {}).get("hard"))
    status = quota.get("status") or {}
    round_up(status.get("hard"))
    round_up(status.get("used"))
