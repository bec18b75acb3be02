"""Every kind, there and back."""

import random

import orjson
import pytest
from tests.apimachinery.codec.protobuf.samples import sample

from pilothouse.apimachinery.codec.protobuf import decoder, encoder, has_messages
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema import decode as schema

KINDS = sorted(set(catalog.kinds().values()))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_there_and_back(name: str) -> None:
    type = catalog.type_named(name)
    assert type is not None
    normalise, encode, decode = schema.decoder(type), encoder(type), decoder(type)
    for seed in range(6):
        obj = normalise(sample(type, random.Random(f"{name} {seed}"), fullness=seed / 5), None)
        message = encode(obj)
        again = normalise(decode(message), None)
        assert orjson.dumps(again) == orjson.dumps(obj)
        assert encode(again) == message


def test_every_type_has_its_numbers() -> None:
    types = {name: catalog.type_named(name) for name in catalog.names()}
    without = {name for name, type in types.items() if type and type.fields and not has_messages(type)}
    assert without == {"io.k8s.apimachinery.pkg.version.Info"}


def test_kept_json_may_be_empty() -> None:
    type = catalog.type_named("io.k8s.api.apps.v1.ControllerRevision")
    assert type is not None
    for data in ({}, [], 0, False, "", {"a": {}}):
        body = schema.decoder(type)({"data": data, "revision": 1}, None)
        assert schema.decoder(type)(decoder(type)(encoder(type)(body)), None) == body
