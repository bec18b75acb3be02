from typing import Any

import pytest

from pilothouse.apimachinery.managedfields.compile import compile_type
from pilothouse.apimachinery.managedfields.updater import (
    Conflicts,
    Converter,
    Manager,
    Managers,
    Object,
    Updater,
    VersionedSet,
)
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Field, Type

ALICE = Manager("alice", "Apply", "", "")
BOB = Manager("bob", "Update", "v1", "")
NEW = Manager("new", "Update", "v1", "")


def owned(fields: Any, version: str = "v1", applied: bool = False) -> VersionedSet:
    return VersionedSet({"f:spec": fields}, version, applied)


@pytest.fixture
def updater(sample: Type) -> Updater:
    return Updater(compile_type(sample), "v1", {}, None)


def test_what_an_update_changes_it_takes_from_others(updater: Updater) -> None:
    live = {"spec": {"text": "a", "map": {"x": "1", "y": "2", "z": "3"}}}
    new = {"spec": {"text": "b", "map": {"x": "1", "y": "9"}}}
    managers: Managers = {
        ALICE: owned({"f:text": {}, "f:map": {"f:x": {}, "f:z": {}}}, applied=True),
        BOB: owned({"f:map": {"f:y": {}, "f:z": {}}}),
    }
    before = dict(managers)
    assert updater.update(live, new, managers, NEW) == {
        ALICE: owned({"f:map": {"f:x": {}}}, applied=True),
        NEW: owned({"f:text": {}, "f:map": {"f:y": {}}}),
    }
    assert managers == before


def test_an_update_that_changes_nothing(updater: Updater) -> None:
    live = {"spec": {"text": "a"}}
    managers: Managers = {ALICE: owned({"f:text": {}})}
    assert updater.update(live, {"spec": {"text": "a"}}, managers, NEW) == managers


def test_apply_merges_and_owns_what_it_names(updater: Updater) -> None:
    merged, managers = updater.apply(
        {"spec": {"text": "a", "map": {"x": "1"}}}, {"spec": {"map": {"y": "2"}}}, {}, ALICE, False
    )
    assert merged == {"spec": {"text": "a", "map": {"x": "1", "y": "2"}}}
    assert managers == {ALICE: owned({"f:map": {"f:y": {}}}, applied=True)}


def test_conflicts_and_force(updater: Updater) -> None:
    live = {"spec": {"text": "a", "replicas": 1, "map": {"x": "1"}}}
    config = {"spec": {"text": "b", "replicas": 1, "map": {"x": "2"}}}
    managers: Managers = {BOB: owned({"f:text": {}, "f:replicas": {}, "f:map": {"f:x": {}}})}
    with pytest.raises(Conflicts) as e:
        updater.apply(live, config, managers, ALICE, False)
    assert e.value.conflicts == [(BOB, ("f:spec", "f:text")), (BOB, ("f:spec", "f:map", "f:x"))]
    merged, after = updater.apply(live, config, managers, ALICE, True)
    assert merged == config
    assert after == {
        BOB: owned({"f:replicas": {}}),
        ALICE: owned({"f:text": {}, "f:replicas": {}, "f:map": {"f:x": {}}}, applied=True),
    }


def apply_again(updater: Updater, live: Object, last: Any, config: Any, **others: VersionedSet) -> Any:
    managers: Managers = {ALICE: owned(last, applied=True)}
    managers |= {Manager(name, "Update", "v1", ""): fields for name, fields in others.items()}
    merged, after = updater.apply({"spec": live}, {"spec": config}, managers, ALICE, False)
    return merged["spec"], after


A = 'k:{"port":1,"protocol":"TCP"}'
ITEM = {"f:ports": {A: {".": {}, "f:port": {}, "f:name": {}}}}
MAP_Y = {"f:map": {"f:y": {}}}
B = 'k:{"port":2,"protocol":"TCP"}'


@pytest.mark.parametrize(("live", "last", "config", "want"), [
    # fields that the applier gave up go
    ({"text": "a", "replicas": 1}, {"f:text": {}, "f:replicas": {}}, {"text": "a"}, {"text": "a"}),
    # those that it never had stay
    ({"text": "a", "replicas": 1}, {"f:text": {}}, {"flag": True}, {"replicas": 1, "flag": True}),
    ({"map": {"x": "1", "y": "2"}}, {"f:map": {"f:x": {}}}, {"map": {"z": "3"}}, {"map": {"y": "2", "z": "3"}}),
    # a struct's field goes with what nobody owns in it
    ({"map": {"x": "1", "y": "2"}}, {"f:map": {"f:x": {}}}, {}, {}),
    # an item goes as a whole, with what the server put into it
    ({"ports": [{"port": 1, "name": "set by server"}, {"port": 2}]},
     {"f:ports": {A: {".": {}, "f:port": {}}, B: {".": {}, "f:port": {}}}}, {"ports": [{"port": 2}]},
     {"ports": [{"port": 2}]}),
    ({"ports": [{"port": 1, "name": "x"}]}, {"f:ports": {A: {".": {}, "f:port": {}, "f:name": {}}}},
     {"ports": [{"port": 1}]}, {"ports": [{"port": 1}]}),
    ({"set": ["a", "b"]}, {"f:set": {'v:"a"': {}}}, {"set": ["c"]}, {"set": ["b", "c"]}),
    ({"atoms": [{"port": 1}]}, {"f:atoms": {}}, {}, {}),
])
def test_pruning(updater: Updater, live: Any, last: Any, config: Any, want: Any) -> None:
    merged, _ = apply_again(updater, live, last, config)
    assert merged == want


def test_what_others_own_is_not_pruned(updater: Updater) -> None:
    live = {"text": "a", "ports": [{"port": 1, "name": "x", "tags": ["t"]}]}
    last = {"f:text": {}, "f:ports": {A: {".": {}, "f:port": {}, "f:name": {}}}}
    merged, managers = apply_again(updater, live, last, {}, bob=owned({"f:text": {}, "f:ports": {A: {"f:name": {}}}}))
    assert merged["text"] == "a"
    assert managers[BOB] == owned({"f:text": {}})
    merged, managers = apply_again(updater, live, last, {}, bob=owned(ITEM))
    assert merged == {"ports": live["ports"]}
    assert managers == {BOB: owned(ITEM), ALICE: VersionedSet({"f:spec": {}}, "v1", True)}
    merged, _ = apply_again(updater, {"map": {"x": "1", "y": "2"}}, {"f:map": {"f:x": {}}}, {}, bob=owned(MAP_Y))
    assert merged == {"map": {"y": "2"}}


def test_reset_fields_are_owned_by_nobody(sample: Type) -> None:
    updater = Updater(compile_type(sample), "v1", {"f:status": {}}, None)
    status = {"status": {"phase": "x"}}
    assert updater.update({}, {"spec": {"text": "a"}, **status}, {}, NEW) == {NEW: owned({"f:text": {}})}
    _, managers = updater.apply({}, {"spec": {"text": "a"}, **status}, {}, ALICE, False)
    assert managers == {ALICE: owned({"f:text": {}}, applied=True)}
    keeper: Managers = {BOB: VersionedSet({"f:status": {"f:phase": {}}}, "v1", False)}
    assert updater.update(status, {"status": {"phase": "y"}}, keeper, NEW) == keeper


def _versions() -> tuple[dict[str, Type], Converter]:
    """v1 has spec.text where v2 has spec.words."""
    scalar = Type(model.SCALAR)
    scalar.format = model.STRING

    def version(name: str) -> Type:
        spec, root = Type(model.STRUCT), Type(model.STRUCT)
        spec.fields = {name: Field(name, scalar), "same": Field("same", scalar)}
        root.fields = {"spec": Field("spec", spec)}
        return root

    names = {"v1": "text", "v2": "words"}
    types = {api_version: version(name) for api_version, name in names.items()}

    def convert(obj: Object, current: str, wanted: str) -> tuple[Type, Object] | None:
        if wanted not in types:
            return None
        spec = {names[wanted] if name == names[current] else name: v for name, v in obj.get("spec", {}).items()}
        return types[wanted], {"spec": spec}

    return types, convert


def test_managers_of_other_versions() -> None:
    types, convert = _versions()
    updater = Updater(compile_type(types["v1"]), "v1", {}, convert)
    v2 = Manager("v2", "Update", "v2", "")
    gone = Manager("gone", "Update", "v3", "")
    managers: Managers = {v2: owned({"f:words": {}, "f:same": {}}, "v2"), gone: owned({"f:x": {}}, "v3")}
    live, new = {"spec": {"text": "a", "same": "b"}}, {"spec": {"text": "c", "same": "b"}}
    assert updater.update(live, new, managers, NEW) == {v2: owned({"f:same": {}}, "v2"), NEW: owned({"f:text": {}})}
    with pytest.raises(Conflicts) as e:
        updater.apply(live, new, managers, ALICE, False)
    assert e.value.conflicts == [(v2, ("f:spec", "f:words"))]


def test_without_a_converter_other_versions_are_gone(updater: Updater) -> None:
    managers: Managers = {Manager("v2", "Update", "v2", ""): owned({"f:text": {}}, "v2")}
    assert updater.update({}, {"spec": {"text": "a"}}, managers, NEW) == {NEW: owned({"f:text": {}})}


def test_pruning_over_versions() -> None:
    """Applied in v2 before, in v1 now: what is given up goes, whatever it is called there."""
    types, convert = _versions()
    updater = Updater(compile_type(types["v1"]), "v1", {}, convert)
    live = {"spec": {"text": "a", "same": "b"}}
    last = owned({"f:words": {}, "f:same": {}}, "v2", applied=True)
    merged, managers = updater.apply(live, {"spec": {"same": "b"}}, {ALICE: last}, ALICE, False)
    assert merged == {"spec": {"same": "b"}}
    assert managers == {ALICE: owned({"f:same": {}}, applied=True)}
    keeper: Managers = {ALICE: last, BOB: owned({"f:text": {}})}
    merged, managers = updater.apply(live, {"spec": {"same": "b"}}, keeper, ALICE, False)
    assert merged == live
    assert managers == {ALICE: owned({"f:same": {}}, applied=True), BOB: owned({"f:text": {}})}


def test_pruning_when_the_last_version_is_gone(updater: Updater) -> None:
    live = {"spec": {"text": "a"}}
    merged, managers = updater.apply(
        live, {"spec": {"replicas": 1}}, {ALICE: owned({"f:text": {}}, "v0", applied=True)}, ALICE, False
    )
    assert merged == {"spec": {"text": "a", "replicas": 1}}
    assert managers == {ALICE: owned({"f:replicas": {}}, applied=True)}
