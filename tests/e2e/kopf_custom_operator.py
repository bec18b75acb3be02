"""An operator as users write them, for CronTabs of the group that $GROUP names: handlers for creation, for one field
and for deletion, a daemon and a timer, all of which say in the status what they did."""

import os
from typing import Any

import kopf

GROUP = os.environ["GROUP"]
ON = (GROUP, "v1", "crontabs")


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.persistence.finalizer = f"{GROUP}/operator"


@kopf.on.create(*ON)
def created(spec: kopf.Spec, patch: kopf.Patch, **_: Any) -> dict[str, str]:
    patch.status["conditions"] = [{"type": "Ready", "status": "True", "reason": "Created"}]
    return {"schedule": spec["schedule"]}


@kopf.on.field(*ON, field="spec.replicas")
def scaled(old: int | None, new: int, patch: kopf.Patch, **_: Any) -> None:
    patch.status["replicas"] = new
    patch.status["scaledFrom"] = old


@kopf.daemon(*ON, cancellation_timeout=1.0)
async def watching(stopped: kopf.DaemonStopped, patch: kopf.Patch, **_: Any) -> None:
    patch.status["daemon"] = "running"
    await stopped.wait(0.1)


@kopf.timer(*ON, interval=0.5)
def ticking(patch: kopf.Patch, status: kopf.Status, **_: Any) -> None:
    patch.status["ticks"] = status.get("ticks", 0) + 1


@kopf.on.delete(*ON)
def deleted(name: str, **_: Any) -> None:
    print(f"goodbye {name}")
