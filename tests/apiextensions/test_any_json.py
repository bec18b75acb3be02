"""Whatever schemas and objects look like, nothing on their way fails but in the ways that it should."""

import copy
from typing import Any

from hypothesis import given

from pilothouse.apiextensions.printercolumns import ColumnPrinter
from pilothouse.apiextensions.shape import Shape
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.schema.decode import DecodeError
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.structural import listtype, objectmeta
from pilothouse.apimachinery.structural.values import ValueValidator
from tests.apimachinery.structural.strategies import OBJECTS, SCHEMAS, UNHURRIED

GVK = GroupVersionKind("example.com", "v1", "Sample")
COLUMNS = ColumnPrinter([
    {"name": "A", "type": "string", "jsonPath": ".a"}, {"name": "B", "type": "integer", "jsonPath": ".b"},
    {"name": "C", "type": "date", "jsonPath": "..c"}, {"name": "D", "type": "number", "jsonPath": ".a[?(@.b == 1)].c"},
])


@UNHURRIED
@given(SCHEMAS, OBJECTS, OBJECTS)
def test_the_way_of_a_custom_resource(schema: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> None:
    props = {"type": "object", "properties": {
        "a": schema, "b": schema, "c": {"type": "object", "additionalProperties": schema}}}
    shape = Shape(GVK, {"name": "v1", "schema": {"openAPIV3Schema": props}})
    assert shape.structural is not None
    manager, values = FieldManager(shape.type, GVK), ValueValidator(props)
    live: dict[str, Any] = {}
    for fields in (first, second):
        obj = {**copy.deepcopy(fields), "apiVersion": "example.com/v1", "kind": "Sample"}
        obj["metadata"] = {"name": "x", "uid": "u"}
        try:
            shape.coerce(obj, [])
        except DecodeError:
            continue
        shape.default(obj)
        live = manager.update(live, obj, "m", "2026-01-02T03:04:05Z")
        try:
            live = manager.apply(live, obj, "n", True, "2026-01-02T03:04:05Z")
        except StatusError as e:
            assert e.code in (400, 500)
        for errors in (
            values.validate(obj), values.validate_update(obj, live), listtype.validate_lists(obj, shape.structural),
            objectmeta.validate(obj, shape.structural),
        ):
            assert all(map(str, errors))
        assert len(COLUMNS.cells(live, 0.0)) == 5
        shape.restore(copy.deepcopy(live))
