"""How a struct's fields lie in protobuf messages, as both directions need it (upstream: go-to-protobuf)."""

from typing import NamedTuple

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Field, Type


class Place(NamedTuple):
    """A field by its number; `embedded` are the fields of a message that Go embeds there (`field` is None)."""

    number: int
    field: Field | None
    embedded: tuple["Place", ...] = ()


def layout(type: Type) -> tuple[Place, ...]:
    """The fields of a struct in the order of their numbers, which is the order in which Go writes them."""
    return _arranged([(field.proto_path, field) for field in type.fields.values() if field.proto_path])


def has_messages(type: Type) -> bool:
    """Whether a kind can be told in protobuf at all: custom resources cannot."""
    return any(field.proto_path for field in type.fields.values())


def not_marshalable(type: Type) -> str:
    """What Go says where such a kind is asked for in protobuf."""
    go_name = f"*{type.go_name}" if type.name else "*unstructured.Unstructured"
    return (
        f"object {go_name} does not implement the protobuf marshalling interface and cannot be encoded to a protobuf "
        "message"
    )


def is_message(type: Type) -> bool:
    """Whether a list is a message of its own with the items in field 1, as Go's named lists of texts are (ExtraValue,
    Verbs), and not a repeated field."""
    named = type.kind == model.LIST and not type.go_name.startswith("[]")
    return named and type.items is not None and type.items.kind == model.SCALAR


def _arranged(paths: list[tuple[tuple[int, ...], Field]]) -> tuple[Place, ...]:
    by_number: dict[int, list[tuple[tuple[int, ...], Field]]] = {}
    for path, field in paths:
        by_number.setdefault(path[0], []).append((path[1:], field))
    return tuple(
        Place(number, None, _arranged(rest)) if rest[0][0] else Place(number, rest[0][1])
        for number, rest in sorted(by_number.items())
    )  # fmt: skip
