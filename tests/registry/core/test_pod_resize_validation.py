"""Resizing pods, and adding ephemeral containers."""

import copy
from typing import Any

import pytest

from pilothouse.registry.core.pod_resize_validation import validate_ephemeral_containers_update, validate_pod_resize
from tests.registry.core.checks import POD_RULES, Object, container, pod, texts

_OLD = pod(containers=[container(resources={"requests": {"cpu": "1", "a/b": "1"}, "limits": {"a/b": "1"}})])


def resized(resources: Object | None = None, old: Object = _OLD, **fields: Any) -> list[str]:
    new = copy.deepcopy(old)
    new["spec"]["containers"][0].update(fields)
    if resources is not None:
        new["spec"]["containers"][0]["resources"] = resources
    return texts(validate_pod_resize(new, old, POD_RULES))


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({"requests": {"cpu": "2", "a/b": "1"}, "limits": {"a/b": "1"}}, []),
        ({"requests": {"cpu": "2", "a/b": "2"}, "limits": {"a/b": "2"}},
         ["spec: Forbidden: only cpu and memory resources are mutable"]),
        ({"requests": {"a/b": "1"}, "limits": {"a/b": "1"}}, [
            'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        ]),
    ],
)
def test_only_cpu_and_memory_change(resources: Object, wanted: list[str]) -> None:
    assert resized(resources) == wanted


def test_nothing_else_changes() -> None:
    assert resized(image="j") == ["spec: Forbidden: only cpu and memory resources are mutable"]
    assert resized(name="x") == [
        "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize"
    ]


def test_pods_that_cannot_be_resized() -> None:
    mirror = pod({"annotations": {"kubernetes.io/config.mirror": "x"}}, nodeName="n")
    assert resized(old=mirror) == ["[]: Forbidden: static pods cannot be resized"]
    assert resized(old=pod(os={"name": "windows"})) == ["[]: Forbidden: windows pods cannot be resized"]
    running = {**_OLD, "status": {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}}
    assert resized(old=running) == ["spec: Forbidden: Pod running on node without support for resize"]


def test_resources_of_the_pod_itself() -> None:
    old = pod(resources={"requests": {"cpu": "2"}}, containers=[container(resources={"requests": {"cpu": "1"}})])
    new = copy.deepcopy(old)
    new["spec"]["resources"] = {"requests": {"cpu": "3"}}
    assert texts(validate_pod_resize(new, old, POD_RULES)) == []
    del new["spec"]["resources"]
    assert "spec.resources: Forbidden: pod-level resources cannot be removed" in texts(
        validate_pod_resize(new, old, POD_RULES)
    )


def test_ephemeral_containers_stay() -> None:
    def with_debuggers(*debuggers: Object) -> Object:
        return pod(ephemeralContainers=list(debuggers))

    old = with_debuggers(container(name="a"))
    added = with_debuggers(container(name="a"), container(name="b"))
    assert texts(validate_ephemeral_containers_update(added, old, POD_RULES)) == []
    assert texts(validate_ephemeral_containers_update(pod(), old, POD_RULES)) == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "a" may not be removed\n'
    ]
    found = texts(validate_ephemeral_containers_update(with_debuggers(container(name="a", tty=True)), old, POD_RULES))
    assert found[0].startswith(
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "a" may not be changed\n@@ '
    )
    assert '\n- "TTY": false,\n+ "TTY": true,\n' in found[0]
