"""From `schema.model.Type` to the nodes of `typed` (upstream: k8s.io/kube-openapi pkg/schemaconv).

Fields that Go always writes (see `model.Field.omit`) count as present with their zero value. A custom resource has
no such fields: its types say `pointer=True` for all of them.
"""

from typing import Any, Final

from pilothouse.apimachinery.managedfields.deduced import Deduced
from pilothouse.apimachinery.managedfields.lists import Items, SetItems
from pilothouse.apimachinery.managedfields.typed import Atomic, Mapping, Node
from pilothouse.apimachinery.schema import model

_COMPILED: Final = "managedfields"
DEDUCED: Final = Deduced()

_SCALARS: Final = {
    model.STRING: "string", model.BYTES: "string", model.DURATION: "string", model.BOOL: "boolean",
    model.INT32: "numeric", model.INT64: "numeric", model.DOUBLE: "numeric",
}
_SCHEMA_FORMATS: Final = (model.SCHEMA_OR_ARRAY, model.SCHEMA_OR_BOOL, model.SCHEMA_OR_STRINGS)
_ZERO_SCALARS: Final = {
    model.STRING: "", model.BOOL: False, model.INT32: 0, model.INT64: 0, model.DOUBLE: 0, model.QUANTITY: "0",
    model.INT_OR_STRING: 0, model.DURATION: "0s",
}
#: Scalars that are structs in Go, which `omitempty` does not leave out.
_STRUCT_SCALARS: Final = (
    model.QUANTITY, model.INT_OR_STRING, model.TIME, model.MICRO_TIME, model.DURATION, model.RAW,
)


def compile_type(type: model.Type) -> Node:
    """The node of a type; compiled on first use and kept with the type."""
    known = type.compiled.get(_COMPILED)
    if isinstance(known, Node):
        return known
    node = _compile(type)
    _mark_schemaless(node)
    return node


def _mark_schemaless(root: Node) -> None:
    """Mark all nodes below `root`; they may be in circles, so this goes on until nothing changes."""
    nodes = {id(root): root}
    left = [root]
    while left:
        new = [node for node in left.pop().parts() if id(node) not in nodes]
        nodes.update((id(node), node) for node in new)
        left += new
    inner_first = list(reversed(nodes.values()))
    # all of them each time: to begin anew at the first change is quadratic
    while sum(node.mark() for node in inner_first):
        pass


def _part(type: model.Type) -> Node:
    known = type.compiled.get(_COMPILED)
    return known if isinstance(known, Node) else _compile(type)


def _compile(type: model.Type) -> Node:
    match type.kind:
        case model.STRUCT | model.MAP:
            return _compile_mapping(type)
        case model.LIST:
            return _compile_list(type)
    return _keep(type, _compile_scalar(type))


def _keep(type: model.Type, node: Node) -> Node:
    type.compiled[_COMPILED] = node
    return node


def _compile_scalar(type: model.Type) -> Node:
    if type.format in _SCHEMA_FORMATS or (type.format == model.RAW and type.go_name != "runtime.RawExtension"):
        return DEDUCED
    if type.format == model.RAW:
        return Node("any")
    return Node(_SCALARS.get(type.format, "untyped"))


def _compile_mapping(type: model.Type) -> Node:
    node = Deduced() if type.format == model.RAW else Mapping()
    kept = _keep(type, Atomic(node) if type.atomic else node)  # before its parts: a type may contain itself
    for name, field in type.fields.items():
        node.declared[name] = _part(field.type)
        if _always_written(field):
            node.zeros[name] = _zero(field)
    if type.values is not None:
        node.values = _part(type.values)
    elif type.preserve_unknown or not type.fields:
        node.values = DEDUCED
    return kept


def _compile_list(type: model.Type) -> Node:
    if type.list_type == "map":
        node: Items = Items(type.map_keys, type.key_defaults)
    elif type.list_type == "set":
        node = SetItems()
    else:
        node = Items()
    kept = _keep(type, node if type.list_type in ("map", "set") else Atomic(node))
    node.item = DEDUCED if type.items is None else _part(type.items)
    if isinstance(node.item, Mapping):
        # The documents give fields that Go always writes their zero value as a default.
        zeros = {name: node.item.zeros[name] for name in node.keys if node.item.zeros.get(name) is not None}
        node.defaults = {**zeros, **node.defaults}
    return kept


def _always_written(field: model.Field) -> bool:
    if field.omit != "empty":
        return field.omit == ""
    return not field.pointer and (field.type.kind == model.STRUCT or field.type.format in _STRUCT_SCALARS)


def _zero(field: model.Field) -> Any:
    if field.pointer or field.type.kind in (model.LIST, model.MAP):
        return None
    return {} if field.type.kind == model.STRUCT else _ZERO_SCALARS.get(field.type.format)
