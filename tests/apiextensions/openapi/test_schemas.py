"""Schemas of custom resources in OpenAPI documents."""

import copy
from typing import Any

import pytest

from pilothouse.apiextensions.openapi.schemas import TYPE_META, SchemaBuilder

STRING = {"type": "string"}
OPEN = {"x-kubernetes-preserve-unknown-fields": True}
EMBEDDED = {"x-kubernetes-embedded-resource": True}
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
META = "io.k8s.apimachinery.pkg.apis.meta.v1."


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


def _spec(**more: Any) -> dict[str, Any]:
    names = {"plural": "foos", "kind": "Foo", "listKind": "FooList"}
    return {"group": "bar.example.com", "names": names, "scope": "Namespaced", **more}


def _definitions(builder: SchemaBuilder, props: Any, structural: bool = True, **more: Any) -> dict[str, Any]:
    version: dict[str, Any] = {"name": "v1", "served": True, **more}
    if props is not None:
        version["schema"] = {"openAPIV3Schema": props}
    before = copy.deepcopy(props)
    found = builder.definitions(_spec(), version, structural=structural)
    assert props == before
    return found


def _foo(openapi_version: int, schema: dict[str, Any]) -> Any:
    found = _definitions(SchemaBuilder(openapi_version), _object({"a": schema}))
    return found["com.example.bar.v1.Foo"]["properties"]["a"]


@pytest.mark.parametrize("openapi_version", [2, 3])
def test_the_kind_and_its_list(openapi_version: int) -> None:
    found = _definitions(SchemaBuilder(openapi_version), _object({"spec": STRING, "metadata": {"type": "object"}}))
    assert list(found) == ["com.example.bar.v1.Foo", "com.example.bar.v1.FooList"]
    foo, listed = found.values()
    assert foo["x-kubernetes-group-version-kind"] == [{"group": "bar.example.com", "kind": "Foo", "version": "v1"}]
    assert foo["properties"] == {"spec": STRING, **TYPE_META, "metadata": foo["properties"]["metadata"]}
    metadata, items = foo["properties"]["metadata"], listed["properties"]["items"]["items"]
    if openapi_version == 2:
        assert metadata["$ref"] == f"#/definitions/{META}ObjectMeta"
        assert items == {"$ref": "#/definitions/com.example.bar.v1.Foo"}
    else:
        assert metadata["allOf"] == [{"$ref": f"#/components/schemas/{META}ObjectMeta"}]
        assert items == {"$ref": "#/components/schemas/com.example.bar.v1.Foo"}
    assert listed["required"] == ["items"]
    assert listed["x-kubernetes-group-version-kind"][0]["kind"] == "FooList"


@pytest.mark.parametrize(("openapi_version", "props", "structural"), [
    (3, None, True), (2, None, True), (3, _object({"a": {}}), False), (2, _object({"a": STRING}, **OPEN), True),
])
def test_kinds_of_which_nothing_is_told(openapi_version: int, props: Any, structural: bool) -> None:
    foo = _definitions(SchemaBuilder(openapi_version), props, structural)["com.example.bar.v1.Foo"]
    assert sorted(foo) == ["type", "x-kubernetes-group-version-kind"]


def test_unknown_fields_of_the_whole_definition() -> None:
    version = {"name": "v1", "schema": {"openAPIV3Schema": _object({"a": STRING})}}
    found = SchemaBuilder(2).definitions(_spec(preserveUnknownFields=True), version, structural=True)
    assert "properties" not in found["com.example.bar.v1.Foo"]
    found = SchemaBuilder(3).definitions(_spec(preserveUnknownFields=True), version, structural=True)
    assert found["com.example.bar.v1.Foo"]["properties"]["a"] == STRING


def test_selectable_fields() -> None:
    found = _definitions(SchemaBuilder(3), _object({}), selectableFields=[{"jsonPath": ".spec.color"}])
    for schema in found.values():
        assert schema["x-kubernetes-selectable-fields"] == [{"fieldPath": "spec.color"}]


IOS = {"x-kubernetes-int-or-string": True}


@pytest.mark.parametrize(("schema", "v3", "v2"), [
    (STRING, STRING, STRING),
    ({**STRING, "default": "x"}, {**STRING, "default": "x"}, STRING),
    ({**STRING, "nullable": True}, {**STRING, "nullable": True}, {}),
    (_object({"x": STRING}, nullable=True), _object({"x": STRING}, nullable=True), {}),
    (IOS, {**IOS, "anyOf": INT_OR_STRING}, IOS),
    ({**IOS, "anyOf": INT_OR_STRING}, {**IOS, "anyOf": INT_OR_STRING}, IOS),
    ({**IOS, "allOf": [{"anyOf": INT_OR_STRING}, {"not": {}}]},
     {**IOS, "allOf": [{"anyOf": INT_OR_STRING}, {"not": {}}]}, IOS),
    ({**IOS, "anyOf": [{"minimum": 1}], "allOf": [{"pattern": "x"}]},
     {**IOS, "anyOf": [{"minimum": 1}], "allOf": [{"anyOf": INT_OR_STRING}, {"pattern": "x"}]}, IOS),
    (_object({"x": STRING}, **OPEN), _object({"x": STRING}, **OPEN), OPEN),
    ({"type": "array", "items": STRING, **OPEN}, {"type": "array", "items": STRING, **OPEN}, OPEN),
    ({"type": "array", "items": {**STRING, "nullable": True}}, {"type": "array", "items": {**STRING, "nullable": True}},
     {"type": "array", "items": {}}),
    (_object({"x": STRING, "y": {**STRING, "nullable": True}}, required=["x", "y"]),
     _object({"x": STRING, "y": {**STRING, "nullable": True}}, required=["x", "y"]),
     _object({"x": STRING, "y": {}}, required=["x"])),
    (_object({"y": {**STRING, "nullable": True}}, required=["y"]),
     _object({"y": {**STRING, "nullable": True}}, required=["y"]), _object({"y": {}})),
    ({"type": "object", "additionalProperties": {**STRING, "nullable": True}, "required": ["q"]},
     {"type": "object", "additionalProperties": {**STRING, "nullable": True}, "required": ["q"]},
     {"type": "object", "additionalProperties": {}}),
    ({"type": "object", "additionalProperties": True}, {"type": "object", "additionalProperties": True},
     {"type": "object", "additionalProperties": True}),
    ({**STRING, "oneOf": [{"pattern": "x"}], "not": {"pattern": "y"}},
     {**STRING, "oneOf": [{"pattern": "x"}], "not": {"pattern": "y"}}, STRING),
])
def test_what_the_versions_of_openapi_make_of_a_schema(schema: Any, v3: Any, v2: Any) -> None:
    assert _foo(3, schema) == v3
    assert _foo(2, schema) == v2


def test_embedded_resources() -> None:
    pod = _object({"spec": STRING}, required=["kind"], **EMBEDDED)
    for openapi_version in (2, 3):
        found = _foo(openapi_version, pod)
        assert sorted(found["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
        assert found["required"] == ["kind", "apiVersion"]
    open_pod = {"type": "object", **EMBEDDED, **OPEN}
    assert _foo(2, open_pod) == {**EMBEDDED, **OPEN}
    assert sorted(_foo(3, open_pod)["properties"]) == ["apiVersion", "kind", "metadata"]


def test_the_deepest_schema() -> None:
    deep: dict[str, Any] = STRING
    for _ in range(230):
        deep = {"type": "array", "items": deep}
    assert _foo(3, deep) == _foo(2, deep) == deep
