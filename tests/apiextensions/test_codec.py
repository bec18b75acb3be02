"""What a body weighs once its defaults are set."""

import orjson
import pytest

from pilothouse.apiextensions.codec import CustomBodies
from pilothouse.apiextensions.shape import Shape
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints.bodies import IGNORE
from pilothouse.endpoints.negotiation import JSON, YAML

GVK = GroupVersionKind("example.com", "v1", "Widget")
EMPTY = b'{"apiVersion":"example.com/v1","kind":"Widget","spec":{}}'


def bodies(defaults: int) -> CustomBodies:
    fields = {f"field{i}": {"type": "string", "default": "value"} for i in range(defaults)}
    spec = {"type": "object", "properties": fields}
    schema = {"type": "object", "properties": {"spec": spec, "specs": {"type": "array", "items": spec}}}
    return CustomBodies(GVK, lambda: Shape(GVK, {"schema": {"openAPIV3Schema": schema}}))


@pytest.mark.parametrize(("defaults", "heavy", "grown"), [
    (0, False, False), (20, False, False), (2000, False, True), (20_000, True, True),
])
def test_small_bodies_may_become_large_objects(defaults: int, heavy: bool, grown: bool) -> None:
    taken = bodies(defaults)
    assert taken.is_heavy(EMPTY) is heavy
    obj = taken.decode(EMPTY, JSON, IGNORE, Context())
    assert len(obj["spec"]) == defaults
    assert taken.has_grown(EMPTY, obj) is grown


@pytest.mark.parametrize(("body", "media_type"), [
    (b'{"apiVersion":"example.com/v1","kind":"Widget","specs":[' + b"{}," * 299 + b"{}]}", JSON),
    (b"apiVersion: example.com/v1\nkind: Widget\nspecs:\n" + b"- {}\n" * 300, YAML),
])
def test_each_object_of_a_body_has_its_defaults(body: bytes, media_type: str) -> None:
    assert bodies(200).is_heavy(body)
    assert not bodies(2).is_heavy(body)


def test_bodies_whose_defaults_would_fill_the_memory_are_too_large() -> None:
    body = b'{"apiVersion":"example.com/v1","kind":"Widget","specs":[' + b"{}," * 300_000 + b"{}]}"
    taken = bodies(2000)
    with pytest.raises(StatusError) as caught:
        taken.decode(body, JSON, IGNORE, Context())
    assert caught.value.code == 413
    stored = orjson.loads(body)
    taken._shape.restore(stored)  # what was stored before is served all the same
    assert len(stored["specs"][0]) == 2000


def test_small_bodies_are_heavy_for_schemas_of_many_alternatives() -> None:
    alternatives = {"type": "array", "items": {"type": "string", "anyOf": [{"pattern": f"a{i}"} for i in range(300)]}}
    schema = {"type": "object", "properties": {"spec": alternatives}}
    taken = CustomBodies(GVK, lambda: Shape(GVK, {"schema": {"openAPIV3Schema": schema}}))
    body = b'{"apiVersion":"example.com/v1","kind":"Widget","spec":[' + b'"a",' * 100 + b'"a"]}'
    assert taken.is_heavy(body)
    assert not taken.is_heavy(EMPTY)
    assert taken.has_grown(b"{}", orjson.loads(body))
    assert not bodies(0).is_heavy(body)
