from collections import Counter

from pilothouse.controllers.namespaces import Findings, updated_conditions

NOW = "2026-01-01T00:00:00Z"


def test_conditions_tell_what_is_left() -> None:
    findings = Findings(remaining=Counter({"pods.": 2}), finalizers=Counter({"example.com/x": 1}))
    conditions = {c["type"]: c for c in updated_conditions([], findings, NOW)}
    assert list(conditions) == [
        "NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure", "NamespaceContentRemaining", "NamespaceFinalizersRemaining",
    ]
    assert conditions["NamespaceContentRemaining"]["status"] == "True"
    assert conditions["NamespaceContentRemaining"]["message"] == (
        "Some resources are remaining: pods. has 2 resource instances"
    )
    assert conditions["NamespaceFinalizersRemaining"]["message"] == (
        "Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances"
    )
    assert conditions["NamespaceDeletionContentFailure"]["status"] == "False"


def test_times_change_only_with_the_verdict() -> None:
    first = updated_conditions([], Findings(remaining=Counter({"pods.": 2})), NOW)
    later = "2026-01-01T00:00:09Z"
    second = {c["type"]: c for c in updated_conditions(first, Findings(remaining=Counter({"pods.": 1})), later)}
    assert second["NamespaceContentRemaining"]["lastTransitionTime"] == NOW
    third = {c["type"]: c for c in updated_conditions(first, Findings(), later)}
    assert third["NamespaceContentRemaining"]["lastTransitionTime"] == later


def test_empty() -> None:
    assert Findings().empty
    assert not Findings(errors=["x"]).empty
