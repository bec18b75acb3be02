"""The rules of API services (upstream: kube-aggregator pkg/registry/apiservice)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery import meta
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import WithStatus, keep

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class APIServiceStrategy(WithStatus):
    """A group that this server itself serves is available at once. `clock` gives Unix seconds."""

    allow_unconditional_update = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        if (obj.get("spec") or {}).get("service") is None:
            obj["status"] = {
                "conditions": [
                    {
                        "type": "Available",
                        "status": "True",
                        "lastTransitionTime": meta.format_time(self._clock()),
                        "reason": "Local",
                        "message": "Local APIServices are always available",
                    }
                ]
            }

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        keep(obj["metadata"], old["metadata"], "labels", "annotations", "finalizers", "ownerReferences")
