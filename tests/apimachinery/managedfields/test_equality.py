from typing import Any

from pilothouse.apimachinery.managedfields.equality import ignore_timestamps


def obj(time: str, value: str = "v", fields: str = "f:data", **more: Any) -> dict[str, Any]:
    entry = {"manager": "m", "operation": "Update", "time": time, "fieldsV1": {fields: {}}}
    return {"metadata": {"name": "x", "managedFields": [entry]}, "data": {"k": value}, **more}


def test_times_alone_are_no_change() -> None:
    old, new = obj("1"), obj("2")
    assert ignore_timestamps(new, old) == old
    assert new == obj("2")


def test_other_changes_keep_their_times() -> None:
    old = obj("1")
    for new in (obj("2", value="w"), obj("2", fields="f:spec"), obj("2", more=1), obj("1")):
        assert ignore_timestamps(new, old) is new


def test_objects_without_managers() -> None:
    bare: dict[str, Any] = {"metadata": {"name": "x"}}
    assert ignore_timestamps(bare, obj("1")) is bare
    new = obj("1")
    assert ignore_timestamps(new, bare) is new
    assert ignore_timestamps({}, {}) == {}


def test_an_entry_more_is_a_change() -> None:
    old, new = obj("1"), obj("2")
    new["metadata"]["managedFields"] = new["metadata"]["managedFields"] * 2
    assert ignore_timestamps(new, old) is new
