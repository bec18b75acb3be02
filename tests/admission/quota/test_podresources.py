from typing import Any

from pilothouse.admission.quota.podresources import pod_total, pod_usage


def shown(amounts: Any) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


def container(name: str = "c", **resources: Any) -> dict[str, Any]:
    return {"name": name, "resources": resources}


def test_overhead_counts_where_there_is_something() -> None:
    spec = {"containers": [container(requests={"cpu": "1"}, limits={"cpu": "2"})],
            "overhead": {"cpu": "1", "memory": "1Mi"}}
    assert shown(pod_usage({"spec": spec}, "requests")) == {"cpu": "2", "memory": "1Mi"}
    assert shown(pod_usage({"spec": spec}, "limits")) == {"cpu": "3"}
    assert shown(pod_total(spec, "requests")) == {"cpu": "1"}


def test_huge_pages_of_the_pod() -> None:
    spec = {"containers": [container(requests={"cpu": "1"})],
            "resources": {"requests": {"cpu": "4", "hugepages-2Mi": "4Mi", "odd": "1"}}}
    assert shown(pod_usage({"spec": spec}, "requests")) == {"cpu": "4", "hugepages-2Mi": "4Mi"}
    assert shown(pod_total(spec, "requests")) == {"cpu": "4"}


def test_a_pod_uses_what_it_has_until_it_is_resized() -> None:
    sidecar = {**container("s", requests={"cpu": "1"}), "restartPolicy": "Always"}
    initial = container("i", requests={"cpu": "1"})
    spec = {"containers": [container(requests={"cpu": "1"}, limits={"cpu": "1"})], "initContainers": [initial, sidecar]}
    running = {"name": "c", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "4"}},
               "allocatedResources": {"cpu": "3"}}
    status: dict[str, Any] = {
        "containerStatuses": [running],
        "initContainerStatuses": [{"name": "s", "resources": {"requests": {"cpu": "2"}}}, {"name": "i"}],
    }
    assert shown(pod_usage({"spec": spec, "status": status}, "requests")) == {"cpu": "5"}
    assert shown(pod_usage({"spec": spec, "status": status}, "limits")) == {"cpu": "4"}
    spec["containers"] = [container(requests={"cpu": "9"}, limits={"cpu": "9"})]
    assert shown(pod_usage({"spec": spec, "status": status}, "requests")) == {"cpu": "11"}
    status["conditions"] = [{"type": "PodResizePending", "reason": "Infeasible"}]
    assert shown(pod_usage({"spec": spec, "status": status}, "requests")) == {"cpu": "5"}
    assert shown(pod_usage({"spec": spec, "status": status}, "limits")) == {"cpu": "4"}
