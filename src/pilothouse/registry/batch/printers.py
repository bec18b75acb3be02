"""Table cells of the batch group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import (
    NONE,
    Obj,
    TablePrinter,
    age,
    condition,
    containers,
    human_duration,
    label_selector,
    name,
    seconds,
    since,
)


def _job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    succeeded = status.get("succeeded", 0)
    if (wanted := spec.get("completions")) is not None:
        completions = f"{succeeded}/{wanted}"
    elif (parallelism := spec.get("parallelism") or 0) > 1:
        completions = f"{succeeded}/1 of {parallelism}"
    else:
        completions = f"{succeeded}/1"
    started, completed = seconds(status.get("startTime")), seconds(status.get("completionTime"))
    duration = "" if started is None else human_duration((now if completed is None else completed) - started)
    return [
        name(obj), _job_status(obj), completions, duration, age(obj, now),
        *containers(spec["template"].get("spec", {})), label_selector(spec.get("selector")),
    ]


def _job_status(obj: Obj) -> str:
    def has(kind: str) -> bool:
        found = condition(obj, kind)
        return found is not None and found.get("status") == "True"

    if has("Complete"):
        return "Complete"
    if has("Failed"):
        return "Failed"
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if has(kind):
            return kind
    return "Running"


def _cron_job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    last = status.get("lastScheduleTime")
    suspend = spec.get("suspend")
    job = spec["jobTemplate"].get("spec", {})
    return [
        name(obj), spec.get("schedule", ""), NONE if spec.get("timeZone") is None else spec["timeZone"],
        "<unset>" if suspend is None else "True" if suspend else "False", len(status.get("active") or ()),
        since(last, now) if last else NONE, age(obj, now), *containers(job.get("template", {}).get("spec", {})),
        label_selector(job.get("selector")),
    ]


PRINTERS = {
    "jobs": TablePrinter(__package__, "jobs", _job),
    "cronjobs": TablePrinter(__package__, "cronjobs", _cron_job),
}
