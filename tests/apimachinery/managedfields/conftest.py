"""A small type with one field of every kind, as Go and as a custom resource would have it."""

import pytest

from pilothouse.apimachinery.managedfields.compile import compile_type
from pilothouse.apimachinery.managedfields.typed import Node
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Field, Type


def scalar(format: str = model.STRING, go_name: str = "") -> Type:
    out = Type(model.SCALAR)
    out.format = format
    out.go_name = go_name
    return out


def list_of(items: Type, list_type: str = "atomic", *keys: str, **defaults: object) -> Type:
    out = Type(model.LIST)
    out.items = items
    out.list_type = list_type
    out.map_keys = keys
    out.key_defaults = defaults
    return out


def map_of(values: Type, *, atomic: bool = False) -> Type:
    out = Type(model.MAP)
    out.values = values
    out.atomic = atomic
    return out


def struct(*fields: Field, atomic: bool = False) -> Type:
    out = Type(model.STRUCT)
    out.fields = {field.name: field for field in fields}
    out.atomic = atomic
    return out


def sample_type() -> Type:
    port = struct(
        Field("port", scalar(model.INT32), omit=""), Field("protocol", scalar()), Field("name", scalar()),
        Field("tags", list_of(scalar(), "set")),
    )
    inner = struct(Field("a", scalar()), Field("b", scalar()))
    spec = struct(
        Field("replicas", scalar(model.INT32), pointer=True),
        Field("text", scalar()),
        Field("flag", scalar(model.BOOL), pointer=True),
        Field("either", scalar(model.INT_OR_STRING), pointer=True),
        Field("raw", scalar(model.RAW, "runtime.RawExtension"), pointer=True),
        Field("json", scalar(model.RAW, "v1.JSON"), pointer=True),
        Field("ports", list_of(port, "map", "port", "protocol", protocol="TCP")),
        Field("set", list_of(scalar(), "set")),
        Field("atoms", list_of(port)),
        Field("must", list_of(port, "map", "name"), omit=""),
        Field("map", map_of(scalar())),
        Field("atomicMap", map_of(scalar(), atomic=True)),
        Field("deep", map_of(map_of(scalar()))),
        Field("inner", inner),
        Field("optional", inner, pointer=True),
        Field("atomicInner", struct(Field("a", scalar()), atomic=True)),
        Field("when", scalar(model.TIME)),
        Field("amount", scalar(model.INT32), omit=""),
    )
    root = struct(
        Field("metadata", struct(
            Field("name", scalar()), Field("uid", scalar()), Field("resourceVersion", scalar()),
            Field("namespace", scalar()), Field("labels", map_of(scalar())), Field("annotations", map_of(scalar())),
            Field("finalizers", list_of(scalar(), "set")),
        )),
        Field("spec", spec),
        Field("status", struct(Field("phase", scalar()), Field("conditions", list_of(port, "map", "name")))),
    )
    spec.fields = {**spec.fields, "again": Field("again", spec, pointer=True)}
    return root


@pytest.fixture(scope="session")
def sample() -> Type:
    return sample_type()


@pytest.fixture(scope="session")
def node(sample: Type) -> Node:
    return compile_type(sample)
