"""Validation of values against their OpenAPI schema (upstream: apiextensions-apiserver pkg/apiserver/validation
validation.go and ratcheting.go, over kube-openapi pkg/validation/validate).

    validator = ValueValidator(schema)            # once for each schema, in wire form
    errors = validator.validate(obj)              # [] for a valid object, in a few µs
    errors = validator.validate_update(obj, old)  # without what stands in unchanged parts
    errors = validator.validate_update(status, old_status, "status")

A valid value passes closures that only say yes (`value_fast`). What they do not pass is looked at again by the code
here, which finds the errors as upstream does: same checks, same order, same texts. Upstream counts checks that
succeeded, to choose among the alternatives of `anyOf` and `oneOf`: so does this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, go_quote
from pilothouse.apimachinery.structural import value_numbers as numbers
from pilothouse.apimachinery.structural.correlation import Correlated
from pilothouse.apimachinery.structural.value_fast import quick_check
from pilothouse.apimachinery.structural.value_result import Result
from pilothouse.apimachinery.structural.value_schema import ValueSchema

_KINDS: Final[Mapping[type, str]] = {
    str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object",
}
_NUMBER_FORMATS: Final = {"integer": "int64", "number": "float64"}


class ValueValidator:
    """A compiled schema. Errors' paths start at the value, or at `path`; upstream says "<nil>" for the root."""

    __slots__ = ("_quick", "schema")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = ValueSchema(schema)
        self._quick = quick_check(self.schema, _is_valid)

    def validate(self, value: Any, path: str = "") -> list[Error]:
        if self._quick(value):
            return []
        return validate_value(self.schema, value, "", None).at(path)

    def validate_update(self, value: Any, old: Any, path: str = "") -> list[Error]:
        if self._quick(value):
            return []
        return validate_value(self.schema, value, "", Correlated(value, old, self.schema)).at(path)


def _is_valid(schema: ValueSchema, value: Any) -> bool:
    return not validate_value(schema, value, "", None).errors


def validate_value(schema: ValueSchema, value: Any, path: str, correlated: Correlated | None) -> Result:
    """`correlated` stands beside `value` in an update, or is None: errors of unchanged values do not count."""
    if value.__class__ is int:
        value = numbers.go_number(value)
    result = Result()
    if value is None:
        _check_null(schema, path, result)
    else:
        if schema.types or schema.format:
            _check_type(schema, value, path, result)
            result.matches += 1
        _check_junctors(schema, value, path, result)
        if value.__class__ is list:
            _check_list(schema, value, path, correlated, result)
            result.matches += 2
        else:
            _check_scalar(schema, value, path, result)
        if schema.enum is not None and not schema.enum.holds(value):
            result.add(*schema.enum.error(value, path))
        if value.__class__ is dict:
            _check_object(schema, value, path, correlated, result)
            result.matches += 1
        result.matches += 3
    if result.errors and correlated is not None and correlated.unchanged():
        result.errors.clear()
    return result


def _check_null(schema: ValueSchema, path: str, result: Result) -> None:
    if schema.types and not schema.nullable:
        result.add_type(path, ",".join(schema.types), "null")
    else:
        result.matches += 1
    # null is in no enum, even in one that names it
    if schema.enum is not None:
        result.add(*schema.enum.error(None, path))


def _check_type(schema: ValueSchema, value: Any, path: str, result: Result) -> None:
    kind, types, format = _KINDS[value.__class__], schema.types, schema.format
    numeric = "integer" in types or "number" in types
    fits = kind in types
    if not fits and kind == "number":
        fits = "integer" in types and numbers.is_json_integer(value)
    elif not fits and kind == "integer":
        fits = "number" in types
    texts = kind in ("string", "array")
    if format and not texts and not fits:
        # upstream compares the format with that of Go's type
        own = _NUMBER_FORMATS.get(kind, "")
        if format != own:
            result.add_type(path, format, own)
            return
    if (format and texts and not numeric) or fits:
        result.matches += 1
        return
    result.add_type(path, ",".join(types), kind)


def _check_scalar(schema: ValueSchema, value: Any, path: str, result: Result) -> None:
    if value.__class__ is str:
        _check_string(schema, value, path, result)
        result.matches += 1
        if schema.is_format is not None:
            result.matches += 1
            if not schema.is_format(value):
                result.add_type(path, schema.format, value)
    elif value.__class__ is int or value.__class__ is float:
        _check_number(schema, value, path, result)
        result.matches += 2


def _check_string(schema: ValueSchema, value: str, path: str, result: Result) -> None:
    """The first of a string's errors."""
    if schema.max_length is not None and len(value) > schema.max_length:
        text = f"{path} in body should be at most {schema.max_length} chars long"
        result.add(text, field.too_long(path, schema.max_length))
    elif schema.min_length is not None and len(value) < schema.min_length:
        result.add_invalid(path, value, f"{path} in body should be at least {schema.min_length} chars long")
    elif schema.pattern_problem:
        result.add_invalid(path, value, f"{path} in body should match '{schema.pattern_problem}'")
    elif schema.search is not None and not schema.search(value):
        result.add_invalid(path, value, f"{path} in body should match '{schema.pattern}'")


def _check_number(schema: ValueSchema, value: float, path: str, result: Result) -> None:
    type = schema.types[0] if len(schema.types) == 1 else ""
    type = type if type in ("integer", "number") else ""
    format = schema.format if type else ""
    if text := numbers.range_fault(value, type, format, "Checked", path):
        result.add_plain(text)
    if schema.multiple_of is not None:
        text = numbers.range_fault(schema.multiple_of, type, format, "MultipleOf", path)
        result.add_plain(text)
        result.add_fault(path, numbers.multiple_fault(path, value, schema.multiple_of, not text))
    if schema.minimum is not None:
        text = numbers.range_fault(schema.minimum, type, format, "Minimum boundary", path)
        result.add_plain(text)
        fault = numbers.minimum_fault(path, value, schema.minimum, schema.exclusive_minimum, not text)
        result.add_fault(path, fault)
    if schema.maximum is not None:
        text = numbers.range_fault(schema.maximum, type, format, "Maximum boundary", path)
        result.add_plain(text)
        fault = numbers.maximum_fault(path, value, schema.maximum, schema.exclusive_maximum, not text)
        result.add_fault(path, fault)


# What holds other values


def _check_junctors(schema: ValueSchema, value: Any, path: str, result: Result) -> None:
    """Ratcheting stops here: alternatives are judged by the new value alone."""
    if schema.any_of:
        _check_any_of(schema.any_of, value, path, result)
    if schema.one_of:
        _check_one_of(schema.one_of, value, path, result)
    if schema.all_of:
        _check_all_of(schema.all_of, value, path, result)
    if schema.not_ is not None and not validate_value(schema.not_, value, path, None).errors:
        result.add_plain(f"{go_quote(path)} must not validate the schema (not)")
    result.matches += 1


def _check_any_of(schemas: list[ValueSchema], value: Any, path: str, result: Result) -> None:
    best: Result | None = None
    for schema in schemas:
        found = validate_value(schema, value, path, None)
        if not found.errors:
            result.merge(found)
            return
        if best is None or found.matches > best.matches:
            best = found
    result.add_plain(f"{go_quote(path)} must validate at least one schema (anyOf)")
    if best is not None:
        result.merge(best)


def _check_one_of(schemas: list[ValueSchema], value: Any, path: str, result: Result) -> None:
    best: Result | None = None
    valid: list[Result] = []
    for schema in schemas:
        found = validate_value(schema, value, path, None)
        if not found.errors:
            valid.append(found)
        elif not valid and (best is None or found.matches > best.matches):
            best = found
    if len(valid) == 1:
        result.merge(valid[0])
        return
    counted = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    result.add_plain(f"{go_quote(path)} must validate one and only one schema (oneOf). {counted}")
    if best is not None and not valid:
        result.merge(best)


def _check_all_of(schemas: list[ValueSchema], value: Any, path: str, result: Result) -> None:
    valid = 0
    for schema in schemas:
        found = validate_value(schema, value, path, None)
        valid += not found.errors
        result.merge(found)
    if valid != len(schemas):
        none = "" if valid else ". None validated"
        result.add_plain(f"{go_quote(path)} must validate all the schemas (allOf){none}")


def _check_object(
    schema: ValueSchema, value: dict[str, Any], path: str, correlated: Correlated | None, result: Result
) -> None:
    _check_size(schema, len(value), path, result)
    # upstream's maps have no order: here errors come in that of the names
    properties, additional = schema.properties, schema.additional
    if schema.closed or additional is not None:
        for name in sorted(value.keys() - properties.keys()):
            if result.full:
                break
            if additional is None:
                result.add_invalid(path, name, f"{path}.{name} in body is a forbidden property")
            else:
                below = _key(correlated, path, name)
                result.merge(validate_value(additional, value[name], _below(path, name), below))
    for name in sorted(value):
        if result.full:
            break
        if name in properties:
            below = _key(correlated, path, name)
            at = _below(path, name) if path else name
            result.merge(validate_value(properties[name], value[name], at, below))
    for name in schema.required:
        if result.full:
            break
        if name not in value:
            at = f"{path}.{name}"
            result.add(f"{at} in body is required", field.required(at))


def _below(path: str, name: str) -> str:
    """Upstream puts a dot before names at the root too."""
    return path if len(path) >= field.LONGEST_PATH else field.bounded(f"{path}.{name}")


def _check_size(schema: ValueSchema, size: int, path: str, result: Result) -> None:
    if schema.min_properties is not None and size < schema.min_properties:
        result.add_invalid(path, size, f"{path} in body should have at least {schema.min_properties} properties")
    if schema.max_properties is not None and size > schema.max_properties:
        text = f"{path} in body should have at most {schema.max_properties} properties"
        result.add(text, field.too_many(path, size, schema.max_properties))


def _key(correlated: Correlated | None, path: str, name: str) -> Correlated | None:
    """The root's own type cannot be ratcheted: both objects were converted to the same."""
    if correlated is None or (not path and name in ("kind", "apiVersion")):
        return None
    return correlated.key(name)


def _check_list(
    schema: ValueSchema, value: list[Any], path: str, correlated: Correlated | None, result: Result
) -> None:
    if schema.items is not None:
        for i, item in enumerate(value):
            if result.full:
                break
            below = correlated.index(i) if correlated is not None else None
            result.merge(validate_value(schema.items, item, field.index(path, i), below))
    if schema.min_items is not None and len(value) < schema.min_items:
        result.add_invalid(path, len(value), f"{path} in body should have at least {schema.min_items} items")
    if schema.max_items is not None and len(value) > schema.max_items:
        text = f"{path} in body should have at most {schema.max_items} items"
        result.add(text, field.too_many(path, len(value), schema.max_items))
    if schema.unique_items and not are_unique(value):
        result.add_invalid(path, "", f"{path} in body shouldn't contain duplicates")


def are_unique(items: list[Any]) -> bool:
    """Whether no two items are the same in Go's eyes."""
    seen: set[Any] = set()
    for item in items:
        kind = item.__class__
        key = orjson.dumps(item, option=orjson.OPT_SORT_KEYS) if kind is dict or kind is list else item
        if (kind, key) in seen:
            return False
        seen.add((kind, key))
    return True
