"""Decoded JSON as Go writes it."""

from typing import Any

import pytest

from pilothouse.apimachinery.structural.gojson import json_text


@pytest.mark.parametrize(("value", "text"), [
    ({"b": 1.0, "a": [1.5, None, True]}, '{"a":[1.5,null,true],"b":1}'),
    ("<&>", '"\\u003c\\u0026\\u003e"'),
    (2.0**70, "1.1805916207174113e+21"),
    (-3, "-3"),
])
def test_json_text(value: Any, text: str) -> None:
    assert json_text(value) == text
