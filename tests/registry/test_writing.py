"""Updates that change nothing but the times of managedFields."""

from typing import Any

import pytest

from pilothouse.registry.writing import keep_field_times
from tests.observability.support import samples

Object = dict[str, Any]


def obj(time: str, data: str = "a", manager: str = "m") -> Object:
    return {"metadata": {"name": "x", "managedFields": [{"manager": manager, "time": time}]}, "data": data}


@pytest.mark.parametrize(("new", "old", "kept", "path"), [
    (obj("2"), obj("1"), "1", "equal_objects"),
    (obj("2", "b"), obj("1"), "2", "unequal_objects_slow"),
    (obj("2", manager="n"), obj("1"), "2", "unequal_objects_fast"),
    (obj("1", "b"), obj("1"), "1", "unequal_objects_fast"),
])
def test_old_times_are_kept_where_nothing_else_has_changed(new: Object, old: Object, kept: str, path: str) -> None:
    name = f'apiserver_request_timestamp_comparison_time_count{{code_path="{path}"}}'
    before = samples().get(name, 0)
    keep_field_times(new, old)
    assert new["metadata"]["managedFields"][0]["time"] == kept
    assert samples()[name] == before + 1
