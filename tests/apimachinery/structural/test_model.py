"""Reading JSONSchemaProps."""

import pytest

from pilothouse.apimachinery.structural.model import (
    NO_VALIDATION,
    NestedValueValidation,
    Structural,
    StructuralError,
    ValidationRule,
    is_int_or_string_all_of,
    is_int_or_string_any_of,
    new_structural,
)

INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]


def test_generics_extensions_and_rules() -> None:
    s = new_structural({
        "type": "object", "title": "T", "description": "D", "nullable": True, "default": {"a": 1},
        "example": 3, "externalDocs": {"url": "u"},
        "x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-embedded-resource": True,
        "x-kubernetes-map-type": "atomic",
        "x-kubernetes-validations": [{"rule": "self.a > 0", "message": "m", "reason": "FieldValueInvalid",
                                      "fieldPath": ".a", "optionalOldSelf": True, "messageExpression": "'x'"}],
    })
    assert (s.type, s.title, s.description, s.nullable, s.default) == ("object", "T", "D", True, {"a": 1})
    assert (s.example, s.external_docs) == (3, ("", "u"))
    assert s.preserve_unknown_fields and s.embedded_resource and s.map_type == "atomic"
    assert s.validations == (ValidationRule("self.a > 0", "m", "'x'", "FieldValueInvalid", ".a", True),)
    assert s.value_validation is NO_VALIDATION


def test_value_validation_and_junctors() -> None:
    s = new_structural({
        "type": "integer", "minimum": 0, "exclusiveMinimum": True, "enum": [1, None], "format": "int32",
        "anyOf": [{"minimum": 3}], "not": {"properties": {"a": {"type": "string"}}, "additionalProperties": True},
        "allOf": [{"items": {"maximum": 2}}], "required": ["a"],
    })
    v = s.value_validation
    assert (v.minimum, v.exclusive_minimum, v.maximum, v.enum, v.format, v.required) == (
        0, True, None, (1, None), "int32", ("a",))
    assert [step for step, _ in v.junctors()] == ["allOf[0]", "anyOf[0]", "not"]
    assert v.not_ is not None and v.not_.properties["a"].type == "string"
    assert isinstance(v.not_.additional_properties, NestedValueValidation)
    assert [step for step, _ in v.not_.children()] == ["properties[a]", "additionalProperties"]
    items = v.all_of[0].items
    assert items is not None and items.value_validation.maximum == 2


def test_walk_gives_paths_parents_first() -> None:
    s = new_structural({"type": "object", "properties": {
        "a": {"type": "array", "items": {"type": "string"}},
        "b": {"type": "object", "additionalProperties": {"type": "string"}},
        "c": {"type": "object", "additionalProperties": False},
    }})
    assert [path for path, _ in s.walk("root")] == [
        "root", "root.properties[a]", "root.properties[a].items", "root.properties[b]",
        "root.properties[b].additionalProperties", "root.properties[c]",
    ]
    assert s.properties["c"].additional_properties is False


@pytest.mark.parametrize(("props", "text"), [
    ({"id": "x"}, "OpenAPIV3Schema 'id' is not supported"),
    ({"$schema": "x"}, "OpenAPIV3Schema 'schema' is not supported"),
    ({"properties": {"a": {"$ref": "x"}}}, "OpenAPIV3Schema '$ref' is not supported"),
    ({"not": {"patternProperties": {"a": {}}}}, "OpenAPIV3Schema 'patternProperties' is not supported"),
    ({"dependencies": {"a": ["b"]}}, "OpenAPIV3Schema 'dependencies' is not supported"),
    ({"additionalItems": False}, "OpenAPIV3Schema 'additionalItems' is not supported"),
    ({"definitions": {"a": {}}}, "OpenAPIV3Schema 'definitions' is not supported"),
    ({"items": [{}]}, "OpenAPIV3Schema 'items' must be a schema, but is an array"),
    ({"x-kubernetes-preserve-unknown-fields": False},
     "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"),
])
def test_what_validation_should_have_refused(props: dict[str, object], text: str) -> None:
    with pytest.raises(StructuralError, match=text.replace("$", "\\$")):
        new_structural(props)


def test_int_or_string_patterns() -> None:
    assert is_int_or_string_any_of(new_structural({"anyOf": INT_OR_STRING}))
    assert is_int_or_string_all_of(new_structural({"allOf": [{"anyOf": INT_OR_STRING}, {"pattern": "x"}]}))
    assert not is_int_or_string_any_of(new_structural({"anyOf": INT_OR_STRING[::-1]}))
    for more in ({"minimum": 1}, {"items": {}}, {"nullable": True}):
        integer = {"type": "integer", **more}
        assert not is_int_or_string_any_of(new_structural({"anyOf": [integer, {"type": "string"}]}))


def test_compiled_is_built_once() -> None:
    node, built = Structural(), []
    for _ in range(2):
        assert node.compiled("x", lambda: built.append(1) or 7) == 7
    assert built == [1]


def test_the_deepest_schemas_that_json_allows() -> None:
    deep: dict[str, object] = {"type": "object"}
    for _ in range(239):
        deep = {"not": deep}
    new_structural({"type": "object", "not": deep})
