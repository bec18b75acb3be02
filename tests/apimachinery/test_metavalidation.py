from typing import Any

import pytest

from pilothouse.apimachinery import metavalidation
from pilothouse.apimachinery.names import is_dns_subdomain

LABEL_KEY = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character"
)
LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character"
)
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"}


def errors(**metadata: Any) -> list[str]:
    found = metavalidation.validate({"name": "a", "namespace": "ns", **metadata}, True, is_dns_subdomain)
    return [str(e) for e in found]


@pytest.mark.parametrize(("metadata", "wanted"), [
    ({}, []),
    ({"labels": {"a": "b"}, "annotations": {"UPPER/x": "any thing"}, "finalizers": ["x/y"]}, []),
    ({"name": ""}, ["metadata.name: Required value: name or generateName is required"]),
    ({"namespace": ""}, ["metadata.namespace: Required value"]),
    ({"namespace": "a.b"}, ['metadata.namespace: Invalid value: "a.b": must not contain dots']),
    ({"generation": -1}, ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"]),
    ({"annotations": {"a": "x" * 262144}}, ["metadata.annotations: Too long: may not be more than 262144 bytes"]),
    (
        {"ownerReferences": [{**OWNER, "name": "", "uid": ""}]},
        ['metadata.ownerReferences.name: Invalid value: "": must not be empty',
         'metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
    ),
    (
        {"ownerReferences": [{**OWNER, "apiVersion": "a/b/c"}]},
        ['metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty'],
    ),
    (
        {"ownerReferences": [{**OWNER, "kind": "Event"}]},
        ['metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"a","uid":"1"}: '
         "/v1, Kind=Event is disallowed from being an owner"],
    ),
    (
        {"ownerReferences": [{**OWNER, "controller": True}, {**OWNER, "name": "b", "controller": True}]},
        ['metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"ConfigMap","name":"a","uid":"1",'
         '"controller":true},{"apiVersion":"v1","kind":"ConfigMap","name":"b","uid":"1","controller":true}]: Only one '
         'reference can have Controller set to true. Found "true" in references for ConfigMap/a and ConfigMap/b'],
    ),
    (
        {"finalizers": ["orphan", "foregroundDeletion"]},
        ['metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and '
         "foregroundDeletion cannot be both set"],
    ),
    (
        {"managedFields": [{"manager": "a\x07", "operation": "Odd", "fieldsType": "V2"}]},
        ['metadata.managedFields[0].operation: Invalid value: "Odd": must be `Apply` or `Update`',
         'metadata.managedFields[0].fieldsType: Invalid value: "V2": must be `FieldsV1`',
         'metadata.managedFields[0].manager: Invalid value: "a\\a": invalid character U+0007 (at position 1)'],
    ),
])
def test_validate(metadata: dict[str, Any], wanted: list[str]) -> None:
    assert errors(**metadata) == wanted


def test_cluster_scoped_objects_have_no_namespace() -> None:
    found = metavalidation.validate({"name": "a", "namespace": "ns"}, False, is_dns_subdomain)
    assert [str(e) for e in found] == ["metadata.namespace: Forbidden: not allowed on this type"]


def test_validate_update() -> None:
    old = {"name": "a", "resourceVersion": "1", "generation": 2, "uid": "u", "deletionTimestamp": "t"}
    new = {"name": "b", "generation": 1, "uid": "u", "finalizers": ["x/y"]}
    assert [str(e) for e in metavalidation.validate_update(new, old)] == [
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new '
        'finalizers []string{"x/y"}',
        'metadata.resourceVersion: Invalid value: "": must be specified for an update',
        "metadata.generation: Invalid value: 1: must not be decremented",
        'metadata.name: Invalid value: "b": field is immutable',
        "metadata.deletionTimestamp: Invalid value: null: field is immutable",
    ]


def test_label_selectors() -> None:
    selector = {
        "matchLabels": {"a": "b c"},
        "matchExpressions": [
            {"key": "k", "operator": "In"}, {"key": "k", "operator": "Exists", "values": ["v"]},
            {"key": "", "operator": "Odd", "values": ["b c"]}, {"key": "k", "operator": "NotIn", "values": ["v"]},
        ],
    }
    found = metavalidation.validate_label_selector(selector, "spec.selector")
    assert [(e.field, e.detail.partition(" (e.g.")[0]) for e in found] == [
        ("spec.selector.matchLabels", LABEL_VALUE),
        ("spec.selector.matchExpressions[0].values", "must be specified when `operator` is 'In' or 'NotIn'"),
        ("spec.selector.matchExpressions[1].values",
         "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        ("spec.selector.matchExpressions[2].operator", "not a valid selector operator"),
        ("spec.selector.matchExpressions[2].key", "name part must be non-empty"),
        ("spec.selector.matchExpressions[2].key", LABEL_KEY),
        ("spec.selector.matchExpressions[2].values[0]", LABEL_VALUE),
    ]
