"""Table cells of the core group, but for pods (`pod_printer`)."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.core.pod_printer import pod_cells, pod_conditions
from pilothouse.registry.printing import (
    NONE,
    UNKNOWN,
    UNSET,
    Obj,
    TablePrinter,
    age,
    condition,
    containers,
    label_map,
    name,
    since,
)

_NODE_ROLE_PREFIX = "node-role.kubernetes.io/"
_STORAGE_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_ACCESS_MODES = {
    "ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP",
}


def _component_status(obj: Obj, now: float) -> list[Any]:
    for found in obj.get("conditions") or ():
        if found.get("type") == "Healthy":
            status = "Healthy" if found.get("status") == "True" else "Unhealthy"
            return [name(obj), status, found.get("message", ""), found.get("error", "")]
    return [name(obj), "Unknown", "", ""]


def _config_map(obj: Obj, now: float) -> list[Any]:
    return [name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def _endpoints(obj: Obj, now: float) -> list[Any]:
    shown: list[str] = []
    count = 0
    for subset in obj.get("subsets") or ():
        addresses = [a["ip"] for a in subset.get("addresses") or ()]
        for port in subset.get("ports") or (None,):
            count += len(addresses)
            shown += addresses if port is None else (_host_port(a, port["port"]) for a in addresses)
    text = ",".join(shown[:3])
    if len(shown) > 3:
        text = f"{text} + {count - 3} more..."
    return [name(obj), text if obj.get("subsets") else NONE, age(obj, now)]


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def event_cells(obj: Obj, now: float) -> list[Any]:
    """Also the events.k8s.io group's, whose objects are stored in the core version."""
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    if series := obj.get("series"):
        last, count = since(series.get("lastObservedTime"), now), series.get("count", 0)
    involved = obj.get("involvedObject", {})
    target = involved.get("kind", "").lower()
    if involved.get("name"):
        target = f"{target}/{involved['name']}"
    source = obj.get("source", {})
    component = source.get("component") or obj.get("reportingComponent", "")
    instance = source.get("host") or obj.get("reportingInstance", "")
    return [
        last, obj.get("type", ""), obj.get("reason", ""), target, involved.get("fieldPath", ""),
        f"{component}, {instance}" if instance else component, obj.get("message", "").strip(), first, count, name(obj),
    ]


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("status", {}).get("phase", ""), age(obj, now)]


def _node(obj: Obj, now: float) -> list[Any]:
    ready = condition(obj, "Ready")
    status = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    if obj.get("spec", {}).get("unschedulable"):
        status += ",SchedulingDisabled"
    info = obj.get("status", {}).get("nodeInfo", {})
    kernel = info.get("kernelVersion") or UNKNOWN
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    return [
        name(obj), status, ",".join(_node_roles(obj)) or NONE, age(obj, now), info.get("kubeletVersion", ""),
        _node_address(obj, "InternalIP"), _node_address(obj, "ExternalIP"), info.get("osImage") or UNKNOWN, kernel,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _node_roles(obj: Obj) -> list[str]:
    roles = set()
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if key.startswith(_NODE_ROLE_PREFIX):
            roles.add(key.removeprefix(_NODE_ROLE_PREFIX))
        elif key == "kubernetes.io/role":
            roles.add(value)
    return sorted(roles - {""})


def _node_address(obj: Obj, kind: str) -> str:
    for address in obj.get("status", {}).get("addresses") or ():
        if address.get("type") == kind:
            return address.get("address", "")  # type: ignore[no-any-return]
    return NONE


def _access_modes(modes: list[str] | None) -> str:
    return ",".join(short for mode, short in _ACCESS_MODES.items() if mode in (modes or ()))


def _storage_class(obj: Obj) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    if _STORAGE_CLASS_ANNOTATION in annotations:
        return annotations[_STORAGE_CLASS_ANNOTATION]  # type: ignore[no-any-return]
    return obj.get("spec", {}).get("storageClassName") or ""


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value


def _phase(obj: Obj) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return obj.get("status", {}).get("phase", "")  # type: ignore[no-any-return]


def _persistent_volume_claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    capacity = modes = ""
    if spec.get("volumeName"):
        capacity = (status.get("capacity") or {}).get("storage", "0")
        modes = _access_modes(status.get("accessModes"))
    return [
        name(obj), _phase(obj), spec.get("volumeName", ""), capacity, modes, _storage_class(obj),
        _or_unset(spec.get("volumeAttributesClassName")), age(obj, now), _or_unset(spec.get("volumeMode")),
    ]


def _persistent_volume(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    claim = spec.get("claimRef")
    return [
        name(obj), (spec.get("capacity") or {}).get("storage", "0"), _access_modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""), _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "", _storage_class(obj),
        _or_unset(spec.get("volumeAttributesClassName")), obj.get("status", {}).get("reason", ""), age(obj, now),
        _or_unset(spec.get("volumeMode")),
    ]


def _pod_template(obj: Obj, now: float) -> list[Any]:
    template = obj.get("template", {})
    return [name(obj), *containers(template.get("spec", {})), label_map(template.get("metadata", {}).get("labels"))]


def _replication_controller(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return [
        name(obj), spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0), age(obj, now),
        *containers((spec.get("template") or {}).get("spec", {})), label_map(spec.get("selector")),
    ]


def _resource_quota(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    hard, used = status.get("hard") or {}, status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for resource in sorted(hard):
        cell = f"{resource}: {used.get(resource, '0')}/{hard[resource]}"
        (limits if resource.startswith("limits.") else requests).append(cell)
    return [name(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def _secret(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, now)]


def _service_account(obj: Obj, now: float) -> list[Any]:
    return [name(obj), age(obj, now)]


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    ports = ",".join(
        f"{p['port']}:{p['nodePort']}/{p['protocol']}" if p.get("nodePort") else f"{p['port']}/{p['protocol']}"
        for p in spec.get("ports") or ()
    )
    cluster_ips = spec.get("clusterIPs")
    return [
        name(obj), spec.get("type", ""), cluster_ips[0] if cluster_ips else NONE, _external_ip(obj), ports or NONE,
        age(obj, now), label_map(spec.get("selector")),
    ]


def _external_ip(obj: Obj) -> str:
    spec = obj.get("spec", {})
    given = spec.get("externalIPs") or []
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(given) or NONE
        case "LoadBalancer":
            return ",".join([*load_balancer_addresses(obj), *given]) or "<pending>"
        case "ExternalName":
            return spec.get("externalName", "")  # type: ignore[no-any-return]
    return UNKNOWN


def load_balancer_addresses(obj: Obj) -> list[str]:
    """Addresses or host names of status.loadBalancer, sorted, without repeats (services and ingresses)."""
    ingress = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return sorted({i.get("ip") or i.get("hostname", "") for i in ingress} - {""})


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("componentstatuses", _component_status),
        ("configmaps", _config_map),
        ("endpoints", _endpoints),
        ("events", event_cells),
        ("namespaces", _namespace),
        ("nodes", _node),
        ("persistentvolumeclaims", _persistent_volume_claim),
        ("persistentvolumes", _persistent_volume),
        ("podtemplates", _pod_template),
        ("replicationcontrollers", _replication_controller),
        ("resourcequotas", _resource_quota),
        ("secrets", _secret),
        ("serviceaccounts", _service_account),
        ("services", _service),
    )
} | {"pods": TablePrinter(__package__, "pods", pod_cells, pod_conditions)}
