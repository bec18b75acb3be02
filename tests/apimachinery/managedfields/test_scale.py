from typing import Any

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.managedfields import scale
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.schema import catalog

PATHS: scale.PathMappings = {"apps/v1": ("f:spec", "f:replicas"), "apps/v0": None}
REPLICAS = {"f:spec": {"f:replicas": {}}}
T1, T2 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"


def entry(
    manager: str, fields: Any, operation: str = "Update", version: str = "apps/v1", **more: Any
) -> dict[str, Any]:
    return {
        "manager": manager, "operation": operation, "apiVersion": version, "time": T1, "fieldsType": "FieldsV1",
        "fieldsV1": fields, **more,
    }


PARENT = [
    entry("applier", REPLICAS, "Apply"),
    entry("labels", {"f:metadata": {"f:labels": {}}}),
    entry("both", {"f:spec": {"f:paused": {}, "f:replicas": {}}}),
    entry("gone", REPLICAS, version="apps/v2"),
    entry("zero", REPLICAS, version="apps/v0"),
]


def write(parent: list[dict[str, Any]], replicas: int, manager: str, *, force: bool | None = None) -> Any:
    """A write to the Scale of a parent with three replicas; applied unless `force` is None."""
    gvk = GroupVersionKind("autoscaling", "v1", "Scale")
    scale_type = catalog.type_for(gvk)
    assert scale_type is not None
    fields = FieldManager(scale_type, gvk, "scale")
    live = {
        "metadata": {"name": "x", "uid": "u", "managedFields": scale.to_scale(parent, PATHS)}, "spec": {"replicas": 3},
    }
    if force is None:
        after = fields.update(live, {**live, "spec": {"replicas": replicas}}, manager, T2)
    else:
        patch = {"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {"replicas": replicas}}
        after = fields.apply(live, patch, manager, force, T2)
    return scale.to_parent(parent, after["metadata"].get("managedFields"), "apps/v1", PATHS)


def test_managers_of_the_replicas_show_in_the_scale() -> None:
    assert scale.to_scale(PARENT, PATHS) == [
        entry("applier", REPLICAS, "Apply", "autoscaling/v1"),
        entry("both", REPLICAS, "Update", "autoscaling/v1"),
    ]
    assert scale.to_scale(None, PATHS) == []


def test_an_update_takes_the_replicas_away() -> None:
    after = write(PARENT, 5, "scaler")
    scaler = entry("scaler", REPLICAS, subresource="scale")
    del scaler["time"]  # upstream takes times from the parent's entries
    assert after == [
        scaler,
        entry("both", {"f:spec": {"f:paused": {}}}),
        entry("labels", {"f:metadata": {"f:labels": {}}}),
        entry("zero", REPLICAS, version="apps/v0"),
    ]


def test_an_apply_by_the_owner_keeps_its_entry() -> None:
    parent = [entry("applier", REPLICAS, "Apply", subresource="scale"), entry("labels", {"f:metadata": {}})]
    assert write(parent, 4, "applier", force=True) == parent


def test_a_parent_without_managers() -> None:
    assert write([], 5, "scaler") == []
