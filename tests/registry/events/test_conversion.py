from pilothouse.registry.events.conversion import from_core, to_core

NEW = {
    "metadata": {"name": "e"}, "eventTime": "2020-01-02T03:04:05.000000Z", "reportingController": "c",
    "reportingInstance": "i", "action": "a", "reason": "r", "regarding": {"kind": "Pod"}, "note": "n",
    "type": "Normal", "deprecatedSource": {}, "deprecatedFirstTimestamp": None, "deprecatedLastTimestamp": None,
}
CORE = {
    "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod"}, "reason": "r", "message": "n", "source": {},
    "firstTimestamp": None, "lastTimestamp": None, "type": "Normal", "eventTime": "2020-01-02T03:04:05.000000Z",
    "action": "a", "reportingComponent": "c", "reportingInstance": "i",
}


def test_there_and_back() -> None:
    assert to_core(dict(NEW)) == CORE
    assert from_core(dict(CORE)) == NEW


def test_what_only_one_of_them_always_shows() -> None:
    core = {**CORE, "reportingComponent": "", "reportingInstance": "", "count": 3}
    new = from_core(core)
    assert "reportingController" not in new
    assert new["deprecatedCount"] == 3
    assert to_core(new) == core


def test_version() -> None:
    assert from_core({**CORE, "kind": "Event", "apiVersion": "v1"})["apiVersion"] == "events.k8s.io/v1"
    assert to_core({**NEW, "kind": "Event", "apiVersion": "events.k8s.io/v1"})["apiVersion"] == "v1"
