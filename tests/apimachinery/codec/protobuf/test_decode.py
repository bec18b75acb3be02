"""Messages to JSON, and what is wrong with some."""

import pytest

from pilothouse.apimachinery.codec.protobuf import decoder
from pilothouse.apimachinery.codec.protobuf.wire import delimited, tag
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.decode_error import DecodeError
from pilothouse.apimachinery.schema.model import Field, Type

SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"


def read(name: str, data: bytes) -> dict[str, object]:
    type = catalog.type_named(f"io.k8s.api.core.v1.{name}" if "." not in name else name)
    assert type is not None
    return decoder(type)(data)


def of(type: Type, data: bytes) -> object:
    """What a struct with one field reads."""
    made = Type(model.STRUCT)
    made.fields = {"f": Field("f", type, proto_path=(1,))}
    return decoder(made)(data).get("f")


def listed(format: str) -> Type:
    made = Type(model.LIST)
    made.go_name = "[]"
    made.items = Type(model.SCALAR)
    made.items.format = format
    return made


def test_embedded_messages_are_flat() -> None:
    assert read("ConfigMapKeySelector", b"\x0a\x03\x0a\x01n\x12\x01k") == {"name": "n", "key": "k"}


def test_a_message_that_comes_twice_is_one() -> None:
    found = read("ConfigMap", b"\x0a\x03\x0a\x01n\x0a\x03\x1a\x01s")
    assert found == {"metadata": {"name": "n", "namespace": "s"}}


def test_of_values_that_come_twice_the_last_counts() -> None:
    assert read("ConfigMapKeySelector", b"\x12\x01a\x12\x00\x18\x01\x18\x00") == {"key": "", "optional": False}


def test_numbers_may_be_packed() -> None:
    assert of(listed(model.INT32), b"\x0a\x03\x01\x80\x01") == [1, 128]
    assert of(listed(model.INT32), b"\x08\x03\x08\x04") == [3, 4]
    assert of(listed(model.DOUBLE), b"\x0a\x08" + bytes(8)) == [0.0]


def test_entries_of_maps_may_lack_key_and_value() -> None:
    assert read("ConfigMap", b"\x12\x03\x0a\x01k\x12\x03\x12\x01v\x1a\x00") == {
        "data": {"k": "", "": "v"}, "binaryData": {"": ""},
    }
    assert read("ConfigMap", b"\x12\x08\x0a\x01k\x12\x01v\x18\x01") == {"data": {"k": "v"}}


def test_fields_nobody_knows_are_skipped() -> None:
    assert read("ConfigMap", b"\xfa\x01\x01x\x20\x01") == {"immutable": True}


@pytest.mark.parametrize(("data", "message"), [
    (b"\x08\x01", "proto: wrong wireType = 0 for field ObjectMeta"),
    (b"\x22\x00", "proto: wrong wireType = 2 for field Immutable"),
    (b"\x0a\x05a", "unexpected EOF"),
    (b"\x0a", "unexpected EOF"),
    (b"\x12\x02\x0a\x09", "unexpected EOF"),
    (b"\x0a\x02\x0a\x09", "unexpected EOF"),
    (b"\x87\x01", "illegal wireType 7"),
    (b"\x00", r"proto: ConfigMap: illegal tag 0 \(wire type 0\)"),
    (b"\x0c", "proto: ConfigMap: wiretype end group for non-group"),
])
def test_broken_messages(data: bytes, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        read("ConfigMap", data)


def test_what_may_stand_in_a_schemas_place() -> None:
    type = catalog.type_named(SCHEMA)
    assert type is not None
    items, more = (tag(type.fields[name].proto_path[0], 2) for name in ("items", "additionalProperties"))
    assert read(SCHEMA, items + b"\x04\x0a\x02\x0a\x00") == {"items": {}}
    assert read(SCHEMA, items + b"\x04\x12\x00\x12\x00") == {"items": [{}, {}]}
    assert read(SCHEMA, items + b"\x00") == {"items": None}
    assert read(SCHEMA, more + b"\x02\x08\x01") == {"additionalProperties": True}
    assert read(SCHEMA, more + b"\x06\x08\x01\x12\x02\x0a\x00") == {"additionalProperties": {}}


def test_deep_nesting_is_refused() -> None:
    type = catalog.type_named(SCHEMA)
    assert type is not None
    raw, number = b"", type.fields["not"].proto_path[0]
    for _ in range(3000):
        raw = tag(number, 2) + delimited(raw)
    with pytest.raises(DecodeError, match="exceeded max depth"):
        decoder(type)(raw)
