"""What CEL sees of a structural schema: declared types, and how large their values can be (upstream: apiserver
pkg/cel/common/schemas.go, types.go; apiextensions-apiserver pkg/apiserver/schema/cel/model/schemas.go).

A schema that CEL cannot type (no type, a list without items) is not visible to expressions at all.
"""

from __future__ import annotations

from itertools import count
from typing import Final, NamedTuple

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.cost import Path, SizeEstimator
from pilothouse.apimachinery.cel.escaping import RESERVED, escape
from pilothouse.apimachinery.cel.sizes import Estimate
from pilothouse.apimachinery.cel.types import Field, ListType, StructType, Type
from pilothouse.apimachinery.structural.model import Schema, Structural

#: The largest request that costs are estimated for.
_MAX_REQUEST: Final = 3 * 1024 * 1024
_MAX_STRING: Final = _MAX_REQUEST - 2
#: (smallest JSON, largest JSON) of strings with these formats.
_TIMES: Final = {"duration": (3, 32), "date": (12, 12), "date-time": (21, 32)}
_STRING_SIZE: Final = 2
_names = count(1)


class Declared(NamedTuple):
    """A type, and the size of its smallest value as JSON."""

    type: Type
    min_size: int


_BOOL: Final = Declared(Type(t.BOOL, max_elements=0), 4)
_INT: Final = Declared(Type(t.INT, max_elements=0), 1)
_DOUBLE: Final = Declared(Type(t.DOUBLE, max_elements=0), 1)
_PLAIN_STRING: Final = Type(t.STRING, max_elements=0)
_TEXT: Final = Declared(Type(t.STRING, max_elements=_MAX_STRING), _STRING_SIZE)


def declare(schema: Structural, is_root: bool = False) -> Declared | None:
    """The type of values of a schema; None when expressions cannot see them. `is_root` adds the metadata that every
    object has."""
    if is_root:
        return schema.compiled("cel root type", lambda: _declare(schema, True))
    return schema.compiled("cel type", lambda: _declare(schema, False))


def _declare(schema: Structural, is_root: bool) -> Declared | None:
    validation = schema.value_validation
    if schema.int_or_string:
        longest = _MAX_STRING if validation.max_length is None else max(validation.max_length, 0) * 4
        return Declared(Type(t.DYN, max_elements=longest), 1)
    match schema.type:
        case "array":
            return _list(schema)
        case "object":
            return _object(schema, is_root)
        case "string":
            return _string(schema)
        case "boolean":
            return _BOOL
        case "number":
            return _DOUBLE
        case "integer":
            return _INT
    return None


def _below(schema: Structural) -> Declared | None:
    return declare(schema, schema.embedded_resource)


def _list(schema: Structural) -> Declared | None:
    item = None if schema.items is None else _below(schema.items)
    if item is None:
        return None
    limit = schema.value_validation.max_items
    most = _MAX_STRING // (item.min_size + 1) if limit is None else max(limit, 0)
    return Declared(ListType(item.type, most, schema.list_type or "", schema.list_map_keys), 2)


def _object(schema: Structural, is_root: bool) -> Declared | None:
    if isinstance(schema.additional_properties, Structural):
        value = _below(schema.additional_properties)
        if value is None:
            return None
        limit = schema.value_validation.max_properties
        most = _MAX_STRING // (value.min_size + 6) if limit is None else max(limit, 0)
        return Declared(t.map_of(_PLAIN_STRING, value.type, most), 2)
    fields: dict[str, Field] = {}
    size = 2
    required = frozenset(schema.value_validation.required)
    known = {name: (_below(child), child) for name, child in schema.properties.items()}
    if is_root and not _has_metadata(schema):
        known.update((name, (declared, None)) for name, declared in _metadata().items())  # type: ignore[misc]
    for name, (declared, child) in known.items():
        if declared is None:
            continue
        escaped = escape(name)
        if escaped is not None:
            fields[escaped] = Field(escaped, declared.type, name)
            if name in RESERVED:
                # what CEL reserves, yet parses as a name, may stand for itself (types.go, FindStructFieldType)
                fields.setdefault(name, Field(name, declared.type, name))
        if name in required and (child is None or child.default is None):
            size += len(name.encode()) + declared.min_size + 4
    return Declared(StructType(f"selfType{next(_names)}", fields, 0), size)


def _metadata() -> dict[str, Declared]:
    parts = {name: Field(name, _TEXT.type) for name in ("name", "generateName")}
    metadata = Declared(StructType(f"selfType{next(_names)}.metadata", parts, 0), 2)
    return {"kind": _TEXT, "apiVersion": _TEXT, "metadata": metadata}


def _has_metadata(schema: Structural) -> bool:
    properties = schema.properties
    metadata = properties.get("metadata")
    return (
        metadata is not None and metadata.type == "object"
        and all(name in properties and properties[name].type == "string" for name in ("kind", "apiVersion"))
        and all(
            name in metadata.properties and metadata.properties[name].type == "string"
            for name in ("name", "generateName")
        )
    )


def _string(schema: Schema) -> Declared:
    validation = schema.value_validation
    if validation.format in _TIMES:
        smallest, largest = _TIMES[validation.format]
        kind = t.DURATION if validation.format == "duration" else t.TIMESTAMP
        return Declared(Type(kind, max_elements=largest), smallest)
    limit = validation.max_length
    if validation.format == "byte":
        most = _MAX_STRING if limit is None else max(limit, 0)
        return Declared(Type(t.BYTES, max_elements=most), _STRING_SIZE)
    if limit is not None:
        most = max(limit, 0) * 4
    elif validation.enum:
        most = max((len(v.encode()) for v in validation.enum if isinstance(v, str)), default=0)
    else:
        return _TEXT
    return Declared(Type(t.STRING, max_elements=most), _STRING_SIZE)


def sizes_within(root: Type) -> SizeEstimator:
    """How large the values can be that a path from `self` leads to."""

    def size(path: Path, declared: Type) -> Estimate | None:
        if not path:
            return None
        at = root
        for step in path[1:]:
            if step in ("@items", "@values"):
                if at.kind not in (t.LIST, t.MAP):
                    return None
                at = at.params[-1]
            elif step == "@keys":
                if at.kind != t.MAP:
                    return None
                at = at.params[0]
            else:
                found = t.field_type(at, step)
                if found is None:
                    return None
                at = found.type
        return Estimate(0, at.max_elements or 0)

    return size


def max_cardinality(declared: Declared) -> int:
    """How many such values fit into a request."""
    return _MAX_REQUEST // (declared.min_size + 1)
