from typing import Any

import pytest

from pilothouse.registry.storage.class_validation import (
    storage_capacity_warnings,
    storage_class_warnings,
    validate_storage_capacity,
    validate_storage_capacity_update,
    validate_storage_class,
    validate_storage_class_update,
    validate_volume_attributes_class,
    validate_volume_attributes_class_update,
)
from pilothouse.registry.storage.csi_validation import (
    validate_attachment,
    validate_attachment_update,
    validate_driver,
    validate_driver_update,
    validate_node,
    validate_node_update,
)
from tests.registry.checks import ABSENT, begins, edited

TERM = {"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}
CLASS: dict[str, Any] = {
    "provisioner": "p", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowedTopologies": [TERM],
}


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("provisioner", "", ["provisioner: Required value"]),
    ("provisioner", "A B", ['provisioner: Invalid value: "a b": name part must consist of']),
    ("parameters", {"": "x"}, ['parameters: Invalid value: "": field can not be empty.']),
    ("parameters", {"a": "x" * 300_000}, ["parameters: Too long: may not be more than 262144 bytes"]),
    ("reclaimPolicy", "Odd", ['reclaimPolicy: Unsupported value: "Odd"']),
    ("volumeBindingMode", ABSENT, ["volumeBindingMode: Required value"]),
    ("allowedTopologies.1", TERM, ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""']),
    ("allowedTopologies.0.matchLabelExpressions.0.values", [], [
        "allowedTopologies[0].matchLabelExpressions[0].values: Required value"
    ]),
    ("allowedTopologies.0.matchLabelExpressions.1", {"key": "zone", "values": ["b", "b"]}, [
        'allowedTopologies[0].matchLabelExpressions[1].values[1]: Duplicate value: "b"',
        'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"',
    ]),
])
def test_storage_classes(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_storage_class(edited(CLASS, path, value)), expected)


def test_a_storage_class_stays() -> None:
    begins(validate_storage_class_update(edited(CLASS, "parameters", {"a": "b"}), CLASS), [
        'parameters: Invalid value: {"a":"b"}: field is immutable'
    ])


def test_old_node_labels() -> None:
    old = "failure-domain.beta.kubernetes.io/zone"
    text = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    topology = [{"matchLabelExpressions": [{"key": old, "values": ["a"]}]}]
    assert storage_class_warnings({"allowedTopologies": topology}) == [
        f"allowedTopologies[0].matchLabelExpressions[0].key: {text}"
    ]
    assert storage_capacity_warnings({"nodeTopology": {"matchLabels": {old: "a"}}}) == [
        f"nodeTopology.matchLabels.{old}: {text}"
    ]


def test_volume_attributes_classes() -> None:
    good = {"driverName": "d", "parameters": {"a": "b"}}
    begins(validate_volume_attributes_class(good), [])
    begins(validate_volume_attributes_class({}), ["driverName: Required value", "parameters: Required value: must"])
    begins(validate_volume_attributes_class_update({"driverName": "e", "parameters": {"a": "c"}}, good), [
        "driverName: Forbidden: updates to driverName are forbidden.",
        "parameters: Forbidden: updates to parameters are forbidden.",
    ])


def test_capacities() -> None:
    good = {"storageClassName": "c", "capacity": "1Gi", "nodeTopology": {"matchLabels": {"a": "b"}}}
    begins(validate_storage_capacity(good), [])
    begins(validate_storage_capacity({**good, "storageClassName": "", "capacity": "-1"}), [
        'storageClassName: Invalid value: ""', 'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ])
    begins(validate_storage_capacity_update({**good, "storageClassName": "d", "nodeTopology": None}, good), [
        "nodeTopology: Invalid value: null: field is immutable",
        'storageClassName: Invalid value: "d": field is immutable',
    ])


DRIVER: dict[str, Any] = {"spec": {
    "attachRequired": True, "podInfoOnMount": False, "storageCapacity": False, "seLinuxMount": False,
    "fsGroupPolicy": "File", "tokenRequests": [{"audience": "a", "expirationSeconds": 600}],
    "volumeLifecycleModes": ["Persistent"],
}}


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.attachRequired", ABSENT, ["spec.attachedRequired: Required value"]),
    ("spec.fsGroupPolicy", "Odd", ['spec.fsGroupPolicy: Unsupported value: "Odd"']),
    ("spec.tokenRequests.0.expirationSeconds", 5, ["spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may"]),
    ("spec.tokenRequests.1", {"audience": "a"}, ['spec.tokenRequests[1].audience: Duplicate value: "a"']),
    ("spec.volumeLifecycleModes", ["Odd"], ['spec.volumeLifecycleModes: Unsupported value: "Odd"']),
    ("spec.nodeAllocatableUpdatePeriodSeconds", 5, ["spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 5: must"]),
])
def test_drivers(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_driver(edited(DRIVER, path, value)), expected)


def test_drivers_keep_how_they_attach() -> None:
    begins(validate_driver_update(edited(DRIVER, "spec.attachRequired", False), DRIVER), [
        "spec.attachedRequired: Invalid value: false: field is immutable"
    ])
    no_tokens = edited(edited(DRIVER, "spec.tokenRequests", []), "spec.serviceAccountTokenInSecrets", True)
    begins(validate_driver(no_tokens), ["spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountToken"])


def test_nodes() -> None:
    def node(*drivers: dict[str, Any]) -> dict[str, Any]:
        return {"spec": {"drivers": list(drivers)}}

    good = {"name": "d", "nodeID": "n", "topologyKeys": ["a"], "allocatable": {"count": 1}}
    begins(validate_node(node(good)), [])
    begins(validate_node(node(good, {"name": "d", "nodeID": "x" * 300, "topologyKeys": ["a", "a"]})), [
        f'spec.drivers[1].nodeID: Invalid value: "{"x" * 300}": must be 256 characters or less',
        'spec.drivers[1].name: Duplicate value: "d"', 'spec.drivers[1]: Duplicate value: "a"',
    ])
    begins(validate_node(node({"allocatable": {"count": -1}})), [
        "spec.drivers[0].name: Required value", "spec.drivers[0].nodeID: Required value",
        "spec.drivers[0].allocatable.count: Invalid value: -1",
    ])
    begins(validate_node_update(node({**good, "allocatable": {"count": 2}}), node(good)), [])
    begins(validate_node_update(node({**good, "nodeID": "m"}), node(good)), [
        'spec.drivers: Invalid value: {"Name":"d","NodeID":"m","TopologyKeys":["a"],"Allocatable":null}: field is'
    ])


def test_attachments() -> None:
    good: dict[str, Any] = {"spec": {"attacher": "d", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}
    begins(validate_attachment(good), [])
    begins(validate_attachment(edited(good, "spec.source", {})), ["spec.source: Required value: must specify exactly"])
    begins(validate_attachment(edited(good, "spec.source.inlineVolumeSpec", {})), ["spec.source: Forbidden: must"])
    inline = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    begins(validate_attachment(edited(good, "spec.source", {"inlineVolumeSpec": inline})), [
        "spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes",
        "spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes",
    ])
    begins(validate_attachment(edited(good, "status.attachError", {"message": "x" * 1025, "errorCode": -1})), [
        "status.attachError.message: Too long: may not be more than 262144 bytes",
        "status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive",
    ])
    moved = edited(good, "spec.nodeName", "m")
    begins(validate_attachment_update(moved, good), ['spec: Invalid value: {"Attacher":"d"'])
