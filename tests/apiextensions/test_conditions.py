"""What a definition's status says, as pure functions."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from pilothouse.apiextensions import conditions
from pilothouse.transport import certificates

Object = dict[str, Any]
NOW = "2026-01-01T00:00:00Z"
LATER = "2026-01-01T00:00:09Z"
NAMES = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}


def _definition(**spec: Any) -> Object:
    return {"metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com", "names": NAMES, **spec}}


def _said(obj: Object, kind: str) -> tuple[str, str]:
    found = conditions.find(obj, kind)
    assert found is not None
    return found["status"], found["reason"]


def test_free_names_are_accepted_and_established() -> None:
    obj = _definition()
    assert conditions.accept_names(obj, set(), set(), NOW)
    assert obj["status"]["acceptedNames"] == NAMES
    assert [c["type"] for c in obj["status"]["conditions"]] == ["NamesAccepted", "Established"]
    assert _said(obj, conditions.ESTABLISHED) == ("False", "Installing")
    assert conditions.establish(obj, NOW)
    assert _said(obj, conditions.ESTABLISHED) == ("True", "InitialNamesAccepted")
    assert not conditions.accept_names(obj, set(), set(), LATER)
    assert not conditions.establish(obj, LATER)
    assert conditions.is_settled(obj)


@pytest.mark.parametrize(("resources", "kinds", "reason"), [
    ({"widgets"}, set(), "PluralConflict"), ({"widget"}, set(), "SingularConflict"),
    ({"wd"}, set(), "ShortNamesConflict"), (set(), {"Widget"}, "KindConflict"),
    (set(), {"WidgetList"}, "ListKindConflict"),
])
def test_names_in_use_are_refused(resources: set[str], kinds: set[str], reason: str) -> None:
    obj = _definition(names={**NAMES, "shortNames": ["wd"]})
    assert conditions.accept_names(obj, resources, kinds, NOW)
    assert _said(obj, conditions.NAMES_ACCEPTED) == ("False", reason)
    assert _said(obj, conditions.ESTABLISHED) == ("False", "NotAccepted")
    assert not conditions.establish(obj, NOW)
    assert not conditions.is_settled(obj)


def test_all_short_names_in_use_are_told() -> None:
    obj = _definition(names={**NAMES, "shortNames": ["a", "b", "c"]})
    conditions.accept_names(obj, {"a", "c"}, set(), NOW)
    found = conditions.find(obj, conditions.NAMES_ACCEPTED)
    assert found is not None
    assert found["message"] == '["a" is already in use, "c" is already in use]'
    assert "shortNames" not in obj["status"]["acceptedNames"]


def test_names_that_one_holds_already_are_its_own() -> None:
    obj = _definition()
    conditions.accept_names(obj, set(), set(), NOW)
    obj["spec"]["names"] = {**NAMES, "shortNames": ["wd"], "categories": ["all"]}
    assert conditions.accept_names(obj, {"widgets", "widget"}, {"Widget", "WidgetList"}, LATER)
    assert list(obj["status"]["acceptedNames"]) == [
        "plural", "singular", "shortNames", "kind", "listKind", "categories",
    ]
    accepted = conditions.find(obj, conditions.NAMES_ACCEPTED)
    assert accepted is not None and accepted["lastTransitionTime"] == NOW


def test_times_move_with_the_status_alone() -> None:
    obj: Object = {"metadata": {}, "spec": {}}
    conditions.put(obj, conditions.condition("A", "True", "Why", "because"), NOW)
    conditions.put(obj, conditions.condition("A", "True", "Other", "so"), LATER)
    assert obj["status"]["conditions"] == [
        {"type": "A", "status": "True", "reason": "Other", "message": "so", "lastTransitionTime": NOW},
    ]
    conditions.put(obj, conditions.condition("A", "False", "Other", "so"), LATER)
    assert obj["status"]["conditions"][0]["lastTransitionTime"] == LATER
    conditions.remove(obj, "A")
    assert obj["status"]["conditions"] == []


def _with_bundle(bundle: bytes) -> Object:
    client = {"url": "https://example.com", "caBundle": base64.b64encode(bundle).decode()}
    obj = _definition(conversion={"strategy": "Webhook", "webhook": {"clientConfig": client}})
    conditions.accept_names(obj, set(), set(), NOW)
    conditions.establish(obj, NOW)
    return obj


def test_a_bundle_must_hold_certificates() -> None:
    assert _said(_with_bundle(b"no certificate"), conditions.ESTABLISHED) == ("False", "InvalidCABundle")
    assert _said(_with_bundle(b" \n"), conditions.ESTABLISHED) == ("True", "InitialNamesAccepted")
    good, _ = certificates.authority(time.time(), time.time() + 60)
    assert _said(_with_bundle(good), conditions.ESTABLISHED) == ("True", "InitialNamesAccepted")


def test_schemas_that_are_not_structural() -> None:
    obj = _definition(preserveUnknownFields=True, versions=[
        {"name": "v1", "schema": {"openAPIV3Schema": {"properties": {"spec": {"type": "object"}}}}}, {"name": "v2"},
    ])
    assert conditions.check_structure(obj, NOW)
    found = conditions.find(obj, conditions.NON_STRUCTURAL)
    assert found is not None and (found["status"], found["reason"]) == ("True", "Violations")
    assert found["message"].startswith("[spec.preserveUnknownFields: Invalid value: true: must be false, ")
    assert not conditions.check_structure(obj, LATER)
    obj["spec"] = {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object"}}}]}
    assert conditions.check_structure(obj, LATER)
    assert conditions.find(obj, conditions.NON_STRUCTURAL) is None


@pytest.mark.parametrize(("annotation", "status", "reason"), [
    ("", "False", "MissingAnnotation"), ("unapproved, for now", "False", "UnapprovedAnnotation"),
    ("https://github.com/kubernetes/enhancements/pull/1111", "True", "ApprovedAnnotation"),
    ("by me", "False", "InvalidAnnotation"), ("/just/a/path", "False", "InvalidAnnotation"),
])
def test_approvals(annotation: str, status: str, reason: str) -> None:
    obj = _definition(group="tests.k8s.io")
    obj["metadata"]["annotations"] = {conditions.APPROVED: annotation}
    assert conditions.check_approval(obj, NOW)
    assert _said(obj, conditions.CONFORMANT) == (status, reason)
    assert not conditions.check_approval(obj, LATER)


def test_other_groups_need_no_approval() -> None:
    assert not conditions.check_approval(_definition(group="notk8s.io"), NOW)
    assert conditions.is_protected("k8s.io") and conditions.is_protected("x.kubernetes.io")
