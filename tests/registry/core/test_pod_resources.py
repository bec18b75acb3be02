from typing import Any

from pilothouse.registry.core.pod_resources import default_pod_level_resources


def _container(**requests: str) -> dict[str, Any]:
    return {"resources": {"requests": requests}}


def test_requests_come_from_containers_then_from_limits() -> None:
    spec = {
        "resources": {"limits": {"cpu": "4", "memory": "4Gi"}},
        "containers": [_container(cpu="500m"), _container(cpu="250m")],
    }
    default_pod_level_resources(spec)
    assert spec["resources"] == {
        "limits": {"cpu": "4", "memory": "4Gi"}, "requests": {"cpu": "750m", "memory": "4Gi"},
    }


def test_init_containers_count_with_the_sidecars_before_them() -> None:
    spec: dict[str, Any] = {
        "resources": {"limits": {"cpu": "9"}},
        "containers": [_container(cpu="1")],
        "initContainers": [{**_container(cpu="500m"), "restartPolicy": "Always"}, _container(cpu="2")],
    }
    default_pod_level_resources(spec)
    assert spec["resources"]["requests"] == {"cpu": "2500m"}


def test_huge_pages_limits_come_from_containers() -> None:
    spec: dict[str, Any] = {
        "resources": {"requests": {"cpu": "1"}},
        "containers": [{"resources": {"limits": {"hugepages-2Mi": "4Mi"}}}],
    }
    default_pod_level_resources(spec)
    assert spec["resources"] == {
        "requests": {"cpu": "1", "hugepages-2Mi": "4Mi"}, "limits": {"hugepages-2Mi": "4Mi"},
    }


def test_without_limits_nothing_is_requested() -> None:
    spec: dict[str, Any] = {"resources": {"requests": {"memory": "1Gi"}}, "containers": [_container(cpu="1")]}
    default_pod_level_resources(spec)
    assert spec["resources"] == {"requests": {"memory": "1Gi"}}
