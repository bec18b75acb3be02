"""References to a pod's own fields and resources."""

import pytest

from pilothouse.registry.core.downward_validation import (
    ENV_FIELDS,
    field_selector,
    resource_selector,
    validate_downward_volume,
)
from tests.registry.core.checks import Object, texts


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("metadata.name", []),
        ("spec.host", []),
        ("metadata.annotations['A.b/C']", []),
        ("metadata.annotations['a b']", [': Invalid value: "a b"']),
        ("spec.nope", [
            'fieldPath: Invalid value: "spec.nope": error converting fieldPath: field label not supported: spec.nope'
        ]),
        ("spec.nodeName['x']", [
            'fieldPath: Invalid value: "spec.nodeName[\'x\']": error converting fieldPath: field label does not '
            "support subscript: spec.nodeName['x']"
        ]),
        ("", ["fieldPath: Required value"]),
    ],
)
def test_fields(path: str, wanted: list[str]) -> None:
    found = texts(field_selector({"apiVersion": "v1", "fieldPath": path}, ENV_FIELDS))
    assert [text[: len(want)] for text, want in zip(found, wanted, strict=True)] == wanted


def test_other_versions_of_pods_have_no_fields() -> None:
    assert texts(field_selector({"apiVersion": "v2", "fieldPath": "metadata.name"}, ENV_FIELDS)) == [
        'fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2'
    ]
    assert texts(field_selector({}, ENV_FIELDS)) == ["apiVersion: Required value"]


@pytest.mark.parametrize(
    ("reference", "volume", "wanted"),
    [
        ({"resource": "limits.cpu", "divisor": "1m"}, False, []),
        ({"resource": "limits.hugepages-2Mi", "divisor": "1Mi"}, False, []),
        ({"resource": "limits.cpu"}, True, ["containerName: Required value"]),
        ({}, False, ["resource: Required value"]),
        ({"resource": "x"}, False, [
            'resource: Unsupported value: "x": supported values: "limits.cpu", "limits.ephemeral-storage", '
            '"limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"'
        ]),
        ({"resource": "limits.cpu", "divisor": "2"}, False, [
            'divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource'
        ]),
        ({"resource": "requests.memory", "divisor": "1m"}, False, [
            'divisor: Invalid value: "requests.memory": only divisor\'s values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, '
            "1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource"
        ]),
    ],
)
def test_resources(reference: Object, volume: bool, wanted: list[str]) -> None:
    assert texts(resource_selector(reference, volume)) == wanted


def test_files_say_one_thing() -> None:
    reference = {"apiVersion": "v1", "fieldPath": "metadata.labels"}
    items: list[Object] = [
        {"path": "a", "fieldRef": reference}, {"path": "..x", "mode": 1000},
        {"path": "b", "fieldRef": reference, "resourceFieldRef": {}},
    ]
    assert texts(validate_downward_volume({"items": items, "defaultMode": 0o777})) == [
        "path: Invalid value: \"..x\": must not start with '..'",
        ": Required value: one of fieldRef and resourceFieldRef is required",
        "mode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive",
        ': Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously',
    ]
