import json
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema.model import Type
from pilothouse.apimachinery.schema.strict import Pairs, merged, strict_errors


def config_map() -> Type:
    type = catalog.type_for(GroupVersionKind("", "v1", "ConfigMap"))
    assert type is not None
    return type


def pairs(text: str) -> Any:
    return json.loads(text, object_pairs_hook=Pairs)


def test_duplicates_and_unknown_fields_come_in_document_order_without_repeats() -> None:
    text = '{"metadata":{"labels":{"a":"1","a":"2","a":"3"},"odd":1},"data":{"k":"1","k":"2"},"x":1,"data":{},"x":2}'
    assert strict_errors(config_map(), pairs(text)) == [
        'duplicate field "metadata.labels.a"',
        'unknown field "metadata.odd"',
        'duplicate field "data.k"',
        'unknown field "x"',
        'duplicate field "data"',
    ]


def test_at_most_a_hundred_errors() -> None:
    assert len(strict_errors(config_map(), {f"x{i}": 1 for i in range(200)})) == 100


def test_repeated_maps_and_structs_of_a_field_merge_as_in_go() -> None:
    text = '{"data":{"a":"1","b":"1"},"metadata":{"name":"x","labels":{"a":"1"}},'
    text += '"data":{"b":"2"},"metadata":{"uid":"u"}}'
    assert merged(config_map(), pairs(text)) == {
        "data": {"a": "1", "b": "2"},
        "metadata": {"name": "x", "labels": {"a": "1"}, "uid": "u"},
    }


def test_other_duplicates_are_replaced_by_the_last() -> None:
    text = '{"metadata":{"name":"x","name":"y","finalizers":["a"],"finalizers":["b"]},"odd":{"a":1,"a":{"b":2}}}'
    assert merged(config_map(), pairs(text)) == {
        "metadata": {"name": "y", "finalizers": ["b"]},
        "odd": {"a": {"b": 2}},
    }
