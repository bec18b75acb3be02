"""Field management of custom resources by their schema."""

import copy
from typing import Any

import pytest
from hypothesis import given

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.structural import defaulting, pruning
from pilothouse.apimachinery.structural.model import new_structural
from pilothouse.apimachinery.structural.types import ANY, OBJECT_META, resource_type

from .strategies import OBJECTS, SCHEMAS, UNHURRIED

GVK = GroupVersionKind("example.com", "v1", "Sample")
T1, T2 = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"
STRING = {"type": "string"}
OPEN = {"x-kubernetes-preserve-unknown-fields": True}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


PORT = _object({"port": {"type": "integer"}, "protocol": {**STRING, "default": "TCP"}, "name": STRING})
SPEC = _object({
    "n": {"type": "integer"}, "flag": {"type": "boolean"}, "text": STRING, "when": {**STRING, "format": "date-time"},
    "either": {"x-kubernetes-int-or-string": True},
    "ports": {"type": "array", "items": PORT, "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": ["port", "protocol"]},
    "set": {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"},
    "atoms": {"type": "array", "items": PORT},
    "map": {"type": "object", "additionalProperties": STRING},
    "atomicMap": _object({"a": STRING}, **{"x-kubernetes-map-type": "atomic"}),
    "free": _object({"known": {"type": "integer"}, "inner": _object({"x": STRING})}, **OPEN),
    "any": OPEN, "half": {"properties": {"a": {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"}},
                          **OPEN},
    "pod": {"type": "object", "x-kubernetes-embedded-resource": True, **OPEN},
    "bare": {"type": "object"},
})
TYPE = resource_type(new_structural(_object({"spec": SPEC})), GVK, "com.example.v1.Sample")


def _obj(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Sample", "metadata": {"name": "x"}, "spec": spec}


def _owned(obj: dict[str, Any], type: model.Type = TYPE) -> Any:
    found = FieldManager(type, GVK).update(None, obj, "m", T1)
    return found["metadata"]["managedFields"][0]["fieldsV1"]


@pytest.mark.parametrize(("spec", "fields"), [
    ({"n": 0, "flag": False, "text": ""}, {"f:n": {}, "f:flag": {}, "f:text": {}}),
    ({"either": "50%"}, {"f:either": {}}),
    ({"ports": [{"port": 1, "name": "a"}]},
     {"f:ports": {".": {}, 'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}}}}),
    ({"set": ["a"]}, {"f:set": {".": {}, 'v:"a"': {}}}),
    ({"atoms": [{"port": 1}]}, {"f:atoms": {}}),
    ({"map": {"k": "v"}}, {"f:map": {".": {}, "f:k": {}}}),
    ({"atomicMap": {"a": "x"}}, {"f:atomicMap": {}}),
    ({"free": {"known": 1, "u": {"v": [{"w": 1}]}, "inner": {"x": "", "y": {"z": 1}}}},
     {"f:free": {".": {}, "f:known": {}, "f:u": {".": {}, "f:v": {}},
                 "f:inner": {".": {}, "f:x": {}, "f:y": {".": {}, "f:z": {}}}}}),
    ({"any": {"a": {"b": 1}, "l": [1]}}, {"f:any": {".": {}, "f:a": {".": {}, "f:b": {}}, "f:l": {}}}),
    ({"any": [{"b": 1}]}, {"f:any": {}}),
    ({"any": 3}, {"f:any": {}}),
    ({"half": 3}, {"f:half": {}}),
    ({"half": {"a": ["x"], "b": [1]}}, {"f:half": {".": {}, "f:a": {".": {}, 'v:"x"': {}}, "f:b": {}}}),
    ({"pod": {"kind": "P", "apiVersion": "v1", "metadata": {"ownerReferences": [{"uid": "u"}]}, "spec": {"a": 1}}},
     {"f:pod": {".": {}, "f:apiVersion": {}, "f:kind": {}, "f:metadata": {".": {}, "f:ownerReferences": {
         ".": {}, 'k:{"uid":"u"}': {}}}, "f:spec": {".": {}, "f:a": {}}}}),
    ({"bare": {"q": {"r": 1}}}, {"f:bare": {".": {}, "f:q": {".": {}, "f:r": {}}}}),
])
def test_who_owns_what(spec: dict[str, Any], fields: dict[str, Any]) -> None:
    assert _owned(_obj(**spec)) == {"f:spec": {".": {}, **fields}}


def test_a_resource_without_schema_is_untyped() -> None:
    fields = _owned({**_obj(a=[1]), "metadata": {"name": "x", "ownerReferences": [{"uid": "u"}]}},
                    resource_type(None, GVK))
    assert fields == {"f:metadata": {"f:ownerReferences": {}}, "f:spec": {".": {}, "f:a": {}}}


def test_what_the_type_says() -> None:
    assert (TYPE.name, TYPE.gvks, TYPE.kind) == ("com.example.v1.Sample", (GVK,), model.STRUCT)
    assert TYPE.fields["metadata"].type.name == OBJECT_META
    assert all(f.pointer for f in TYPE.fields["spec"].type.fields.values())
    spec = TYPE.fields["spec"].type
    assert spec.fields["either"].type is spec.fields["any"].type is ANY
    assert spec.fields["ports"].type.key_defaults == {"protocol": "TCP"}


def test_applying() -> None:
    manager = FieldManager(TYPE, GVK)
    live = manager.apply(None, _obj(ports=[{"port": 1}, {"port": 2}], any={"a": 1, "b": 2}, n=0), "one", False, T1)
    live = manager.apply(live, _obj(ports=[{"port": 3}], any={"c": 3}), "two", False, T1)
    assert live["spec"] == {"ports": [{"port": 1}, {"port": 2}, {"port": 3}], "any": {"a": 1, "b": 2, "c": 3}, "n": 0}
    live = manager.apply(live, _obj(ports=[{"port": 2, "protocol": "TCP"}], any={"a": 1}), "one", False, T2)
    assert live["spec"] == {"ports": [{"port": 2, "protocol": "TCP"}, {"port": 3}], "any": {"a": 1, "c": 3}}
    with pytest.raises(StatusError) as conflict:
        manager.apply(live, _obj(any={"a": 2}), "two", False, T2)
    assert conflict.value.code == 409


@pytest.mark.parametrize(("spec", "error"), [
    ({"text": 3}, ".spec.text: expected string"),
    ({"nope": 3}, ".spec.nope: field not declared in schema"),
    ({"atoms": {}}, ".spec.atoms: expected list"),
    ({"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]}, "duplicate entries for key"),
])
def test_applying_what_does_not_fit(spec: dict[str, Any], error: str) -> None:
    with pytest.raises(StatusError) as caught:
        FieldManager(TYPE, GVK).apply(None, _obj(**spec), "m", False, T1)
    assert caught.value.code == 500
    assert error in str(caught.value)


@UNHURRIED
@given(SCHEMAS, OBJECTS, OBJECTS)
def test_any_object_can_be_managed(schema: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> None:
    s = new_structural(_object({"a": schema, "b": {**schema, **OPEN}}))
    manager = FieldManager(resource_type(s, GVK), GVK)
    live: dict[str, Any] | None = None
    for obj in (old, new, old):
        obj = {**copy.deepcopy(obj), "kind": "Sample", "apiVersion": "example.com/v1", "metadata": {"uid": "u"}}
        pruning.prune(obj, s)
        defaulting.default(obj, s)
        live = manager.update(live, obj, "m", T1)
        try:
            live = manager.apply(live, obj, "n", True, T1)
        except StatusError as e:
            assert e.code in (400, 500)
