"""Items in the forms that clients read."""

from typing import Any

import orjson
import pytest

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.endpoints.rendering import Rendering, metadata_of, resource_version_of
from pilothouse.endpoints.response import dumps
from pilothouse.registry.rest import Converter, Object
from pilothouse.storage.interface import Item

KIND = GroupVersionKind("g.example.com", "v1", "Thing")
BODY = b'{"metadata":{"name":"a","resourceVersion":"7","annotations":{"b":"}\\"{"}},"spec":{"x":1}}'


def item() -> Item:
    return Item("/registry/things/a", 7, BODY, {}, {})


def test_prefixes() -> None:
    rendering = Rendering(KIND, "ThingList", dumps)
    assert rendering.object(item()) == b'{"kind":"Thing","apiVersion":"g.example.com/v1",' + BODY[1:]
    assert rendering.list_prefix == b'{"kind":"ThingList","apiVersion":"g.example.com/v1",'


def test_metadata_is_cut_out_once() -> None:
    rendering, kept = Rendering(KIND, "ThingList", dumps), item()
    found = rendering.metadata(kept, "v1")
    assert found == (
        b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'
        b'{"name":"a","resourceVersion":"7","annotations":{"b":"}\\"{"}}}'
    )
    assert rendering.metadata(kept, "v1") is found
    assert b"meta.k8s.io/v1beta1" in rendering.metadata(kept, "v1beta1")
    assert resource_version_of(kept) == "7"


def test_metadata_in_another_place() -> None:
    assert metadata_of(b'{"spec":{},"metadata":{"name":"a"}}') == b'{"name":"a"}'
    assert metadata_of(b"{}") == b"{}"
    with pytest.raises(ValueError, match="does not end"):
        metadata_of(b'{"metadata":{"name":"a"')


def test_another_version_is_made_once() -> None:
    calls = 0

    def from_storage(obj: Object) -> Object:
        nonlocal calls
        calls += 1
        return {**obj, "spec": {"y": obj["spec"]["x"]}}

    rendering = Rendering(KIND, "ThingList", dumps, Converter(lambda obj: obj, from_storage))
    kept = item()
    assert rendering.converts
    assert rendering.object(kept).endswith(b'"spec":{"y":1}}')
    rendering.object(kept)
    assert calls == 1


def test_computed_objects() -> None:
    made = Rendering(KIND, "ThingList", dumps).computed({"kind": "Thing", "apiVersion": "x", "metadata": {"name": "a"}})
    assert made.body == b'{"metadata":{"name":"a"}}'


def test_hidden_annotations_are_not_metadata() -> None:
    rendering = Rendering(KIND, "ThingList", dumps, hidden_annotations=("old",))

    def metadata(annotations: dict[str, str]) -> Any:
        body = dumps({"metadata": {"name": "a", "annotations": annotations}, "spec": {}})
        kept = Item("/registry/things/a", 1, body, {}, {})
        assert b'"annotations"' in rendering.object(kept)
        return orjson.loads(rendering.metadata(kept, "v1"))["metadata"]

    assert metadata({"old": "1"}) == {"name": "a"}
    assert metadata({"old": "1", "new": "2"}) == {"name": "a", "annotations": {"new": "2"}}
    assert metadata({"new": "2"}) == {"name": "a", "annotations": {"new": "2"}}
