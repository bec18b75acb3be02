"""The quick ways through field sets give what the long ones do, for values of every kind, sound or not."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from pilothouse.apimachinery.managedfields import fieldset, validate
from pilothouse.apimachinery.managedfields.compile import compile_type
from pilothouse.apimachinery.managedfields.fieldset import FieldSet
from pilothouse.apimachinery.managedfields.typed import Node, TypedError
from pilothouse.apimachinery.schema.catalog import kinds, type_for
from pilothouse.apimachinery.schema.decode import DecodeError, decoder
from tests.properties.generate import mutate, value


def _values(decoded: bool) -> Iterator[tuple[Node, Any]]:
    rng = Random(7)
    for gvk in kinds():
        type = type_for(gvk)
        assert type is not None
        node = compile_type(type)
        for _ in range(3):
            obj = value(rng, type)
            for candidate in (obj, mutate(rng, type, obj)):
                if decoded:
                    try:
                        candidate = decoder(type, keep_empty=True)(candidate, None)
                    except DecodeError:
                        continue
                yield node, candidate


def _text(fields: FieldSet | None) -> str:
    return json.dumps(fields)


def test_who_creates_an_object_owns_how_it_differs_from_nothing() -> None:
    count = 0
    for node, obj in _values(decoded=True):
        try:
            expected = node.diff({}, obj)[0] or {}
        except TypedError:
            continue
        created = node.created(obj) or {}
        assert _text(created) == _text(fieldset.sort(expected))
        count += 1
    assert count > 1000


def test_sets_of_objects_are_made_in_the_order_in_which_they_are_written() -> None:
    for node, obj in _values(decoded=True):
        try:
            fields, owned = node.fields(obj) or {}, node.owned(obj)
        except TypedError:
            continue
        assert _text(fields) == _text(fieldset.sort(fields))
        assert _text(owned) == _text(fieldset.sort(owned))


def test_a_value_fits_when_validation_finds_nothing() -> None:
    fitting = 0
    for node, obj in _values(decoded=False):
        errors: validate.Errors = []
        validate.check(node, obj, "", errors)
        assert obj is None or node.fits(obj) == (not errors), (obj, errors)
        fitting += not errors
    assert fitting > 300
