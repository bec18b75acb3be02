import time
from typing import Any

import pytest

from pilothouse.registry.core.pod_defaults import default_pod, default_pod_template


def _pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    first = {"name": "c", "image": "nginx:1.27", "resources": {}, **(container or {})}
    return {"metadata": {"name": "p"}, "spec": {"containers": [first], **spec}, "status": {}}


def test_an_empty_pod() -> None:
    pod = _pod()
    default_pod(pod)
    assert pod["spec"] == {
        "containers": [
            {
                "name": "c", "image": "nginx:1.27", "resources": {}, "imagePullPolicy": "IfNotPresent",
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }
        ],
        "enableServiceLinks": True, "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {},
        "terminationGracePeriodSeconds": 30, "schedulerName": "default-scheduler",
    }


def test_a_template_has_no_service_links_and_may_have_a_negative_grace_period() -> None:
    template: dict[str, Any] = {"metadata": {}, "spec": {"containers": None, "terminationGracePeriodSeconds": -1}}
    default_pod_template(template)
    assert "enableServiceLinks" not in template["spec"]
    assert template["spec"]["terminationGracePeriodSeconds"] == -1
    pod = _pod(terminationGracePeriodSeconds=-1)
    default_pod(pod)
    assert pod["spec"]["terminationGracePeriodSeconds"] == 1


def test_what_is_given_stays() -> None:
    pod = _pod({"imagePullPolicy": "Never", "terminationMessagePath": "/x"}, dnsPolicy="None", schedulerName="mine")
    default_pod(pod)
    assert pod["spec"]["dnsPolicy"] == "None"
    assert pod["spec"]["schedulerName"] == "mine"
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == "Never"
    assert pod["spec"]["containers"][0]["terminationMessagePath"] == "/x"


def test_requests_follow_limits() -> None:
    pod = _pod({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}})
    default_pod(pod)
    assert pod["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}


def test_probes_and_handlers() -> None:
    pod = _pod(
        {
            "livenessProbe": {"httpGet": {"port": 80}},
            "readinessProbe": {"grpc": {"port": 1, "service": None}, "periodSeconds": 3},
            "lifecycle": {"preStop": {"httpGet": {"port": 1}}},
        }
    )
    default_pod(pod)
    container = pod["spec"]["containers"][0]
    assert container["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10,
        "successThreshold": 1, "failureThreshold": 3,
    }
    assert container["readinessProbe"]["grpc"]["service"] == ""
    assert container["readinessProbe"]["periodSeconds"] == 3
    assert container["lifecycle"]["preStop"]["httpGet"]["scheme"] == "HTTP"


def test_ports_and_environment() -> None:
    env = [
        {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "B", "valueFrom": {"fileKeyRef": {"key": "k"}}},
    ]
    pod = _pod({"ports": [{"containerPort": 80}], "env": env}, hostNetwork=True)
    default_pod(pod)
    container = pod["spec"]["containers"][0]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP", "hostPort": 80}]
    assert env[0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"  # type: ignore[index]
    assert env[1]["valueFrom"]["fileKeyRef"]["optional"] is False  # type: ignore[index]


@pytest.mark.parametrize("field", ["serviceAccountName", "serviceAccount"])
def test_both_names_of_the_service_account_are_shown(field: str) -> None:
    pod = _pod(None, **{field: "sa"})
    default_pod(pod)
    assert pod["spec"]["serviceAccountName"] == pod["spec"]["serviceAccount"] == "sa"


def test_the_newer_name_of_the_service_account_wins() -> None:
    pod = _pod(serviceAccountName="new", serviceAccount="old")
    default_pod(pod)
    assert pod["spec"]["serviceAccount"] == "new"


def test_annotations_of_very_old_init_containers_are_dropped() -> None:
    pod = _pod()
    pod["metadata"]["annotations"] = {"pod.beta.kubernetes.io/init-containers": "[]", "keep": "1"}
    default_pod(pod)
    assert pod["metadata"]["annotations"] == {"keep": "1"}
    del pod["metadata"]["annotations"]["keep"]
    pod["metadata"]["annotations"]["pod.alpha.kubernetes.io/init-container-statuses"] = "[]"
    default_pod(pod)
    assert "annotations" not in pod["metadata"]


@pytest.mark.parametrize(
    ("status", "ip", "ips"),
    [
        ({"podIP": "10.0.0.1"}, "10.0.0.1", [{"ip": "10.0.0.1"}]),
        ({"podIPs": [{"ip": "10.0.0.1"}, {"ip": "::1"}]}, "10.0.0.1", [{"ip": "10.0.0.1"}, {"ip": "::1"}]),
        ({"podIP": "10.0.0.2", "podIPs": [{"ip": "10.0.0.1"}]}, "10.0.0.2", [{"ip": "10.0.0.2"}]),
    ],
)
def test_pod_ips(status: dict[str, Any], ip: str, ips: list[dict[str, str]]) -> None:
    pod = _pod()
    pod["status"] = status
    default_pod(pod)
    assert (pod["status"]["podIP"], pod["status"]["podIPs"]) == (ip, ips)


def test_defaulting_is_fast() -> None:
    pods = [_pod({"ports": [{"containerPort": 80}]}, volumes=[{"name": "v"}]) for _ in range(2000)]
    start = time.perf_counter()
    for pod in pods:
        default_pod(pod)
    # ten times the budget of 40 µs, so that a busy machine does not fail it
    assert time.perf_counter() - start < 2000 * 400e-6
