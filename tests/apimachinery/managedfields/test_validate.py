from typing import Any

import pytest

from pilothouse.apimachinery.managedfields.typed import Node
from pilothouse.apimachinery.managedfields.validate import validate


@pytest.mark.parametrize("spec", [
    {},
    None,
    {"replicas": 1, "text": "a", "flag": True, "either": 5, "raw": {"x": [1]}, "json": {"a": [{}]}},
    {"replicas": 1.5, "either": "5%", "raw": "x", "json": 5},
    {"replicas": None, "text": None, "ports": None, "map": None, "inner": None},
    {"ports": [{"port": 1}, {"port": 1, "protocol": "UDP"}], "atoms": [{"port": 1}, {"port": 1}, {}]},
    {"map": {"a": "b", "c": None}, "set": ["a", "b"]},
    {"atoms": [{}]},
])
def test_valid(node: Node, spec: Any) -> None:
    assert validate(node, {"spec": spec}) == ""


@pytest.mark.parametrize(("spec", "error"), [
    ({"nosuch": 1}, ".spec.nosuch: field not declared in schema"),
    ({"inner": {"x": 1}}, ".spec.inner.x: field not declared in schema"),
    ({"replicas": "3"}, ".spec.replicas: expected numeric (int or float), got string"),
    ({"replicas": True}, ".spec.replicas: expected numeric (int or float), got bool"),
    ({"replicas": {}}, ".spec.replicas: expected numeric (int or float), got map[string]interface {}"),
    ({"replicas": []}, ".spec.replicas: expected numeric (int or float), got []interface {}"),
    ({"text": 5}, ".spec.text: expected string, got &value.valueUnstructured{Value:5}"),
    ({"text": ["a"]}, '.spec.text: expected string, got &value.valueUnstructured{Value:[]interface {}{"a"}}'),
    ({"flag": "yes"}, ".spec.flag: expected boolean, got &{yes}"),
    ({"either": {"a": 1}}, ".spec.either: expected any scalar, got &{map[a:1]}"),
    ({"inner": "x"}, ".spec.inner: expected map, got &{x}"),
    ({"map": ["x"]}, ".spec.map: expected map, got &{[x]}"),
    ({"map": {"a": 1}}, ".spec.map.a: expected string, got &value.valueUnstructured{Value:1}"),
    ({"ports": {}}, ".spec.ports: expected list, got &{map[]}"),
    ({"atoms": "x"}, ".spec.atoms: expected list, got &{x}"),
    ({"atoms": [{"port": "x"}]}, ".spec.atoms[0].port: expected numeric (int or float), got string"),
    ({"ports": [{"port": 1, "name": 5}]},
     '.spec.ports[port=1,protocol="TCP"].name: expected string, got &value.valueUnstructured{Value:5}'),
    ({"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]},
     '.spec.ports: duplicate entries for key [port=1,protocol="TCP"]'),
    ({"set": ["a", "a"]}, '.spec.set: duplicate entries for key [="a"]'),
    ({"set": [None]}, ".spec.set: element 0: associative list without keys has an element that's an explicit null"),
    ({"ports": ["x"]}, ".spec.ports: element 0: associative list with keys may not have non-map elements"),
])
def test_invalid(node: Node, spec: Any, error: str) -> None:
    assert validate(node, {"spec": spec}) == error


def test_several_errors(node: Node) -> None:
    assert validate(node, {"spec": {"replicas": "3", "flag": 1}}) == (
        "errors:\n"
        "  .spec.replicas: expected numeric (int or float), got string\n"
        "  .spec.flag: expected boolean, got &{1}"
    )


def test_the_root_must_be_an_object(node: Node) -> None:
    assert validate(node, "x") == "expected map, got &{x}"
