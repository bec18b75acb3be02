from typing import Any

import orjson
import pytest

from pilothouse.controllers.feed import metadata_event

_MANAGED = [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}]


@pytest.mark.parametrize("obj", [
    {"metadata": {"name": "a", "uid": "u", "managedFields": _MANAGED}, "data": {"a": "b"}},
    {"metadata": {"name": "a"}, "data": {"a": "b"}},
    # a custom resource
    {"metadata": {"generation": 1, "managedFields": _MANAGED, "name": "a", "resourceVersion": "1"}, "spec": {"a": "b"}},
    {"metadata": {"name": "a", "annotations": {"managedFields": "[", "b": ',"managedFields":['}}, "data": {}},
    {"metadata": {"name": "a"}, "spec": {"template": {"metadata": {"name": "b", "managedFields": _MANAGED}}}},
    {"metadata": {"name": "a"}, "spec": {"b": 1, "managedFields": [1]}},
    {"spec": {"b": 1, "managedFields": [1]}, "metadata": {"name": "a", "managedFields": _MANAGED}},
])
def test_the_metadata_of_events_is_there(obj: dict[str, Any]) -> None:
    line = orjson.dumps({"type": "ADDED", "object": {"kind": "K", "apiVersion": "v1", **obj}})
    event = metadata_event(line)
    assert event["type"] == "ADDED"
    found, whole = event["object"], orjson.loads(line)["object"]
    assert {**found["metadata"], "managedFields": None} == {**whole["metadata"], "managedFields": None}
    assert (found["kind"], found["apiVersion"]) == ("K", "v1")
