"""Broken input is refused in words, whatever it is."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.apimachinery.codec.protobuf.samples import sample

from pilothouse.apimachinery.codec.decode_object import ObjectDecoder
from pilothouse.apimachinery.codec.protobuf import encoder, envelope
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema import decode as schema
from pilothouse.apimachinery.status import StatusError

PROTOBUF = "application/vnd.kubernetes.protobuf"
POD = GroupVersionKind("", "v1", "Pod")
DEFINITION = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


def decode(gvk: GroupVersionKind, data: bytes) -> None:
    try:
        ObjectDecoder(gvk, "internal").decode(data, PROTOBUF)
    except StatusError as error:
        assert error.code == 400
        assert gvk.kind in error.message


@given(st.binary(max_size=200))
@example(b"\x0a\xff\xff\xff\xff\x0f")
def test_any_bytes(raw: bytes) -> None:
    decode(POD, raw)
    decode(POD, envelope.MAGIC + raw)
    decode(POD, envelope.seal(envelope.head("Pod", "v1"), raw))


@pytest.mark.parametrize("gvk", [POD, DEFINITION], ids=lambda gvk: gvk.kind)
@settings(max_examples=60)
@given(seed=st.integers(0, 10_000))
def test_damaged_objects(gvk: GroupVersionKind, seed: int) -> None:
    chance = random.Random(seed)
    type = catalog.type_for(gvk)
    assert type is not None
    message = encoder(type)(schema.decoder(type)(sample(type, chance, fullness=0.5), None))
    sealed = bytearray(envelope.seal(envelope.head(gvk.kind, gvk.api_version), message))
    for _ in range(chance.randint(1, 4)):
        sealed[chance.randrange(4, len(sealed))] = chance.randrange(256)
    decode(gvk, bytes(sealed[: chance.randint(5, len(sealed))] if chance.random() < 0.2 else sealed))
