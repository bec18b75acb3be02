import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.managedfields import fieldset
from pilothouse.apimachinery.managedfields.typed import Node, TypedError

P80 = 'k:{"port":80,"protocol":"TCP"}'


@pytest.mark.parametrize(("value", "want"), [
    ({}, None),
    ({"replicas": 1, "text": "x"}, {"f:replicas": {}, "f:text": {}}),
    ({"text": None}, {"f:text": {}}),
    ({"ports": []}, None),
    ({"ports": None}, {"f:ports": {}}),
    ({"ports": [{"port": 80, "name": "x"}]}, {"f:ports": {P80: {".": {}, "f:port": {}, "f:name": {}}}}),
    ({"ports": [{"port": 80}, {"port": 80, "protocol": "UDP"}]},
     {"f:ports": {P80: {".": {}, "f:port": {}},
                  'k:{"port":80,"protocol":"UDP"}': {".": {}, "f:port": {}, "f:protocol": {}}}}),
    ({"ports": [{"port": 80, "name": "x"}, {"port": 80, "name": "y"}]}, {"f:ports": {P80: {}}}),
    ({"set": ["a", "b", "a"]}, {"f:set": {'v:"a"': {}, 'v:"b"': {}}}),
    ({"atoms": [{"port": 1}]}, {"f:atoms": {}}),
    ({"atoms": []}, {"f:atoms": {}}),
    ({"map": {}}, {"f:map": {}}),
    ({"map": None}, {"f:map": {}}),
    ({"map": {"k": "v"}}, {"f:map": {"f:k": {}}}),
    ({"deep": {"k": {"l": "v"}, "m": {}}}, {"f:deep": {"f:k": {".": {}, "f:l": {}}, "f:m": {}}}),
    ({"atomicMap": {"k": "v"}}, {"f:atomicMap": {}}),
    ({"inner": {}}, {"f:inner": {}}),
    ({"inner": {"a": "1"}}, {"f:inner": {"f:a": {}}}),
    ({"atomicInner": {"a": "1"}}, {"f:atomicInner": {}}),
    ({"raw": {"x": {"y": 1}}}, {"f:raw": {}}),
    ({"json": {"x": {"y": 1}, "l": [1], "e": {}, "n": None}},
     {"f:json": {"f:x": {".": {}, "f:y": {}}, "f:l": {}, "f:e": {}, "f:n": {}}}),
    ({"json": [1]}, {"f:json": {}}),
    ({"json": 5}, {"f:json": {}}),
])
def test_fields_that_an_applied_object_names(node: Node, value: Any, want: Any) -> None:
    got = node.fields({"spec": value})
    if value == {}:
        assert got == {"f:spec": {}}
    else:
        assert got == (None if want is None else {"f:spec": want})


@pytest.mark.parametrize(("old", "new", "changed", "removed"), [
    ({}, {"text": "x"}, {"f:text": {}}, None),
    ({"text": "x"}, {}, None, {"f:text": {}}),
    ({"text": "x"}, {"text": "y"}, {"f:text": {}}, None),
    ({"text": "x"}, {"text": None}, {"f:text": {}}, None),
    # granular containers are owned too when they appear
    ({}, {"map": {"k": "v"}}, {"f:map": {".": {}, "f:k": {}}}, None),
    ({"map": {}}, {"map": {"k": "v"}}, {"f:map": {"f:k": {}}}, None),
    ({"map": None}, {"map": {"k": "v"}}, {"f:map": {"f:k": {}}}, None),
    ({}, {"map": {}}, {"f:map": {}}, None),
    ({"map": {}}, {"map": None}, {"f:map": {}}, None),
    ({"map": {"k": "v", "l": "w"}}, {"map": {"k": "x", "m": "y"}},
     {"f:map": {"f:k": {}, "f:m": {}}}, {"f:map": {"f:l": {}}}),
    ({"map": {"k": "v"}}, {"map": None}, None, {"f:map": {"f:k": {}}}),
    ({"map": {"k": "v"}}, {}, None, {"f:map": {".": {}, "f:k": {}}}),
    # the struct "inner" always is there; "optional" is a pointer
    ({}, {"inner": {"a": "1"}}, {"f:inner": {"f:a": {}}}, None),
    ({}, {"inner": {}}, None, None),
    ({"inner": {"a": "1"}}, {}, None, {"f:inner": {"f:a": {}}}),
    ({}, {"optional": {"a": "1"}}, {"f:optional": {".": {}, "f:a": {}}}, None),
    ({}, {"optional": {}}, {"f:optional": {}}, None),
    # so are fields without omitempty, with their zero values
    ({}, {"amount": 0, "must": None, "when": None}, None, None),
    ({}, {"amount": 1}, {"f:amount": {}}, None),
    ({"amount": 1}, {}, {"f:amount": {}}, None),
    ({}, {"must": [{"name": "x"}]}, {"f:must": {'k:{"name":"x"}': {".": {}, "f:name": {}}}}, None),
    ({}, {"must": []}, {"f:must": {}}, None),
    # what is atomic changes as a whole
    ({"atoms": [{"port": 1}]}, {"atoms": [{"port": 2}]}, {"f:atoms": {}}, None),
    ({"atomicMap": {"a": "1"}}, {"atomicMap": {}}, {"f:atomicMap": {}}, None),
    ({"raw": {"a": 1}}, {"raw": {"a": 2}}, {"f:raw": {}}, None),
    # keyed lists and sets
    ({}, {"ports": [{"port": 80}]}, {"f:ports": {".": {}, P80: {".": {}, "f:port": {}}}}, None),
    ({}, {"ports": []}, {"f:ports": {}}, None),
    ({"ports": [{"port": 80, "name": "x"}]}, {"ports": [{"port": 80, "name": "y"}, {"port": 81}]},
     {"f:ports": {P80: {"f:name": {}}, 'k:{"port":81,"protocol":"TCP"}': {".": {}, "f:port": {}}}}, None),
    ({"ports": [{"port": 80}, {"port": 81}]}, {"ports": [{"port": 81}, {"port": 80}]}, None, None),
    ({"ports": [{"port": 80}]}, {"ports": []}, None, {"f:ports": {P80: {".": {}, "f:port": {}}}}),
    ({"set": ["a", "b"]}, {"set": ["b", "c"]}, {"f:set": {'v:"c"': {}}}, {"f:set": {'v:"a"': {}}}),
    # repeated items
    ({}, {"set": ["a", "a"]}, {"f:set": {".": {}, 'v:"a"': {}}}, None),
    ({"ports": [{"port": 80}]}, {"ports": [{"port": 80}, {"port": 80, "name": "x"}]},
     {"f:ports": {P80: {}}}, {"f:ports": {P80: {".": {}, "f:port": {}}}}),
    ({"ports": [{"port": 80}, {"port": 80, "name": "x"}]}, {"ports": [{"port": 80}]},
     {"f:ports": {P80: {".": {}, "f:port": {}}}}, {"f:ports": {P80: {}}}),
    ({"ports": [{"port": 80}, {"port": 80, "name": "x"}]}, {"ports": []}, None, {"f:ports": {P80: {}}}),
    ({"ports": [{"port": 80}, {"port": 80, "name": "x"}]}, {"ports": [{"port": 80}, {"port": 80, "name": "y"}]},
     {"f:ports": {P80: {}}}, None),
    ({"ports": [{"port": 80}, {"port": 80}, {"port": 1}]}, {"ports": [{"port": 80}, {"port": 80}]},
     None, {"f:ports": {'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:port": {}}}}),
    # values without a schema
    ({"json": {"a": 1}}, {"json": {"a": 2, "b": {"c": 1}}}, {"f:json": {"f:a": {}, "f:b": {".": {}, "f:c": {}}}}, None),
    ({"json": {"a": 1}}, {"json": 5}, {"f:json": {}}, {"f:json": {"f:a": {}}}),
    ({"json": 5}, {"json": {"a": 1}}, {"f:json": {".": {}, "f:a": {}}}, None),
    ({"json": [1]}, {"json": {"a": 1}}, {"f:json": {".": {}, "f:a": {}}}, None),
    ({"json": {"a": 1}}, {"json": [1]}, {"f:json": {}}, {"f:json": {"f:a": {}}}),
    ({"json": {}}, {"json": [1]}, {"f:json": {}}, None),
    ({"json": 5}, {"json": 6}, {"f:json": {}}, None),
])
def test_differences(node: Node, old: Any, new: Any, changed: Any, removed: Any) -> None:
    before = copy.deepcopy((old, new))
    wrap = [None if part is None else {"f:spec": part} for part in (changed, removed)]
    assert list(node.diff({"spec": old}, {"spec": new})) == wrap
    assert (old, new) == before


@pytest.mark.parametrize(("old", "new", "want"), [
    ({"text": "a", "replicas": 1}, {"text": "b"}, {"text": "b", "replicas": 1}),
    ({"text": "a"}, {"text": None}, {"text": None}),
    ({"map": {"a": "1", "b": "2"}}, {"map": {"b": "3", "c": "4"}}, {"map": {"a": "1", "b": "3", "c": "4"}}),
    ({"map": {"a": "1"}}, {"map": None}, {"map": {"a": "1"}}),
    ({"map": {"a": "1"}}, {"map": {}}, {"map": {"a": "1"}}),
    ({"map": {}}, {"map": None}, {"map": None}),
    ({"map": None}, {"map": {"a": "1"}}, {"map": {"a": "1"}}),
    ({"atomicMap": {"a": "1"}}, {"atomicMap": {"b": "2"}}, {"atomicMap": {"b": "2"}}),
    ({"atoms": [{"port": 1}]}, {"atoms": []}, {"atoms": []}),
    ({"ports": [{"port": 1, "name": "x"}]}, {"ports": [{"port": 2}, {"port": 1, "tags": ["t"]}]},
     {"ports": [{"port": 2}, {"port": 1, "name": "x", "tags": ["t"]}]}),
    ({"ports": [{"port": 1}]}, {"ports": []}, {"ports": [{"port": 1}]}),
    ({"ports": [{"port": 1}]}, {"ports": None}, {"ports": [{"port": 1}]}),
    ({"ports": []}, {"ports": None}, {"ports": None}),
    ({"set": ["a", "b", "c"]}, {"set": ["d", "b"]}, {"set": ["a", "d", "b", "c"]}),
    ({"set": ["a", "b"]}, {"set": ["b", "a"]}, {"set": ["b", "a"]}),
    ({"ports": [{"port": 1, "name": "x"}, {"port": 1, "name": "y"}]}, {"ports": [{"port": 1, "tags": ["t"]}]},
     {"ports": [{"port": 1, "tags": ["t"]}]}),
    ({"json": {"a": {"b": 1}}}, {"json": {"a": {"c": 2}}}, {"json": {"a": {"b": 1, "c": 2}}}),
    ({"json": {"a": 1}}, {"json": None}, {"json": {"a": 1}}),
    ({"json": {"a": 1}}, {"json": 5}, {"json": 5}),
    ({"json": 5}, {"json": {"a": 1}}, {"json": {"a": 1}}),
    ({"json": [1]}, {"json": [2]}, {"json": [2]}),
])
def test_merges(node: Node, old: Any, new: Any, want: Any) -> None:
    before = copy.deepcopy((old, new))
    assert node.merge({"spec": old}, {"spec": new}) == {"spec": want}
    assert (old, new) == before


@pytest.mark.parametrize(("value", "fields", "want"), [
    ({"text": "a", "replicas": 1}, {"f:text": {}}, {"replicas": 1}),
    ({"text": "a"}, {"f:text": {}}, {}),
    ({"text": "a"}, {"f:nosuch": {}}, {"text": "a"}),
    ({"map": {"a": "1", "b": "2"}}, {"f:map": {"f:a": {}}}, {"map": {"b": "2"}}),
    ({"map": {"a": "1"}}, {"f:map": {"f:a": {}}}, {"map": {}}),
    ({"map": {"a": "1"}}, {"f:map": {".": {}, "f:a": {}}}, {}),
    ({"ports": [{"port": 80, "name": "x"}]}, {"f:ports": {P80: {"f:name": {}}}}, {"ports": [{"port": 80}]}),
    ({"ports": [{"port": 80}, {"port": 81}]}, {"f:ports": {P80: {}}}, {"ports": [{"port": 81}]}),
    ({"ports": [{"port": 80}]}, {"f:ports": {P80: {}}}, {"ports": []}),
    ({"set": ["a", "b"]}, {"f:set": {'v:"a"': {}}}, {"set": ["b"]}),
    ({"atoms": [{"port": 1}]}, {"f:atoms": {}}, {}),
    ({"json": {"a": 1, "b": 2}}, {"f:json": {"f:a": {}}}, {"json": {"b": 2}}),
    ({"json": [1]}, {"f:json": {"f:a": {}}}, {"json": []}),
    ({"json": 5}, {"f:json": {"f:a": {}}}, {"json": 5}),
])
def test_removes(node: Node, value: Any, fields: Any, want: Any) -> None:
    before = copy.deepcopy(value)
    assert node.remove({"spec": value}, {"f:spec": fields}) == {"spec": want}
    assert value == before


@pytest.mark.parametrize(("value", "fields", "want"), [
    ({"text": "a", "replicas": 1}, {"f:text": {}}, {"text": "a"}),
    ({"ports": [{"port": 80, "name": "x"}, {"port": 81}]}, {"f:ports": {P80: {"f:name": {}}}},
     {"ports": [{"port": 80, "name": "x"}]}),
    ({"ports": [{"port": 80, "name": "x"}]}, {"f:ports": {P80: {}}}, {"ports": [{"port": 80, "name": "x"}]}),
    ({"map": {"a": "1", "b": "2"}}, {"f:map": {"f:b": {}}}, {"map": {"b": "2"}}),
    ({"set": ["a", "b"]}, {"f:set": {'v:"b"': {}}}, {"set": ["b"]}),
    ({"atoms": [{"port": 1}]}, {"f:atoms": {}}, {"atoms": [{"port": 1}]}),
    ({"json": {"a": 1, "b": {"c": 1}}}, {"f:json": {"f:b": {"f:c": {}}}}, {"json": {"b": {"c": 1}}}),
])
def test_extracts(node: Node, value: Any, fields: Any, want: Any) -> None:
    assert node.extract({"spec": value}, {"f:spec": fields}) == {"spec": want}


def test_struct_fields_on_the_way_become_members(node: Node) -> None:
    fields = {"f:spec": {
        "f:inner": {"f:a": {}}, "f:map": {"f:k": {}}, "f:ports": {P80: {"f:name": {}}}, "f:deep": {"f:k": {"f:l": {}}},
        "f:json": {"f:a": {"f:b": {}}},
    }}
    assert node.named(fields) == {"f:spec": {
        ".": {},
        "f:inner": {".": {}, "f:a": {}}, "f:map": {".": {}, "f:k": {}}, "f:ports": {".": {}, P80: {"f:name": {}}},
        "f:deep": {".": {}, "f:k": {"f:l": {}}}, "f:json": {".": {}, "f:a": {"f:b": {}}},
    }}


def test_what_became_atomic_is_owned_as_a_whole(node: Node) -> None:
    kept = {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:ports": {P80: {".": {}, "f:name": {}}}}}
    assert node.reconcile(kept) is kept
    old = {"f:spec": {
        "f:atoms": {"k:{\"port\":1}": {".": {}, "f:port": {}}}, "f:atomicMap": {"f:k": {}}, "f:atomicInner": {},
        "f:ports": {P80: {"f:tags": {'v:"x"': {}}}}, "f:unknown": {"f:x": {}},
    }}
    assert node.reconcile(old) == {"f:spec": {
        "f:atoms": {}, "f:atomicMap": {}, "f:atomicInner": {}, "f:ports": {P80: {"f:tags": {'v:"x"': {}}}},
        "f:unknown": {"f:x": {}},
    }}


def test_undeclared_fields(node: Node) -> None:
    with pytest.raises(TypedError, match="field not declared in schema"):
        node.fields({"spec": {"nosuch": 1}})


texts = st.sampled_from("xyz")
ports = st.lists(st.fixed_dictionaries(
    {"port": st.integers(1, 4)}, optional={"name": texts, "tags": st.lists(texts, unique=True, max_size=2)},
), unique_by=lambda port: port["port"], max_size=3)
specs = st.fixed_dictionaries({}, optional={
    "replicas": st.integers(0, 2), "text": texts, "ports": ports, "set": st.lists(texts, unique=True, max_size=3),
    "atoms": ports, "map": st.dictionaries(texts, texts, max_size=2),
    "optional": st.fixed_dictionaries({}, optional={"a": texts}),
    "deep": st.dictionaries(texts, st.dictionaries(texts, texts, max_size=2), max_size=2),
    "json": st.recursive(
        texts, lambda inner: st.dictionaries(texts, inner, max_size=2) | st.lists(inner, max_size=2), max_leaves=4,
    ),
})


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _without_empties(value: Any) -> Any:
    """Merging and removing leave empty containers where there were none; those do not matter to these laws."""
    if isinstance(value, dict):
        cleaned = {name: _without_empties(item) for name, item in value.items()}
        return {name: item for name, item in cleaned.items() if item not in ({}, [], None)}
    if isinstance(value, list):
        return sorted((_without_empties(item) for item in value), key=_text)
    return value


@given(specs, specs)
def test_a_difference_leads_from_old_to_new(node: Node, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Removing what was removed and merging what changed gives the new object."""
    before, after = {"spec": old}, {"spec": new}
    if before == after:
        return
    changed, removed = node.diff(before, after)
    rest = node.remove(before, removed or {}) or {}
    if changed:
        rest = node.merge(rest, node.extract(after, changed) or {})
    assert _without_empties(rest) == _without_empties(after)
    back_changed, back_removed = node.diff(after, before)
    assert set(fieldset.paths(back_removed or {})) <= set(fieldset.paths(changed or {}))
    assert set(fieldset.paths(removed or {})) <= set(fieldset.paths(back_changed or {}))


@pytest.mark.parametrize(("old", "new", "want"), [
    ({"json": {"x": 1, "y": 1}}, {"json": {"x": True, "y": 1}}, ({"f:spec": {"f:json": {"f:x": {}}}}, None)),
    ({"json": {"x": [0]}}, {"json": {"x": [False]}}, ({"f:spec": {"f:json": {"f:x": {}}}}, None)),
    ({"raw": {"x": True}}, {"raw": {"x": 1}}, ({"f:spec": {"f:raw": {}}}, None)),
    ({"raw": {"x": 1.0}}, {"raw": {"x": 1}}, (None, None)),
])
def test_without_a_schema_true_is_not_1(node: Node, old: Any, new: Any, want: Any) -> None:
    before, after = {"spec": old}, {"spec": new}
    assert node.diff(before, after) == want
    assert node.unchanged(before, after) is (want == (None, None))
