from typing import Any

import pytest

from pilothouse.registry.core.pod_printer import pod_cells, pod_conditions

NOW = 1767225600.0  # 2026-01-01T00:00:00Z


def pod(status: dict[str, Any], spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    metadata = {"name": "p", "creationTimestamp": "2025-12-31T23:59:00Z", **metadata}
    return {"metadata": metadata, "spec": spec or {"containers": [{"name": "c"}]}, "status": status}


def container(state: dict[str, Any], ready: bool = False, restarts: int = 0, **more: Any) -> dict[str, Any]:
    return {"name": "c", "state": state, "ready": ready, "restartCount": restarts, **more}


READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("status", "ready", "shown", "restarts"),
    [
        ({"phase": "Pending"}, "0/1", "Pending", "0"),
        ({"phase": "Running", "containerStatuses": [container({"running": {}}, True)]}, "1/1", "Running", "0"),
        (
            {
                "phase": "Running",
                "containerStatuses": [container({"waiting": {"reason": "CrashLoopBackOff"}}, False, 3)],
            },
            "0/1", "CrashLoopBackOff", "3",
        ),
        (
            {"phase": "Failed", "containerStatuses": [container({"terminated": {"exitCode": 2}})]},
            "0/1", "ExitCode:2", "0",
        ),
        (
            {"phase": "Running", "containerStatuses": [container(
                {"running": {}}, True, 1, lastState={"terminated": {"finishedAt": "2025-12-31T23:59:30Z"}})]},
            "1/1", "Running", "1 (30s ago)",
        ),
        (
            {"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]},
            "0/1", "SchedulingGated", "0",
        ),
    ],
)
def test_status(status: dict[str, Any], ready: str, shown: str, restarts: str) -> None:
    cells = pod_cells(pod(status), NOW)
    assert cells == ["p", ready, shown, restarts, "60s", "<none>", "<none>", "<none>", "<none>"]


def test_init_containers() -> None:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]}
    waiting = {"phase": "Pending", "initContainerStatuses": [container({"running": {}}) | {"name": "i"}]}
    assert pod_cells(pod(waiting, spec), NOW)[1:3] == ["0/2", "Init:0/2"]
    failed = {"phase": "Pending", "initContainerStatuses": [container({"terminated": {"exitCode": 1}}) | {"name": "i"}]}
    assert pod_cells(pod(failed, spec), NOW)[2] == "Init:ExitCode:1"
    done = {
        "phase": "Running",
        "initContainerStatuses": [
            container({"terminated": {"exitCode": 0}}) | {"name": "i"},
            container({"running": {}}, True, started=True) | {"name": "s"},
        ],
        "containerStatuses": [container({"running": {}}, True)],
    }
    assert pod_cells(pod(done, spec), NOW)[1:3] == ["2/2", "Running"]


def test_completed_while_another_container_runs() -> None:
    statuses = [container({"running": {}}, True), container({"terminated": {"exitCode": 0, "reason": "Completed"}})]
    statuses.reverse()
    running = {"phase": "Running", "conditions": READY, "containerStatuses": statuses}
    assert pod_cells(pod(running), NOW)[2] == "Running"
    del running["conditions"]
    assert pod_cells(pod(running), NOW)[2] == "NotReady"


def test_deleted() -> None:
    assert pod_cells(pod({"phase": "Running"}, deletionTimestamp="2026-01-01T00:00:00Z"), NOW)[2] == "Terminating"
    assert pod_cells(pod({"phase": "Succeeded"}, deletionTimestamp="2026-01-01T00:00:00Z"), NOW)[2] == "Succeeded"


def test_conditions_tell_completion() -> None:
    assert pod_conditions(pod({"phase": "Running"})) is None
    [found] = pod_conditions(pod({"phase": "Failed"})) or []
    assert found == {"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}
