"""Objects of any type, made from its schema."""

import random
from typing import Any

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Type

_TEXTS = ("", "a", "läng", "x" * 200, "\u2028<&>")
_SCALARS: dict[str, tuple[Any, ...]] = {
    model.STRING: _TEXTS,
    model.BOOL: (True, False),
    model.INT32: (0, 1, 127, 128, -1, 2**31 - 1, -(2**31)),
    model.INT64: (0, 1, 300, -1, 2**63 - 1, -(2**63)),
    model.DOUBLE: (0, 1.5, -2.25, 3),
    model.BYTES: ("AP8=", "", "YWJj"),
    model.QUANTITY: ("0", "100m", "1Gi", "-5"),
    model.INT_OR_STRING: (0, 8080, -1, "50%", "http"),
    model.TIME: ("2026-11-23T09:44:04Z", "1969-12-31T23:59:59Z", None),
    model.MICRO_TIME: ("2026-11-23T09:44:04.000120Z", "1969-12-31T23:59:59.500000Z", None),
    model.DURATION: ("0s", "1m30s", "-1.5s"),
    model.RAW: ({"a": [1, None, {"b": "<"}]}, "text", 7, None),
}


def sample(type: Type, chance: random.Random, *, fullness: float = 0.7, depth: int = 0) -> Any:
    """A value of `type`; each field is there with the probability `fullness`, less so the deeper it lies."""
    likely = fullness * 0.93**depth
    match type.kind:
        case model.STRUCT:
            return {
                name: sample(field.type, chance, fullness=fullness, depth=depth + 1)
                for name, field in type.fields.items()
                if field.proto_path and chance.random() < likely and depth < 12
            }
        case model.LIST:
            assert type.items is not None
            return [sample(type.items, chance, fullness=fullness, depth=depth + 1) for _ in range(chance.randint(0, 2))]
        case model.MAP:
            assert type.values is not None
            keys = chance.sample(("a", "b.c/d", "ü", ""), chance.randint(0, 3))
            return {key: sample(type.values, chance, fullness=fullness, depth=depth + 1) for key in keys}
    if type.format in _SCALARS:
        return chance.choice(_SCALARS[type.format])
    assert type.items is not None
    other = {model.SCHEMA_OR_BOOL: True, model.SCHEMA_OR_STRINGS: ["a", "b"]}
    if type.format in other and chance.random() < 0.5:
        return other[type.format]
    schema = sample(type.items, chance, fullness=fullness / 2, depth=depth + 3)
    return [schema, {}] if type.format == model.SCHEMA_OR_ARRAY and chance.random() < 0.5 else schema
