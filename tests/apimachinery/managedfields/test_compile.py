import pytest

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.managedfields.compile import DEDUCED, compile_type
from pilothouse.apimachinery.managedfields.lists import Items, SetItems
from pilothouse.apimachinery.managedfields.typed import Atomic, Mapping, Node
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.model import Field, Type


def of(node: Node, *names: str) -> Node:
    for name in names:
        shape = node.shape if isinstance(node, Atomic) else node
        assert isinstance(shape, Mapping)
        node = shape.child(name)
    return node


def test_kinds_of_nodes(node: Node) -> None:
    spec = of(node, "spec")
    assert type(of(spec, "ports")) is Items
    assert type(of(spec, "set")) is SetItems
    assert type(of(spec, "atoms")) is Atomic
    assert type(of(spec, "atomicMap")) is Atomic
    assert type(of(spec, "atomicInner")) is Atomic
    assert type(of(spec, "map")) is Mapping
    assert of(spec, "json") is DEDUCED
    assert {name: of(spec, name).scalar for name in ("replicas", "text", "flag", "either", "raw", "when")} == {
        "replicas": "numeric", "text": "string", "flag": "boolean", "either": "untyped", "raw": "any",
        "when": "untyped",
    }


def test_a_type_is_compiled_once_and_may_contain_itself(sample: Type) -> None:
    node = compile_type(sample)
    assert compile_type(sample) is node
    spec = of(node, "spec")
    assert of(spec, "again", "again") is spec


def test_what_go_always_writes(node: Node) -> None:
    spec, root = of(node, "spec"), node
    assert isinstance(spec, Mapping) and isinstance(root, Mapping)
    assert spec.zeros == {"must": None, "amount": 0, "inner": {}, "atomicInner": {}, "when": None}
    assert root.zeros == {"metadata": {}, "spec": {}, "status": {}}


def test_keys_have_their_zero_value_as_default(node: Node) -> None:
    ports = of(node, "spec", "ports")
    assert isinstance(ports, Items)
    assert ports.defaults == {"port": 0, "protocol": "TCP"}


@pytest.mark.parametrize("preserve", [True, False])
def test_structs_without_fields_and_those_that_keep_unknown_ones(preserve: bool) -> None:
    scalar = Type(model.SCALAR)
    scalar.format = model.STRING
    open_struct = Type(model.STRUCT)
    if preserve:
        open_struct.fields = {"a": Field("a", scalar)}
        open_struct.preserve_unknown = True
    node = compile_type(open_struct)
    assert isinstance(node, Mapping)
    assert node.values is DEDUCED


def test_every_built_in_type_compiles() -> None:
    for name in catalog.names():
        built_in = catalog.type_named(name)
        assert built_in is not None
        compile_type(built_in)


def test_built_in_key_defaults() -> None:
    pod = catalog.type_for(GroupVersionKind("", "v1", "Pod"))
    assert pod is not None
    containers = of(compile_type(pod), "spec", "containers")
    assert isinstance(containers, Items)
    assert containers.element({}) == 'k:{"name":""}'
    ports = of(containers.item, "ports")
    assert isinstance(ports, Items)
    assert ports.element({"containerPort": 80}) == 'k:{"containerPort":80,"protocol":"TCP"}'
