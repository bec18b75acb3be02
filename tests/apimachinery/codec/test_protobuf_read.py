"""Protobuf bodies. The samples were sent by kubectl 1.32."""

import struct

import pytest

from pilothouse.apimachinery.codec import protobuf_read as protobuf
from pilothouse.apimachinery.codec.protobuf_read import ProtobufError
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.decode import decoder
from pilothouse.apimachinery.schema.model import Field, Type

DEPLOYMENT = (
    "6b3873000a150a07617070732f7631120a4465706c6f796d656e7412b0010a1b0a016412001a0022002a003200380042005a080a03617070"
    "1201641282010802120a0a080a036170701201641a6a0a1a0a0012001a0022002a003200380042005a080a03617070120164124c122e0a05"
    "6e67696e7812056e67696e782a00320a0a001000185022002a0042006a007200800100880100900100a201001a00320042004a0052005800"
    "600068008201008a01009a0100c2010022020a00280038001a0c0800100018002000280038001a002200"
)
BUDGET = (
    "6b3873000a200a09706f6c6963792f76311213506f6444697372757074696f6e42756467657412360a110a017012001a0022002a00320038"
    "00420012150a09080110001a0335302512080a060a01611201621a0a080018002000280030001a002200"
)
QUOTA = (
    "6b3873000a130a027631120d5265736f7572636551756f746112300a110a017112001a0022002a0032003800420012190a0a0a0363707512"
    "030a01310a0b0a04706f647312030a01321a001a002200"
)


def sent(text: str, gvk: GroupVersionKind) -> object:
    envelope = protobuf.open_envelope(bytes.fromhex(text))
    assert (envelope.api_version, envelope.kind) == (gvk.api_version, gvk.kind)
    type = catalog.type_for(gvk)
    assert type is not None
    return decoder(type)(protobuf.decode(type, envelope.raw), None)


def test_a_deployment() -> None:
    template = {
        "metadata": {"labels": {"app": "d"}},
        "spec": {"containers": [
            {"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80}], "resources": {}},
        ]},
    }
    assert sent(DEPLOYMENT, GroupVersionKind("apps", "v1", "Deployment")) == {
        "metadata": {"name": "d", "labels": {"app": "d"}},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "d"}}, "template": template, "strategy": {},
        },
        "status": {},
    }


def test_numbers_or_texts_and_quantities() -> None:
    budget = sent(BUDGET, GroupVersionKind("policy", "v1", "PodDisruptionBudget"))
    assert isinstance(budget, dict)
    assert budget["spec"] == {"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}}
    quota = sent(QUOTA, GroupVersionKind("", "v1", "ResourceQuota"))
    assert isinstance(quota, dict)
    assert quota["spec"] == {"hard": {"cpu": "1", "pods": "2"}}


def scalar(format: str) -> Type:
    made = Type(model.SCALAR)
    made.format = format
    return made


def listed(items: Type) -> Type:
    made = Type(model.LIST)
    made.items = items
    return made


def of(type: Type, value: bytes, number: int = 1, wire: int = 2) -> object:
    """What a struct with one field reads from one value."""
    made = Type(model.STRUCT)
    made.fields = {"f": Field("f", type, proto_path=(1,))}
    length = bytes([len(value)]) if wire == 2 else b""
    return protobuf.decode(made, bytes([number << 3 | wire]) + length + value).get("f")


@pytest.mark.parametrize(("format", "wire", "value", "expected"), [
    (model.STRING, 2, b"text", "text"),
    (model.BYTES, 2, b"\x00\xff", "AP8="),
    (model.BOOL, 0, b"\x01", True),
    (model.INT32, 0, b"\xff" * 9 + b"\x01", -1),
    (model.INT64, 0, b"\x80\x01", 128),
    (model.DOUBLE, 1, struct.pack("<d", 1.5), 1.5),
    (model.TIME, 2, b"\x08\x80\x01", "1970-01-01T00:02:08Z"),
    (model.TIME, 2, b"", None),
    (model.MICRO_TIME, 2, b"\x08\x01\x10\xe8\x07", "1970-01-01T00:00:01.000001Z"),
    (model.DURATION, 2, b"\x08\x80\x94\xeb\xdc\x03", "1s"),
    (model.INT_OR_STRING, 2, b"\x08\x00\x10\x05\x1a\x00", 5),
    (model.RAW, 2, b'\x0a\x07{"a":1}', {"a": 1}),
    (model.RAW, 2, b"", None),
])
def test_scalars(format: str, wire: int, value: bytes, expected: object) -> None:
    assert of(scalar(format), value, wire=wire) == expected


def test_lists_may_be_packed() -> None:
    assert of(listed(scalar(model.INT32)), b"\x01\x02", wire=2) == [1, 2]
    assert of(listed(scalar(model.INT32)), b"\x03", wire=0) == [3]


def test_lists_in_maps_are_messages() -> None:
    made = Type(model.MAP)
    made.values = listed(scalar(model.STRING))
    assert of(made, b"\x0a\x01k\x12\x06\x0a\x01a\x0a\x01b") == {"k": ["a", "b"]}


def test_fields_nobody_knows_are_left_out() -> None:
    assert of(scalar(model.STRING), b"x", number=9) is None


@pytest.mark.parametrize("data", [
    b"{}", protobuf.MAGIC + b"\x0a\x05", protobuf.MAGIC + b"\x0f", protobuf.MAGIC + b"\xff" * 12,
    protobuf.MAGIC + b"\x12", protobuf.MAGIC + b"\x08\x01",
])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(ProtobufError):
        protobuf.open_envelope(data)


@pytest.mark.parametrize(("format", "wire", "value"), [
    (model.STRING, 0, b"\x01"), (model.INT32, 2, b"x"), (model.DOUBLE, 0, b"\x01"), (model.RAW, 2, b"\x0a\x01{"),
    (model.TIME, 2, b"\x08" + b"\xff" * 8 + b"\x7f"),
])
def test_values_of_another_kind(format: str, wire: int, value: bytes) -> None:
    with pytest.raises(ProtobufError):
        of(scalar(format), value, wire=wire)


def test_deep_nesting_is_refused() -> None:
    type = catalog.type_named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
    assert type is not None
    number = type.fields["not"].proto_path[0]
    raw = b""
    for _ in range(3000):
        raw = _length(number << 3 | 2) + _length(len(raw)) + raw
    with pytest.raises(ProtobufError, match="exceeded max depth"):
        protobuf.decode(type, raw)


def _length(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
