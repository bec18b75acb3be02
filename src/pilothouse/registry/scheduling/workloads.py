"""The rules of workloads and pod groups (upstream: pkg/registry/scheduling/workload, podgroup).

The gates of some of their fields (TopologyAwareWorkloadScheduling, DRAWorkloadResourceClaims, WorkloadAwarePreemption)
cannot be turned on: those fields are dropped, and no stored object has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery import field
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.scheduling import workload_validation as validation
from pilothouse.registry.strategies import StatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_GATED: Final = ("resourceClaims", "disruptionMode", "priorityClassName", "priority")
_DEFAULT_MODE: Final = "Pod"


def default_pod_group(group: Object) -> None:
    spec = group.setdefault("spec", {})
    if spec.get("disruptionMode") is None:
        spec["disruptionMode"] = _DEFAULT_MODE


class WorkloadStrategy(Strategy):
    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        for template in (obj.get("spec") or {}).get("podGroupTemplates") or ():
            for name in _GATED:
                template.pop(name, None)
            # written even where it is nothing
            template["schedulingConstraints"] = None

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        self.prepare_for_create(ctx, obj)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_workload(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_workload(obj, old))


class PodGroupStrategy(StatusOnly):
    """A new group's mode of disruption is dropped, and filled in whenever it is read: it may stay then."""

    completed_by_first_update = True

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        _drop_disabled_fields(obj)
        obj["spec"]["disruptionMode"] = _DEFAULT_MODE

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        mode = (obj.get("spec") or {}).get("disruptionMode")
        _drop_disabled_fields(obj)
        obj["spec"]["disruptionMode"] = mode

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        super().prepare_for_status_update(ctx, obj, old)
        # gate DRAWorkloadResourceClaims
        (obj.get("status") or {}).pop("resourceClaimStatuses", None)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_pod_group(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_pod_group_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_pod_group_status(obj))


def _drop_disabled_fields(group: Object) -> None:
    spec = group.setdefault("spec", {})
    for name in ("schedulingConstraints", *_GATED):
        spec.pop(name, None)
