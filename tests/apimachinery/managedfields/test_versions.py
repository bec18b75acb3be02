from pilothouse.apimachinery.managedfields.updater import Object
from pilothouse.apimachinery.managedfields.versions import Version, through_hub
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Type


def rename(old: str, new: str, obj: Object) -> Object:
    obj["spec"][new] = obj["spec"].pop(old)
    return obj


V1, V2, HUB = Type(model.STRUCT), Type(model.STRUCT), Type(model.STRUCT)
convert = through_hub({
    "v1": Version(V1, lambda obj: rename("one", "hub", obj), lambda obj: rename("hub", "one", obj)),
    "g/v2": Version(V2, lambda obj: rename("two", "hub", obj), lambda obj: rename("hub", "two", obj)),
    "hub": Version(HUB),
})


def test_versions_are_converted_through_the_hub() -> None:
    obj = {"spec": {"one": 1}}
    assert convert(obj, "v1", "g/v2") == (V2, {"spec": {"two": 1}})
    assert convert(obj, "v1", "hub") == (HUB, {"spec": {"hub": 1}})
    assert convert({"spec": {"hub": 1}}, "hub", "v1") == (V1, {"spec": {"one": 1}})
    assert obj == {"spec": {"one": 1}}


def test_the_same_version_is_left_alone() -> None:
    obj: Object = {"spec": {}}
    found = convert(obj, "v1", "v1")
    assert found is not None
    assert found[0] is V1
    assert found[1] is obj


def test_nothing_is_nothing_in_every_version() -> None:
    assert convert({}, "v1", "g/v2") == (V2, {})


def test_unknown_versions() -> None:
    assert convert({}, "v1", "v3") is None
    assert convert({}, "v3", "v1") is None
