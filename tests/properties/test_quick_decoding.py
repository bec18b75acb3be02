"""The functions made for shapes that are met often decode as the general way does, errors included."""

import json
from random import Random
from typing import Any

import pytest

from pilothouse.apimachinery.schema import quick
from pilothouse.apimachinery.schema.catalog import kinds, type_for
from pilothouse.apimachinery.schema.decode import DecodeError, decoder
from pilothouse.apimachinery.schema.model import Type
from tests.properties.generate import mutate, value


def _types() -> list[Type]:
    found = [type_for(gvk) for gvk in kinds()]
    return [type for type in found if type is not None]


def _forget(type: Type | None, seen: set[int]) -> None:
    """Drop what was compiled for a type and all that it holds."""
    if type is None or id(type) in seen:
        return
    seen.add(id(type))
    type.compiled.clear()
    for part in (type.items, type.values, *(field.type for field in type.fields.values())):
        _forget(part, seen)


def _decoded(cases: list[tuple[Type, Any]], times: int) -> list[str]:
    seen: set[int] = set()
    for type in _types():
        _forget(type, seen)
    results = []
    for type, obj in cases:
        for keep_empty in (False, True):
            for _ in range(times):
                unknown: list[str] = []
                try:
                    result = json.dumps([decoder(type, keep_empty=keep_empty)(obj, unknown), unknown])
                except DecodeError as e:
                    result = f"refused: {e}"
            results.append(result)
    return results


def test_what_is_decoded_often_comes_out_as_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(11)
    cases: list[tuple[Type, Any]] = []
    for type in _types():
        obj = value(rng, type)
        cases += [(type, obj), (type, mutate(rng, type, obj)), (type, mutate(rng, type, obj))]
    before = json.dumps([obj for _, obj in cases])
    monkeypatch.setattr(quick, "WORTH", 1 << 60)
    general = _decoded(cases, 1)
    monkeypatch.setattr(quick, "WORTH", 1)
    assert _decoded(cases, 3) == general
    assert json.dumps([obj for _, obj in cases]) == before
    assert sum(result.startswith("refused") for result in general) > 50
