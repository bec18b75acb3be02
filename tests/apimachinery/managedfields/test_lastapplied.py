import json
from typing import Any

import pytest

from pilothouse.apimachinery.managedfields import lastapplied
from pilothouse.apimachinery.managedfields.compile import compile_type
from pilothouse.apimachinery.managedfields.updater import Conflicts, Manager, Updater
from pilothouse.apimachinery.schema.model import Type

NAME = lastapplied.ANNOTATION


def annotated(text: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "annotations": {NAME: text}}, **more}


@pytest.fixture
def updater(sample: Type) -> Updater:
    return Updater(compile_type(sample), "v1", {}, None)


def test_what_client_side_apply_set_and_nobody_changed_may_be_taken(updater: Updater) -> None:
    applied = {
        "apiVersion": "v1", "kind": "Sample", "metadata": {"name": "x"},
        "spec": {"text": "a", "replicas": 1, "map": {"k": "v", "gone": "w"}},
    }
    live = annotated(json.dumps(applied), spec={"text": "a", "replicas": 5, "map": {"k": "v"}, "flag": True})
    assert lastapplied.allowed_conflicts(updater, live, "v1") == {
        "f:metadata": {"f:name": {}}, "f:spec": {"f:text": {}, "f:map": {"f:k": {}}},
    }


@pytest.mark.parametrize("text", [
    "", "no json", "[]", "5", "{}", '{"apiVersion":"v2"}', '{"apiVersion":"v1","spec":{"nosuch":1}}',
    '{"apiVersion":"v1","spec":"odd"}', '{"apiVersion":"v1","spec":{"ports":[null]}}',
])
def test_an_annotation_that_says_nothing_allows_nothing(updater: Updater, text: str) -> None:
    assert lastapplied.allowed_conflicts(updater, annotated(text), "v1") is None
    assert lastapplied.allowed_conflicts(updater, {"metadata": {}}, "v1") is None


def test_remaining_conflicts() -> None:
    manager = Manager("m", "Update", "v1", "")
    conflicts = Conflicts([(manager, ("f:a",)), (manager, ("f:b", "f:c"))])
    assert lastapplied.remaining(conflicts, {"f:a": {}, "f:b": {"f:c": {}}}) is None
    left = lastapplied.remaining(conflicts, {"f:a": {}, "f:b": {}})
    assert left is not None
    assert left.conflicts == [(manager, ("f:b", "f:c"))]


def test_the_annotation_follows_what_is_applied() -> None:
    applied = {
        "kind": "Sample", "apiVersion": "v1", "spec": {"b": 1, "a": "<é>"},
        "metadata": {"name": "x", "annotations": {NAME: "old", "k": "v"}},
    }
    refreshed = lastapplied.refresh(annotated("older", spec={}), applied)
    assert refreshed == annotated(
        '{"apiVersion":"v1","kind":"Sample","metadata":{"annotations":{"k":"v"},"name":"x"},'
        '"spec":{"a":"\\u003cé\\u003e","b":1}}\n',
        spec={},
    )
    assert applied["metadata"]["annotations"][NAME] == "old"  # type: ignore[index]


def test_objects_without_the_annotation_do_not_get_one() -> None:
    for obj in ({"metadata": {"name": "x"}}, {}, annotated("")):
        assert lastapplied.refresh(obj, {"kind": "Sample"}) is obj


def test_an_annotation_too_large_is_dropped() -> None:
    assert lastapplied.refresh(annotated("old"), {"spec": "x" * 262_144}) == {
        "metadata": {"name": "x", "annotations": {}},
    }
