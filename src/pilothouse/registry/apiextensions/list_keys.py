"""Items and keys of lists of type "set" and "map" in a definition's schema (upstream: apiextensions-apiserver
pkg/apis/apiextensions/validation)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.registry.apiextensions import go_dump
from pilothouse.registry.rules import NONE, Errors, Obj

_TYPE: Final = "x-kubernetes-list-type"
_KEYS: Final = "x-kubernetes-list-map-keys"
_MAP_TYPE: Final = "x-kubernetes-map-type"
_LIST_TYPES: Final = ("atomic", "set", "map")
_IS_KEY: Final = "this property is in x-kubernetes-list-map-keys, so it"


def validate_list_items(schema: Obj) -> Errors:
    """Items of sets and maps are never null; keys are required or have a default."""
    list_type, items = schema.get(_TYPE), schema.get("items")
    if list_type not in ("set", "map") or not isinstance(items, Mapping):
        return NONE
    errors = []
    if items.get("nullable"):
        errors.append(field.forbidden("items.nullable", f"cannot be nullable when {_TYPE} is {list_type}"))
    required, properties = frozenset(items.get("required") or ()), items.get("properties") or {}
    for key in schema.get(_KEYS) or () if list_type == "map" else ():
        if key not in properties:
            continue
        at = f"items.properties[{key}]"
        if key not in required and properties[key].get("default") is None:
            errors.append(field.required(f"{at}.default", f"{_IS_KEY} must have a default or be a required property"))
        if properties[key].get("nullable"):
            errors.append(field.forbidden(f"{at}.nullable", f"{_IS_KEY} cannot be nullable"))
    return errors


def validate_list_type(schema: Obj, require_atomic_sets: bool) -> Errors:
    list_type, keys = schema.get(_TYPE), schema.get(_KEYS) or []
    if list_type is None and not keys:
        return NONE
    errors: list[field.Error] = []
    if list_type is not None and schema.get("type") != "array":
        errors.append(_wrong_type(schema, f"must be array if {_TYPE} is specified"))
    elif require_atomic_sets and list_type == "set":
        errors += _validate_set_items(schema.get("items"))
    if list_type is not None and list_type not in _LIST_TYPES:
        errors.append(field.not_supported(_TYPE, list_type, _LIST_TYPES))
    if keys and list_type != "map":
        text = f"must be map if {_KEYS} is non-empty"
        errors.append(field.required(_TYPE, text) if list_type is None else field.invalid(_TYPE, list_type, text))
    if list_type == "map":
        errors += _validate_map(schema, keys)
    return errors


def validate_map_type(schema: Obj) -> Errors:
    map_type = schema.get(_MAP_TYPE)
    if map_type is None:
        return NONE
    errors = []
    if schema.get("type") != "object":
        errors.append(_wrong_type(schema, f"must be object if {_MAP_TYPE} is specified"))
    if map_type not in ("atomic", "granular"):
        errors.append(field.not_supported(_MAP_TYPE, map_type, ("atomic", "granular")))
    return errors


def _wrong_type(schema: Obj, text: str) -> field.Error:
    found = schema.get("type")
    return field.invalid("type", found, text) if found else field.required("type", text)


def _validate_set_items(items: Any) -> Errors:
    text = f"must be atomic as item of a list with {_TYPE}=set"
    if not isinstance(items, Mapping):
        return NONE
    list_type = items.get(_TYPE)
    if items.get("type") == "array" and list_type not in (None, "atomic"):
        return (field.invalid(f"items.{_TYPE}", list_type, text),)
    if items.get("type") == "object" and items.get(_MAP_TYPE) != "atomic":
        # upstream shows the list type here: kept
        return (field.invalid(f"items.{_MAP_TYPE}", list_type, text),)
    return NONE


def _validate_map(schema: Obj, keys: list[str]) -> Errors:
    errors, items = [], schema.get("items")
    if not keys:
        errors.append(field.required(_KEYS, f"must not be empty if {_TYPE} is map"))
    if items is None:
        errors.append(field.required("items", f"must have a schema if {_TYPE} is map"))
    elif not isinstance(items, Mapping):
        text = f"must only have a single schema if {_TYPE} is map"
        errors.append(field.invalid("items", go_dump.items(items), text))
    elif items.get("type") != "object":
        text = f"must be object if parent array's {_TYPE} is map"
        errors.append(field.invalid("items.type", items.get("type") or "", text))
    else:
        errors += _validate_keys(keys, items)
    return errors


def _validate_keys(keys: list[str], items: Obj) -> Errors:
    errors, properties, seen = [], items.get("properties") or {}, set()
    for key in keys:
        if key not in properties:
            errors.append(field.invalid(_KEYS, keys, "entries must all be names of item properties"))
        elif properties[key].get("type") in ("array", "object"):
            text = f"must be a scalar type if parent array's {_TYPE} is map"
            # upstream shows the type of the items here: kept
            errors.append(field.invalid(f"items.properties[{key}].type", items.get("type"), text))
        if key in seen:
            errors.append(field.invalid(_KEYS, keys, "must not contain duplicate entries"))
        seen.add(key)
    return errors
