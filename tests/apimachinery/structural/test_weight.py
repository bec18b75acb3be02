from typing import Any

import pytest

from pilothouse.apimachinery.structural.weight import most_checks


@pytest.mark.parametrize(("schema", "expected"), [
    ({}, 1),
    ({"type": "object", "properties": {"a": {"type": "string"}, "b": {"anyOf": [{}, {}]}}}, 3),
    ({"items": {"oneOf": [{"not": {"properties": {"a": {"allOf": [{}]}}}}]}}, 5),
    ({"additionalProperties": {"enum": [*range(2000)]}, "required": ["a"] * 1000}, 100),
])
def test_most_checks(schema: dict[str, Any], expected: int) -> None:
    assert most_checks(schema) == expected
