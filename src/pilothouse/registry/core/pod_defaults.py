"""Defaults of pods and pod templates (upstream: pkg/apis/core/v1/defaults.go and zz_generated.defaults.go).

All functions work in place on decoded wire objects. A pod is defaulted on every write, so this is plain
code without tables.
"""

from typing import Any

from pilothouse.registry.core.images import pull_policy
from pilothouse.registry.core.pod_resources import default_pod_level_resources
from pilothouse.registry.core.quantities import round_up
from pilothouse.registry.core.volume_defaults import default_volume

Object = dict[str, Any]


def default_pod(pod: Object) -> None:
    spec = pod.get("spec")
    if spec is None:
        spec = pod["spec"] = {}
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or ():
            resources = container.get("resources")
            if resources and "limits" in resources:
                requests = resources.setdefault("requests", {})
                for key, value in resources["limits"].items():
                    requests.setdefault(key, value)
    if spec.get("resources"):
        default_pod_level_resources(spec)
    if "enableServiceLinks" not in spec:
        spec["enableServiceLinks"] = True
    if spec.get("hostNetwork"):
        _default_host_ports(spec.get("containers"))
        _default_host_ports(spec.get("initContainers"))
    default_pod_spec(spec)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    _drop_init_container_annotations(pod.get("metadata"))
    status = pod.get("status")
    if status:
        _default_status(status)


def default_pod_template(template: Object | None) -> None:
    if template is None:
        return
    spec = template.get("spec")
    if spec is None:
        spec = template["spec"] = {}
    default_pod_spec(spec)
    _drop_init_container_annotations(template.get("metadata"))


def default_pod_spec(spec: Object) -> None:
    """What pods and pod templates have in common."""
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    if "securityContext" not in spec:
        spec["securityContext"] = {}
    if "terminationGracePeriodSeconds" not in spec:
        spec["terminationGracePeriodSeconds"] = 30
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    sync_service_account(spec)
    for volume in spec.get("volumes") or ():
        default_volume(volume)
    for name in ("initContainers", "containers", "ephemeralContainers"):
        containers = spec.get(name)
        if containers:
            for container in containers:
                _default_container(container)
    if "overhead" in spec:
        round_up(spec["overhead"])
    resources = spec.get("resources")
    if resources:
        _round_up_resources(resources)


def sync_service_account(spec: Object) -> None:
    """`serviceAccount` is an old name of `serviceAccountName`, which wins; both are always shown."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def _default_container(container: Object) -> None:
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    for port in container.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
    for variable in container.get("env") or ():
        source = variable.get("valueFrom")
        if source:
            _default_env_source(source)
    resources = container.get("resources")
    if resources:
        _round_up_resources(resources)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is not None:
            _default_probe(probe)
    lifecycle = container.get("lifecycle")
    if lifecycle:
        for name in ("postStart", "preStop"):
            handler = lifecycle.get(name)
            if handler and "httpGet" in handler:
                _default_http_get(handler["httpGet"])


def _default_env_source(source: Object) -> None:
    ref = source.get("fieldRef")
    if ref is not None and not ref.get("apiVersion"):
        ref["apiVersion"] = "v1"
    ref = source.get("fileKeyRef")
    if ref is not None and "optional" not in ref:
        ref["optional"] = False


def _default_probe(probe: Object) -> None:
    if not probe.get("timeoutSeconds"):
        probe["timeoutSeconds"] = 1
    if not probe.get("periodSeconds"):
        probe["periodSeconds"] = 10
    if not probe.get("successThreshold"):
        probe["successThreshold"] = 1
    if not probe.get("failureThreshold"):
        probe["failureThreshold"] = 3
    if "httpGet" in probe:
        _default_http_get(probe["httpGet"])
    elif "grpc" in probe and probe["grpc"].get("service") is None:
        probe["grpc"]["service"] = ""


def _default_http_get(action: Object) -> None:
    if not action.get("path"):
        action["path"] = "/"
    if not action.get("scheme"):
        action["scheme"] = "HTTP"


def _default_host_ports(containers: list[Object] | None) -> None:
    for container in containers or ():
        for port in container.get("ports") or ():
            if not port.get("hostPort") and port.get("containerPort"):
                port["hostPort"] = port["containerPort"]


def _default_status(status: Object) -> None:
    for name in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for container in status.get(name) or ():
            round_up(container.get("allocatedResources"))
            _round_up_resources(container.get("resources") or {})
    round_up(status.get("allocatedResources"))
    _round_up_resources(status.get("resources") or {})
    # An old kubelet sets podIP alone; where both are set and differ, podIP is right.
    ip, ips = status.get("podIP"), status.get("podIPs")
    if ip and (not ips or ips[0].get("ip") != ip):
        status["podIPs"] = [{"ip": ip}]
    elif ips and ips[0].get("ip"):
        status["podIP"] = ips[0]["ip"]


def _round_up_resources(resources: Object) -> None:
    round_up(resources.get("limits"))
    round_up(resources.get("requests"))


_INIT_CONTAINER_ANNOTATIONS = tuple(
    f"pod.{stage}.kubernetes.io/init-container{what}" for stage in ("beta", "alpha") for what in ("s", "-statuses")
)


def _drop_init_container_annotations(metadata: Object | None) -> None:
    """Annotations in which very old clients kept init containers are never stored."""
    annotations = metadata.get("annotations") if metadata else None
    if annotations and not annotations.keys().isdisjoint(_INIT_CONTAINER_ANNOTATIONS):
        for key in _INIT_CONTAINER_ANNOTATIONS:
            annotations.pop(key, None)
        if not annotations and metadata:
            del metadata["annotations"]
