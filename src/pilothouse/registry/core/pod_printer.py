"""A pod's Table row: the status that `kubectl get pods` shows (upstream: printPod)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilothouse.registry.printing import NONE, Obj, age, condition, name, seconds, since

_COMPLETED = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


@dataclass
class _Summary:
    reason: str
    ready: int = 0
    restarts: int = 0
    last_restart: str | None = None

    def restarted(self, status: Obj) -> None:
        self.restarts += status.get("restartCount", 0)
        finished = status.get("lastState", {}).get("terminated", {}).get("finishedAt")
        if finished and (seconds(self.last_restart) or 0) < (seconds(finished) or 0):
            self.last_restart = finished


def pod_conditions(obj: Obj) -> list[dict[str, Any]] | None:
    phase = obj.get("status", {}).get("phase")
    if phase not in _COMPLETED:
        return None
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _COMPLETED[phase]}]


def pod_cells(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    summary = _summary(obj)
    total = len(spec.get("containers") or ()) + sum(map(_restartable, spec.get("initContainers") or ()))
    restarts = str(summary.restarts)
    if summary.restarts and summary.last_restart:
        restarts = f"{restarts} ({since(summary.last_restart, now)} ago)"
    ips = status.get("podIPs")
    return [
        name(obj), f"{summary.ready}/{total}", summary.reason, restarts, age(obj, now),
        (ips[0].get("ip") if ips else "") or NONE, spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE, _readiness_gates(obj),
    ]


def _summary(obj: Obj) -> _Summary:
    status = obj.get("status", {})
    summary = _Summary(status.get("reason") or status.get("phase", ""))
    for found in status.get("conditions") or ():
        if found.get("type") == "PodScheduled" and found.get("reason") == "SchedulingGated":
            summary.reason = "SchedulingGated"
    restartable = _Summary("")
    initializing = _init_containers(obj, summary, restartable)
    initialized = condition(obj, "Initialized")
    if not initializing or (initialized is not None and initialized.get("status") == "True"):
        summary.restarts, summary.last_restart = restartable.restarts, restartable.last_restart
        _main_containers(obj, summary)
    if obj["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            summary.reason = "Unknown"
        elif status.get("phase") not in _COMPLETED:
            summary.reason = "Terminating"
    return summary


def _restartable(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"


def _init_containers(obj: Obj, summary: _Summary, restartable: _Summary) -> bool:
    """Goes over the init containers up to the first that is not done; True if there is one."""
    spec = obj.get("spec", {})
    declared = {c["name"]: c for c in spec.get("initContainers") or ()}
    for i, status in enumerate(obj.get("status", {}).get("initContainerStatuses") or ()):
        summary.restarted(status)
        sidecar = _restartable(declared.get(status["name"], {}))
        if sidecar:
            restartable.restarted(status)
        state = status.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if sidecar and status.get("started"):
            summary.ready += bool(status.get("ready"))
            continue
        if terminated is not None:
            summary.reason = "Init:" + _terminated_reason(terminated)
        elif waiting.get("reason", "") not in ("", "PodInitializing"):
            summary.reason = "Init:" + waiting["reason"]
        else:
            summary.reason = f"Init:{i}/{len(declared)}"
        return True
    return False


def _terminated_reason(terminated: Obj) -> str:
    if terminated.get("reason"):
        return terminated["reason"]  # type: ignore[no-any-return]
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _main_containers(obj: Obj, summary: _Summary) -> None:
    running = False
    error = ""
    for status in reversed(obj.get("status", {}).get("containerStatuses") or ()):
        summary.restarted(status)
        state = status.get("state") or {}
        terminated = state.get("terminated")
        if (state.get("waiting") or {}).get("reason"):
            summary.reason = state["waiting"]["reason"]
        elif terminated is not None:
            summary.reason = _terminated_reason(terminated)
            if terminated.get("exitCode"):
                error = summary.reason
        elif status.get("ready") and state.get("running") is not None:
            running = True
            summary.ready += 1
    if summary.reason == "Completed":
        ready = condition(obj, "Ready")
        if running and ready is not None and ready.get("status") == "True":
            summary.reason = "Running"
        elif error:
            summary.reason = error
        elif running:
            summary.reason = "NotReady"


def _readiness_gates(obj: Obj) -> str:
    gates = obj.get("spec", {}).get("readinessGates")
    if not gates:
        return NONE
    met = 0
    for gate in gates:
        found = condition(obj, gate.get("conditionType", ""))
        met += found is not None and found.get("status") == "True"
    return f"{met}/{len(gates)}"
