from typing import Any

import pytest

from pilothouse.registry.core.event_validation import validate_event, validate_event_update

NEW: dict[str, Any] = {
    "metadata": {"name": "e", "namespace": "ns"}, "involvedObject": {"namespace": "ns"},
    "eventTime": "2020-01-02T03:04:05.000000Z", "reportingComponent": "a.b/c", "reportingInstance": "i",
    "action": "a", "reason": "r", "type": "Normal",
}


def test_a_good_one() -> None:
    assert validate_event(NEW, strict=True) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"involvedObject": {}}, 'involvedObject.namespace: Invalid value: "": does not match event.namespace'),
        ({"reportingComponent": ""}, "reportingController: Required value"),
        ({"action": "x" * 129}, 'action: Invalid value: "": can have at most 128 characters'),
        ({"message": "x" * 1025}, 'message: Invalid value: "": can have at most 1024 characters'),
        ({"count": 1}, 'count: Invalid value: "": needs to be unset'),
        ({"series": {"count": 1}}, 'series.count: Invalid value: "": should be at least 2'),
    ],
)
def test_wrong_ones(changes: dict[str, Any], text: str) -> None:
    assert text in [str(error) for error in validate_event({**NEW, **changes}, strict=True)]


@pytest.mark.parametrize(("involved", "good"), [("ns", True), ("", False), ("other", False)])
def test_old_events_agree_on_the_namespace(involved: str, good: bool) -> None:
    event = {"metadata": {"namespace": "ns"}, "involvedObject": {"namespace": involved}}
    assert (validate_event(event, strict=False) == []) is good


def test_updates() -> None:
    changed = {**NEW, "message": "changed", "series": {"count": 2, "lastObservedTime": NEW["eventTime"]}}
    assert [str(e) for e in validate_event_update(changed, NEW, strict=True)] == [
        'message: Invalid value: "changed": field is immutable'
    ]
    assert validate_event_update(changed, NEW, strict=False) == []
    without = {name: value for name, value in NEW.items() if name not in ("action", "involvedObject")}
    involved = {"namespace": "ns", "name": "q"}
    shown = '"Kind":"","Namespace":"ns","Name":"q","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""'
    assert [str(e) for e in validate_event_update({**without, "involvedObject": involved}, NEW, strict=True)] == [
        "action: Required value", f"involvedObject: Invalid value: {{{shown}}}: field is immutable",
        'action: Invalid value: "": field is immutable',
    ]


def test_new_events_check_their_metadata() -> None:
    event = {**NEW, "metadata": {"namespace": "ns", "labels": {"a b": "c"}, "finalizers": ["odd"]}}
    assert [e.field for e in validate_event(event, strict=True)] == [
        "metadata.name", "metadata.labels", "metadata.finalizers[0]"
    ]
