"""Object metadata of custom and embedded resources."""

import copy
from typing import Any

import pytest
from hypothesis import given

from pilothouse.apimachinery.schema.decode import DecodeError
from pilothouse.apimachinery.structural.model import new_structural
from pilothouse.apimachinery.structural.objectmeta import CoerceError, coerce, get_object_meta, validate

from .strategies import OBJECTS, SCHEMAS, UNHURRIED

EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
S = new_structural({"type": "object", "properties": {
    "pod": EMBEDDED, "list": {"type": "array", "items": EMBEDDED},
    "map": {"type": "object", "additionalProperties": EMBEDDED},
}})


def test_metadata_is_read_in_gos_form() -> None:
    unknown: list[str] = []
    obj = {"metadata": {"labels": {}, "zzz": 1, "name": "n", "ownerReferences": [{"q": 1}],
                        "creationTimestamp": None}}
    meta = get_object_meta(obj, unknown=unknown, path="spec.pod")
    assert meta == {"name": "n", "ownerReferences": [{"apiVersion": "", "kind": "", "name": "", "uid": ""}]}
    assert unknown == ["spec.pod.metadata.zzz", "spec.pod.metadata.ownerReferences[0].q"]
    assert get_object_meta({}) is None
    assert get_object_meta({"metadata": None}) == {}


def test_malformed_metadata() -> None:
    obj: dict[str, Any] = {
        "metadata": {"name": "n", "labels": "x", "generation": "1", "annotations": {"a": "b"}, "q": 1},
    }
    with pytest.raises(DecodeError, match=r"json: cannot unmarshal string into Go struct field ObjectMeta\.labels of "):
        get_object_meta(obj)
    unknown: list[str] = []
    meta = get_object_meta(obj, drop_malformed=True, unknown=unknown)
    assert meta == {"name": "n", "annotations": {"a": "b"}}
    assert unknown == ["metadata.q"]
    with pytest.raises(DecodeError, match="invalid metadata: expected object, got string"):
        get_object_meta({"metadata": "x"}, drop_malformed=True)


def test_coercing() -> None:
    obj: dict[str, Any] = {
        "kind": 3, "metadata": {"q": 1}, "list": [{"metadata": {"labels": {}, "z": 1}, "q": 1}, 3],
        "map": {"m": {"metadata": {"z": 1}}}, "other": {"metadata": {"z": 1}},
    }
    unknown: list[str] = []
    coerce(obj, S, unknown=unknown)
    assert obj == {
        "kind": 3, "metadata": {"q": 1}, "list": [{"metadata": {}, "q": 1}, 3],
        "map": {"m": {"metadata": {}}}, "other": {"metadata": {"z": 1}},
    }
    assert unknown == ["list[0].metadata.z", "map[m].metadata.z"]


def test_coercing_what_is_wrong() -> None:
    obj: dict[str, Any] = {"pod": {"kind": 3, "apiVersion": True, "metadata": "x"}}
    with pytest.raises(CoerceError) as caught:
        coerce(obj, S, path="spec")
    assert str(caught.value.error) == "spec.pod.apiVersion: Invalid value: true: must be a string"
    with pytest.raises(CoerceError, match=r'pod\.metadata: Invalid value: "x": json: cannot unmarshal string into'
    ):
        coerce({"pod": {"metadata": "x"}}, S)
    coerce(obj, S, drop_invalid=True)
    assert obj == {"pod": {"metadata": "x"}}
    with pytest.raises(CoerceError, match=r"^kind: "):
        coerce({"kind": 3}, S, is_resource_root=True)


@pytest.mark.parametrize(("pod", "errors"), [
    ({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "n"}}, []),
    ({}, ["pod.apiVersion: Required value", "pod.kind: Required value"]),
    ({"apiVersion": "", "kind": 3},
     ['pod.apiVersion: Invalid value: "": must not be empty', "pod.kind: Invalid value: 3: must be a string"]),
    ({"apiVersion": "a/b/c", "kind": "a_b"},
     ['pod.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      'pod.kind: Invalid value: "a_b": may have mixed case, but should otherwise match: a DNS-1035 label']),
    ({"apiVersion": "v1", "kind": "K", "metadata": {"name": "a/b"}},
     ['pod.metadata.name: Invalid value: "a/b": may not contain \'/\'']),
    ({"apiVersion": "v1", "kind": "K", "metadata": {"name": 1}},
     ['pod.metadata: Invalid value: {"name":1}: json: cannot unmarshal number into Go struct field ObjectMeta.name of '
      "type string"]),
])
def test_validation(pod: dict[str, Any], errors: list[str]) -> None:
    found = [str(e) for e in validate({"pod": pod}, S)]
    assert len(found) == len(errors)
    for text, start in zip(found, errors, strict=True):
        assert text.startswith(start)


@UNHURRIED
@given(SCHEMAS, OBJECTS)
def test_anything_can_be_coerced(schema: dict[str, Any], obj: dict[str, Any]) -> None:
    s = new_structural(schema)
    for error in validate(obj, s, is_resource_root=True):
        assert str(error)
    unknown: list[str] = []
    coerce(obj, s, is_resource_root=True, drop_invalid=True, unknown=unknown)
    once = copy.deepcopy(obj)
    unknown.clear()
    coerce(obj, s, is_resource_root=True, drop_invalid=True, unknown=unknown)
    assert (obj, unknown) == (once, [])
