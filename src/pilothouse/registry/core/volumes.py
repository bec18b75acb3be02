"""The rules of persistent volumes and claims (upstream: pkg/registry/core/persistentvolume, persistentvolumeclaim)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery import meta
from pilothouse.registry.core.persistent_volume_validation import (
    validate_volume,
    validate_volume_update,
    volume_warnings,
)
from pilothouse.registry.core.volume_claim_validation import (
    claim_warnings,
    validate_claim,
    validate_claim_status,
    validate_claim_update,
)
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import WithStatus

if TYPE_CHECKING:
    from pilothouse.apimachinery.field import Error
    from pilothouse.apimachinery.http import Context


class PersistentVolumeStrategy(WithStatus):
    """Keeps the time of the last change of phase. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": meta.format_time(self._clock())}

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        status, before = obj.setdefault("status", {}), old.get("status") or {}
        time, old_time = status.get("lastPhaseTransitionTime"), before.get("lastPhaseTransitionTime")
        if status.get("phase") == before.get("phase"):
            if time is None and old_time is not None:
                status["lastPhaseTransitionTime"] = old_time
        elif time is None or time == old_time:
            status["lastPhaseTransitionTime"] = meta.format_time(self._clock())

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_volume(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_volume_update(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return volume_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return volume_warnings(obj)


class PersistentVolumeClaimStrategy(WithStatus):
    """`dataSource` and `dataSourceRef` say the same; the old one holds only claims and snapshots.

    The phase of a new claim is a default, and creation empties the status after defaulting.
    """

    completed_by_first_update = True

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        obj["status"] = {"phase": "Pending"}
        spec = obj.get("spec") or {}
        _drop_foreign_source(spec)
        _drop_unknown_source(spec)
        _fill_sources(spec)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        spec, before = obj.get("spec") or {}, old.get("spec") or {}
        if "dataSourceRef" not in before:
            _drop_foreign_source(spec)
        if "dataSource" not in before and "dataSourceRef" not in before:
            _drop_unknown_source(spec)
        _fill_sources(spec)

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_claim(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        before = dict(old.get("spec") or {})
        _fill_sources(before)  # stored claims can be from before there were two
        return list(validate_claim_update(obj, {**old, "spec": before}))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_claim_status(obj))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return claim_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return claim_warnings(obj)


_SOURCES = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


def _drop_foreign_source(spec: Object) -> None:
    """Sources in other namespaces are off by default (the gate CrossNamespaceVolumeDataSource)."""
    if (spec.get("dataSourceRef") or {}).get("namespace"):
        del spec["dataSourceRef"]


def _drop_unknown_source(spec: Object) -> None:
    source = spec.get("dataSource")
    if source is None or spec.get("dataSourceRef") is not None:
        return
    if (source.get("apiGroup") or "", source.get("kind")) not in _SOURCES:
        del spec["dataSource"]


def _fill_sources(spec: Object) -> None:
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    given = source if source is not None else ref
    if given is None or (source is not None and ref is not None) or given.get("namespace"):
        return
    same = {"apiGroup": given.get("apiGroup"), "kind": given.get("kind", ""), "name": given.get("name", "")}
    spec["dataSource" if source is None else "dataSourceRef"] = same
