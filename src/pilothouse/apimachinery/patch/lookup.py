"""Patch strategies and merge keys of fields (upstream: strategicpatch/meta.go, third_party/forked/golang/json)."""

from typing import NamedTuple

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Field, Type
from pilothouse.apimachinery.status import StatusError, plain_internal


class Struct(NamedTuple):
    """A field that holds an object."""

    type: Type
    strategy: str


class List(NamedTuple):
    """A field that holds a list."""

    item: Type
    item_kind: str
    strategy: str
    merge_key: str


def lookup_struct(parent: Type | None, name: str) -> Struct:
    """Raises 500, as upstream, for what the type does not have."""
    field = _field(parent, name)
    return Struct(field.type, _strategy(field))


def lookup_list(parent: Type | None, name: str) -> List:
    """Raises as `lookup_struct` does."""
    field = _field(parent, name)
    item = field.type.items
    if field.type.kind != model.LIST or item is None:
        raise plain_internal("expected slice or array type, but got: struct")
    if item.kind == model.LIST:
        raise plain_internal("unexpected slice of slice")
    return List(item, _go_kind(item), _strategy(field), field.patch_merge_key)


def _field(parent: Type | None, name: str) -> Field:
    if parent is None or parent.kind in (model.MAP, model.LIST):
        kind = "map" if parent is None or parent.kind == model.MAP else "slice"
        raise plain_internal(f"merging an object in json but data type is not struct, instead is: {kind}")
    field = parent.fields.get(name) or _folded(parent, name)
    if field is None:
        raise _unknown(parent, name)
    return field


def _folded(parent: Type, name: str) -> Field | None:
    """Go finds fields whatever the case of their letters."""
    folded = name.casefold()
    return next((field for field in parent.fields.values() if field.name.casefold() == folded), None)


def _unknown(parent: Type, name: str) -> StatusError:
    struct = (parent.go_name or parent.name).rpartition(".")[2]
    return plain_internal(f'unable to find api field in struct {struct} for the json field "{name}"')


def _strategy(field: Field) -> str:
    """The strategy beside retainKeys, which the patch itself asks for."""
    return next((strategy for strategy in field.patch_strategy if strategy != "retainKeys"), "")


def _go_kind(type: Type) -> str:
    return type.kind if type.kind in (model.STRUCT, model.MAP) else "struct"
