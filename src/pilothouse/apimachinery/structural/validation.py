"""Whether a schema is structural (upstream: apiextensions-apiserver pkg/apiserver/schema validation.go, complete.go).

The errors are those of the NonStructuralSchema condition and of definition validation.
"""

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, child, key
from pilothouse.apimachinery.structural import model
from pilothouse.apimachinery.structural.model import NestedValueValidation, Structural, ValueValidation
from pilothouse.apimachinery.structural.patterns import PatternError, compile_pattern

_ROOT: Final = "root"
_ITEM: Final = "item"
_FIELD: Final = "field"
_NEEDS_TYPE: Final = {
    _ROOT: "must not be empty at the root",
    _ITEM: "must not be empty for specified array items",
    _FIELD: "must not be empty for specified object fields",
}


def validate_structural(path: str, s: Structural) -> list[Error]:
    """What makes the schema non-structural, sorted by text as upstream sorts it; of very many, those found first.
    `path` is where it stands."""
    errors: list[Error] = []
    _check_node(s, _ROOT, path, errors)
    _check_completeness(s.value_validation, s, path, path, errors)
    return sorted(errors[: field.MOST_ERRORS], key=str)


def _check_node(s: Structural, level: str, path: str, errors: list[Error]) -> None:
    """The invariants of one node and all below."""
    if s.type == "array" and s.items is None:
        errors.append(field.required(child(path, "items"), "must be specified"))
    if s.items is not None:
        _check_node(s.items, _ITEM, child(path, "items"), errors)
    for name, schema in s.properties.items():
        _check_node(schema, _FIELD, key(child(path, "properties"), name), errors)
    additional = s.additional_properties
    if additional is not None and level == _ROOT:
        errors.append(field.forbidden(child(path, "additionalProperties"), "must not be used at the root"))
    if isinstance(additional, Structural):
        _check_node(additional, _FIELD, child(path, "additionalProperties"), errors)
    _check_values(
        s.value_validation, path, errors,
        skip_any_of=model.is_int_or_string_any_of(s), skip_first_all_of=model.is_int_or_string_all_of(s),
    )
    _check_extensions(s, path, errors)
    _check_type(s, level, path, errors)
    _check_embedded(s, level, path, errors)


def _check_extensions(s: Structural, path: str, errors: list[Error]) -> None:
    if not s.int_or_string:
        return
    for on, name in (
        (s.preserve_unknown_fields, "x-kubernetes-preserve-unknown-fields"),
        (s.embedded_resource, "x-kubernetes-embedded-resource"),
    ):
        if on:
            errors.append(field.invalid(child(path, name), True, "must be false if x-kubernetes-int-or-string is true"))


def _check_type(s: Structural, level: str, path: str, errors: list[Error]) -> None:
    at = child(path, "type")
    if s.embedded_resource and s.type != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        errors.append(field.invalid(at, s.type, detail) if s.type else field.required(at, detail))
    elif not s.type and not s.int_or_string and not s.preserve_unknown_fields:
        errors.append(field.required(at, _NEEDS_TYPE[level]))
    if level == _ROOT and s.type and s.type != "object":
        errors.append(field.invalid(at, s.type, "must be object at the root"))


def _check_embedded(s: Structural, level: str, path: str, errors: list[Error]) -> None:
    """Type and object metadata of roots and embedded resources: given implicitly, hardly to be restricted."""
    if s.embedded_resource and s.additional_properties is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        errors.append(field.forbidden(child(path, "additionalProperties"), detail))
    is_resource = level == _ROOT or s.embedded_resource
    properties = child(path, "properties")
    if is_resource:
        for name in ("kind", "apiVersion"):
            schema = s.properties.get(name)
            if schema is not None and schema.type != "string":
                errors.append(field.invalid(child(key(properties, name), "type"), schema.type, "must be string"))
    if (metadata := s.properties.get("metadata")) is not None:
        at = key(properties, "metadata")
        if is_resource and metadata.type != "object":
            errors.append(field.invalid(child(at, "type"), metadata.type, "must be object"))
        if level == _ROOT and not _restricts_only_names(metadata):
            detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            errors.append(field.forbidden(at, detail))
    if s.embedded_resource and not s.preserve_unknown_fields and not s.properties:
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        errors.append(field.required(properties, detail))


def _restricts_only_names(metadata: Structural) -> bool:
    if metadata.items is not None or metadata.additional_properties is not None:
        return False
    return set(metadata.properties) <= {"name", "generateName"} and model.is_zero_schema(
        metadata, but=("type", "default")
    )


def _check_values(
    v: ValueValidation, path: str, errors: list[Error], *, skip_any_of: bool, skip_first_all_of: bool
) -> None:
    """`skip_any_of` and `skip_first_all_of` leave out what the int-or-string patterns allow."""
    for step, schema in v.junctors():
        if skip_any_of and step.startswith("anyOf"):
            continue
        _check_nested(schema, child(path, step), errors, skip_any_of=skip_first_all_of and step == "allOf[0]")
    if v.pattern:
        try:
            compile_pattern(v.pattern)
        except PatternError as wrong:
            detail = f"must be a valid regular expression, but isn't: {wrong}"
            errors.append(field.invalid(child(path, "pattern"), v.pattern, detail))


def _check_nested(v: NestedValueValidation, path: str, errors: list[Error], *, skip_any_of: bool = False) -> None:
    """What must not stand below a junctor."""
    _check_values(v.value_validation, path, errors, skip_any_of=skip_any_of, skip_first_all_of=False)
    if v.items is not None:
        _check_nested(v.items, child(path, "items"), errors)
    for name, schema in v.properties.items():
        _check_nested(schema, key(child(path, "properties"), name), errors)
    if v.additional_properties is not None:
        detail = "must be undefined to be structural"
        errors.append(field.forbidden(child(path, "additionalProperties"), detail))
    for present, name, word in (
        (v.type, "type", "empty"),
        (v.default is not None, "default", "undefined"),
        (v.title, "title", "empty"),
        (v.description, "description", "empty"),
        (v.nullable, "nullable", "false"),
        (v.preserve_unknown_fields, "x-kubernetes-preserve-unknown-fields", "false"),
        (v.embedded_resource, "x-kubernetes-embedded-resource", "false"),
        (v.int_or_string, "x-kubernetes-int-or-string", "false"),
        (v.list_map_keys, "x-kubernetes-list-map-keys", "empty"),
        (v.list_type is not None, "x-kubernetes-list-type", "undefined"),
        (v.map_type is not None, "x-kubernetes-map-type", "undefined"),
        (v.validations, "x-kubernetes-validations", "empty"),
    ):
        if present:
            errors.append(field.forbidden(child(path, name), f"must be {word} to be structural"))
    if "metadata" in v.properties:
        at = key(child(path, "properties"), "metadata")
        errors.append(field.forbidden(at, "must not be specified in a nested context"))


def _check_completeness(
    v: ValueValidation, s: Structural, at: str, defined: str, errors: list[Error]
) -> None:
    """Whatever is validated under a junctor must have structure outside of it. `at` is the path of the structure,
    `defined` that of the validation."""
    for step, schema in v.junctors():
        _check_nested_completeness(schema, s, at, child(defined, step), errors)


def _check_nested_completeness(
    v: NestedValueValidation, s: Structural, at: str, defined: str, errors: list[Error]
) -> None:
    _check_completeness(v.value_validation, s, at, defined, errors)
    if v.items is not None:
        place, origin = child(at, "items"), child(defined, "items")
        if s.items is None:
            errors.append(_missing(place, origin))
        else:
            _check_nested_completeness(v.items, s.items, place, origin, errors)
    for name, nested in v.properties.items():
        place, origin = key(child(at, "properties"), name), key(child(defined, "properties"), name)
        schema = s.properties.get(name)
        if schema is None:
            errors.append(_missing(place, origin))
        else:
            _check_nested_completeness(nested, schema, place, origin, errors)


def _missing(path: str, origin: str) -> Error:
    return field.required(path, f"because it is defined in {origin}")
