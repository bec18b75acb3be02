import copy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pilothouse.apimachinery.patch import merge_patch, strategic
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Field, Type
from pilothouse.apimachinery.status import StatusError


def scalar(format: str = model.STRING) -> Type:
    out = Type(model.SCALAR)
    out.format = format
    return out


def list_of(items: Type) -> Type:
    out = Type(model.LIST)
    out.items = items
    return out


def map_of(values: Type) -> Type:
    out = Type(model.MAP)
    out.values = values
    return out


def struct(name: str, *fields: Field) -> Type:
    out = Type(model.STRUCT, f"io.example.{name}")
    out.go_name = f"v1.{name}"
    out.fields = {field.name: field for field in fields}
    return out


ITEM = struct(
    "Item", Field("name", scalar()), Field("value", scalar()), Field("more", scalar()),
    Field("tags", list_of(scalar()), patch_strategy=("merge",)),
    Field("nested", map_of(scalar())),
)
ROOT = struct(
    "Root",
    Field("text", scalar()),
    Field("number", scalar(model.INT64)),
    Field("labels", map_of(scalar())),
    Field("deep", map_of(map_of(scalar()))),
    Field("merged", list_of(ITEM), patch_strategy=("merge", "retainKeys"), patch_merge_key="name"),
    Field("atomic", list_of(ITEM)),
    Field("keyless", list_of(ITEM), patch_strategy=("merge",)),
    Field("set", list_of(scalar()), patch_strategy=("merge",)),
    Field("plain", list_of(scalar())),
    Field("replaced", ITEM, patch_strategy=("replace",)),
    Field("struct", ITEM, patch_strategy=("retainKeys",)),
    Field("matrix", list_of(list_of(scalar())), patch_strategy=("merge",)),
)
ROOT.fields = {**ROOT.fields, "self": Field("self", ROOT)}


def apply(doc: dict[str, Any], patch: Any) -> dict[str, Any]:
    before = copy.deepcopy((doc, patch))
    result = strategic.apply(doc, patch, ROOT)
    assert (doc, patch) == before
    return result


def item(name: str, value: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, **more} if value else {"name": name, **more}


@pytest.mark.parametrize(("doc", "patch", "want"), [
    ({"text": "a"}, {"text": "b"}, {"text": "b"}),
    ({"text": "a", "number": 1}, {"text": None}, {"number": 1}),
    ({"text": "a"}, {"number": None}, {"text": "a"}),
    ({"text": "a"}, None, {"text": "a"}),
    ({"number": 1}, {"number": 1.5}, {"number": 1.5}),
    ({"labels": {"a": "1", "b": "2"}}, {"labels": {"a": None, "c": "3"}}, {"labels": {"b": "2", "c": "3"}}),
    ({}, {"labels": {"a": None, "b": "1"}}, {"labels": {"b": "1"}}),
    ({"labels": None}, {"labels": {"a": "1"}}, {"labels": {"a": "1"}}),
    ({"labels": {"a": "1"}}, {"labels": "odd"}, {"labels": "odd"}),
    ({"self": {"text": "a"}}, {"self": {"number": 1}}, {"self": {"text": "a", "number": 1}}),
    # fields whose strategy is to replace
    ({"replaced": item("a", "1")}, {"replaced": {"value": "2"}}, {"replaced": {"value": "2"}}),
    ({"plain": ["a"]}, {"plain": ["b"]}, {"plain": ["b"]}),
    ({"atomic": [item("a", "1")]}, {"atomic": [item("b")]}, {"atomic": [item("b")]}),
    # $patch in an object
    ({"text": "a", "number": 1}, {"$patch": "replace", "text": "b"}, {"text": "b"}),
    ({"labels": {"a": "1"}}, {"labels": {"$patch": "replace", "b": "2"}}, {"labels": {"b": "2"}}),
    ({"labels": {"a": "1"}}, {"labels": {"$patch": "delete"}}, {"labels": {}}),
    ({"text": "a"}, {"labels": {"$patch": "delete"}}, {"text": "a"}),
    ({"text": "a"}, {"labels": {"$patch": "odd"}}, {"text": "a"}),
    ({"text": "a"}, {"self": {"labels": {"$patch": "delete"}, "text": "x"}}, {"text": "a", "self": {"text": "x"}}),
    # lists of scalars
    ({"set": ["a", "b"]}, {"set": ["c"]}, {"set": ["c", "a", "b"]}),
    ({"set": ["a", "b"]}, {"set": ["b", "c", "c"]}, {"set": ["a", "b", "c"]}),
    ({"set": ["a", "b"]}, {"set": []}, {"set": ["a", "b"]}),
    ({"set": []}, {"set": []}, {"set": []}),
    ({"set": ["a", "b", "c"]}, {"$deleteFromPrimitiveList/set": ["b", "x"]}, {"set": ["a", "c"]}),
    ({"plain": ["a", "b"]}, {"$deleteFromPrimitiveList/plain": ["b"]}, {"plain": ["a"]}),
    ({"text": "a"}, {"$deleteFromPrimitiveList/set": ["b"]}, {"text": "a"}),
    ({"text": "a"}, {"$deleteFromPrimitiveList/text": ["b"]}, {"text": "a"}),
    ({"set": ["a"]}, {"$deleteFromPrimitiveList/set": None}, {}),
    ({"set": ["a", "b", "c"]}, {"$setElementOrder/set": ["c", "a"], "$deleteFromPrimitiveList/set": ["a"]},
     {"set": ["b", "c"]}),
    ({"set": ["a", "b", "c"]}, {"$setElementOrder/set": ["d", "b", "a"], "set": ["d"]},
     {"set": ["d", "b", "a", "c"]}),
    # lists of objects
    ({"merged": [item("a", "1"), item("b", "2")]}, {"merged": [item("b", "3")]},
     {"merged": [item("a", "1"), item("b", "3")]}),
    ({"merged": [item("a", "1"), item("b", "2")]}, {"merged": [item("c", "3")]},
     {"merged": [item("c", "3"), item("a", "1"), item("b", "2")]}),
    ({"merged": [item("a", "1"), item("b", "2")]}, {"merged": [item("b"), item("a")]},
     {"merged": [item("b", "2"), item("a", "1")]}),
    ({"merged": [item("a", "1", more="x")]}, {"merged": [{"name": "a", "value": None}]},
     {"merged": [item("a", more="x")]}),
    ({"merged": [item("a", tags=["x"])]}, {"merged": [item("a", tags=["y"])]},
     {"merged": [item("a", tags=["y", "x"])]}),
    ({"merged": [item("a"), item("b"), item("c")]}, {"merged": [{"$patch": "delete", "name": "b"}]},
     {"merged": [item("a"), item("c")]}),
    ({"merged": [item("a")]}, {"merged": [{"$patch": "delete", "name": "x"}, item("y")]},
     {"merged": [item("y"), item("a")]}),
    ({"merged": [item("a", "1"), item("b")]}, {"merged": [{"$patch": "replace"}, item("c"), item("a")]},
     {"merged": [item("c"), item("a")]}),
    ({"merged": [item("a")]}, {"merged": [{"$patch": "replace"}]}, {"merged": []}),
    ({"merged": []}, {"merged": [{"name": "a", "value": None}]}, {"merged": [{"name": "a", "value": None}]}),
    ({}, {"merged": [item("a"), {"$patch": "delete", "name": "b"}]}, {"merged": [item("a")]}),
    ({"merged": [item("a", "1"), item("b", "2")]}, {"merged": [{"$patch": "replace", **item("a")}]}, {"merged": []}),
    # order
    ({"merged": [item("a"), item("b"), item("c")]}, {"$setElementOrder/merged": [item("c"), item("a")]},
     {"merged": [item("b"), item("c"), item("a")]}),
    ({"merged": [item("a"), item("s"), item("b")]},
     {"$setElementOrder/merged": [item("n"), item("b"), item("a")], "merged": [item("n", "1"), item("a", "2")]},
     {"merged": [item("n", "1"), item("s"), item("b"), item("a", "2")]}),
    ({}, {"$setElementOrder/merged": [item("b"), item("a")], "merged": [item("b"), item("a")]},
     {"merged": [item("b"), item("a")]}),
    ({"text": "a"}, {"$setElementOrder/merged": [item("b")]}, {"text": "a"}),
    ({"merged": [item("a"), item("b")]},
     {"$setElementOrder/merged": [item("b")], "merged": [{"$patch": "delete", "name": "a"}]},
     {"merged": [item("b")]}),
    # $retainKeys
    ({"struct": item("a", "1", more="x")}, {"struct": {"$retainKeys": ["name", "more"], "more": "y"}},
     {"struct": {"name": "a", "more": "y"}}),
    ({"struct": item("a", "1")}, {"struct": {"$retainKeys": ["name"], "value": None}}, {"struct": {"name": "a"}}),
    ({"merged": [item("a", "1")]}, {"merged": [{"name": "a", "$retainKeys": ["name", "more"], "more": "x"}]},
     {"merged": [item("a", more="x")]}),
    ({"set": ["a"]}, {"$retainKeys": ["set"], "$setElementOrder/set": ["b", "a"], "set": ["b"]}, {"set": ["b", "a"]}),
    ({}, {"struct": {"$retainKeys": ["name"], "name": "a"}}, {"struct": {"$retainKeys": ["name"], "name": "a"}}),
])
def test_merges(doc: dict[str, Any], patch: Any, want: dict[str, Any]) -> None:
    assert apply(doc, patch) == want


@pytest.mark.parametrize(("doc", "patch", "code", "message"), [
    ({}, [], 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ({}, "x", 400, "json: cannot unmarshal string into Go value of type map[string]interface {}"),
    ({}, {"$patch": "odd", "text": "a"}, 500, "unknown patch type: odd in map: map[$patch:odd text:a]"),
    ({}, {"$patch": 5}, 500, "unknown patch type: %!s(int64=5) in map: map[$patch:5]"),
    ({}, {"$retainKeys": "text"}, 400, "invalid patch format of retainKeys"),
    ({}, {"$retainKeys": ["text"], "number": 1}, 400, "invalid patch format of retainKeys"),
    ({}, {"$deleteFromPrimitiveList": ["a"]}, 400, "invalid patch format of primitive list"),
    ({}, {"$deleteFromPrimitiveListset": ["a"]}, 400, "invalid patch format of primitive list"),
    ({}, {"$setElementOrder": ["a"]}, 400, "invalid patch format of setElementOrder list"),
    ({}, {"$setElementOrder/set": "a"}, 500, "expected a []interface {}, but received a string"),
    ({"set": "x"}, {"$setElementOrder/set": ["a"]}, 500, "expected a []interface {}, but received a string"),
    ({}, {"$setElementOrder/set": ["a"], "set": {}}, 500,
     "expected a []interface {}, but received a map[string]interface {}"),
    ({"set": ["a", "b"]}, {"$setElementOrder/set": ["a"], "set": ["b"]}, 500,
     "The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n"),
    ({"merged": []}, {"$setElementOrder/merged": [{"name": "a"}], "merged": ["x"]}, 500,
     "expected a map[string]interface {}, but received a string"),
    ({"merged": [{"name": "a"}]}, {"merged": [{"value": "x"}]}, 500,
     "map: map[value:x] does not contain declared merge key: name"),
    ({"merged": [{"value": "x"}]}, {"merged": [{"name": "a"}]}, 500,
     "map: map[value:x] does not contain declared merge key: name"),
    ({"merged": [{"name": "a"}]}, {"merged": [{"$patch": "delete"}]}, 500,
     "map: map[$patch:delete] does not contain declared merge key: name"),
    ({"merged": [{"name": "a"}]}, {"merged": [{"$patch": "merge"}]}, 500,
     "merging lists cannot yet be specified in the patch"),
    ({"merged": [{"name": "a"}]}, {"merged": [{"$patch": "odd", "name": "a"}]}, 500,
     "unknown patch type: odd in map: map[$patch:odd name:a]"),
    ({"merged": [{"name": "a"}]}, {"merged": ["x"]}, 500,
     "list element types are not identical: [[map[name:a]] [x]]"),
    ({"keyless": [{"name": "a"}]}, {"keyless": [{"name": "b"}]}, 500,
     "cannot merge lists without merge key for struct"),
    ({"matrix": [["a"]]}, {"matrix": [["b"]]}, 500, "unexpected slice of slice"),
    ({"set": [["a"]]}, {"set": [["b"]]}, 422, "the server rejected our request due to an error in our request"),
    ({"set": []}, {"$setElementOrder/set": ["a"]}, 500, "no elements in any of the given slices"),
    ({"nosuch": {}}, {"nosuch": {}}, 500, 'unable to find api field in struct Root for the json field "nosuch"'),
    ({"nosuch": []}, {"nosuch": []}, 500, 'unable to find api field in struct Root for the json field "nosuch"'),
    ({"labels": []}, {"labels": []}, 500, "expected slice or array type, but got: struct"),
    ({"deep": {"a": {"b": "c"}}}, {"deep": {"a": {"d": "e"}}}, 500,
     "merging an object in json but data type is not struct, instead is: map"),
])
def test_errors(doc: dict[str, Any], patch: Any, code: int, message: str) -> None:
    with pytest.raises(StatusError) as e:
        apply(doc, patch)
    assert (e.value.code, e.value.message) == (code, message)
    assert e.value.reason == {400: "BadRequest", 422: "Invalid", 500: ""}[code]


names = st.sampled_from("abcde")
items = st.lists(st.builds(item, names, st.sampled_from("123")), max_size=4, unique_by=lambda i: i["name"])
labels = st.dictionaries(names, st.sampled_from("123") | st.none(), max_size=3)


@given(labels, labels)
def test_maps_merge_as_a_merge_patch_does(old: dict[str, Any], new: dict[str, Any]) -> None:
    doc = {"labels": {k: v for k, v in old.items() if v is not None}}
    assert apply(doc, {"labels": new}) == merge_patch.apply(doc, {"labels": new})


def _order(found: list[dict[str, Any]], among: list[dict[str, Any]]) -> list[str]:
    wanted = {i["name"] for i in among}
    return [i["name"] for i in found if i["name"] in wanted]


@given(items, items)
def test_merged_lists_hold_both_sides_each_in_its_order(live: list[Any], patch: list[Any]) -> None:
    merged = apply({"merged": live}, {"merged": patch})["merged"]
    by_name = {i["name"]: i for i in merged}
    assert len(by_name) == len(merged)
    assert by_name == {i["name"]: i for i in live} | {i["name"]: i for i in patch}
    assert _order(merged, patch) == [i["name"] for i in patch]
    patched = {i["name"] for i in patch}
    server_only = [i for i in live if i["name"] not in patched]
    assert _order(merged, server_only) == [i["name"] for i in server_only]


@given(items, items)
def test_a_patch_that_lists_everything_gives_its_order(live: list[Any], wanted: list[Any]) -> None:
    """What kubectl's client-side apply sends leads from one list to the other."""
    kept = {i["name"] for i in wanted}
    deletions = [{"$patch": "delete", "name": i["name"]} for i in live if i["name"] not in kept]
    patch = {
        "merged": wanted + deletions,
        "$setElementOrder/merged": [{"name": i["name"]} for i in wanted],
    }
    if not live and not wanted:
        return
    assert apply({"merged": live}, patch)["merged"] == wanted


# A model of what the documents say of strategic merges, the order of merged lists aside: merged lists are maps by
# their key, and sets are sets. https://git.k8s.io/design-proposals-archive/cli/preserve-order-in-strategic-merge-patch.md

_KEYS = {"merged": "name"}
_SETS = {"set", "tags"}
_REPLACED = {"replaced"}


def model_of(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        # new items of a list keep their nulls (mergeSliceWithoutSpecialElements), which Go's types then do not hold
        return {field: model_of(child, field) for field, child in value.items() if child is not None}
    if isinstance(value, list) and name in _KEYS:
        return {found[_KEYS[name]]: model_of(found) for found in value}
    return set(value) if isinstance(value, list) and name in _SETS else value


def merged_model(doc: Any, patch: dict[str, Any]) -> Any:
    """What `patch` makes of `model_of` a document."""
    directive = patch.get("$patch")
    if directive is not None:
        return model_of({k: v for k, v in patch.items() if k != "$patch"}) if directive == "replace" else {}
    out = dict(doc)
    if "$retainKeys" in patch:
        out = {name: value for name, value in out.items() if name in patch["$retainKeys"]}
    for name, value in patch.items():
        if name == "$retainKeys":
            continue
        if name.startswith("$deleteFromPrimitiveList/"):
            name = name.partition("/")[2]
            if name in out:
                out[name] = out[name] - set(value)
        elif value is None:
            out.pop(name, None)
        elif name in _KEYS:
            out[name] = _merged_items(out.get(name), value, _KEYS[name])
        elif name in _SETS:
            out[name] = out.get(name, set()) | set(value)
        elif isinstance(value, dict) and name not in _REPLACED:
            out[name] = merged_model(out[name], value) if name in out else merged_model({}, value)
        else:
            out[name] = model_of(value, name)
    return out


def _merged_items(live: Any, patch: list[Any], key: str) -> Any:
    plain = [i for i in patch if "$patch" not in i]
    if any(i.get("$patch") == "replace" for i in patch):
        return {i[key]: model_of(i) for i in plain}
    out = {} if live is None else dict(live)
    for i in patch:
        if i.get("$patch") == "delete":
            out.pop(i[key], None)
    for i in plain:
        out[i[key]] = merged_model(out.get(i[key], {}), i)
    return out


def _fields(**extra: Any) -> Any:
    return st.fixed_dictionaries({}, optional={"value": st.sampled_from("123"), **extra})


_tags = st.lists(names, max_size=3, unique=True)
_live_item = st.builds(
    lambda name, rest: {"name": name, **rest}, names,
    _fields(tags=_tags, nested=st.dictionaries(names, st.sampled_from("123"), max_size=2)),
)
_live = st.fixed_dictionaries({}, optional={
    "text": names, "number": st.integers(0, 3), "labels": st.dictionaries(names, names, max_size=2), "set": _tags,
    "merged": st.lists(_live_item, max_size=3, unique_by=lambda i: i["name"]),
    "plain": _tags, "replaced": _live_item, "struct": _live_item,
    "self": st.fixed_dictionaries({}, optional={"text": names, "set": _tags}),
})
_changes = {
    "value": st.none() | st.sampled_from("123"), "tags": _tags,
    "nested": st.dictionaries(names, st.none() | st.sampled_from("123"), max_size=2),
}
_patched_item = st.builds(
    lambda name, rest: {"name": name, **rest}, names, st.fixed_dictionaries({}, optional=_changes),
)
_deletion = st.builds(lambda name: {"$patch": "delete", "name": name}, names)


@st.composite
def _patched_list(draw: st.DrawFn) -> list[Any]:
    found = draw(st.lists(_patched_item | _deletion, max_size=4, unique_by=lambda i: i["name"]))
    if draw(st.booleans()) and draw(st.booleans()):
        found = [{"$patch": "replace"}, *({k: v for k, v in i.items() if v is not None} for i in found
                                          if "$patch" not in i)]
    return found


@st.composite
def _patched_struct(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=_changes))
    match draw(st.sampled_from(["", "", "replace", "delete", "retain"])):
        case "retain":
            found["$retainKeys"] = [*found, draw(st.sampled_from(["name", "value", "tags"]))]
        case "delete":
            found = {"$patch": "delete"}
        case "replace":
            found = {"$patch": "replace", "name": "a"}
    return found


_patch = st.fixed_dictionaries({}, optional={
    "text": st.none() | names, "number": st.none() | st.integers(0, 3), "plain": st.none() | _tags,
    "labels": st.none() | st.dictionaries(names, st.none() | names, max_size=3), "set": st.none() | _tags,
    "$deleteFromPrimitiveList/set": _tags, "merged": st.none() | _patched_list(), "replaced": _live_item,
    "struct": _patched_struct(), "self": st.fixed_dictionaries({}, optional={"text": st.none() | names, "set": _tags}),
})


def _defined(doc: dict[str, Any], patch: dict[str, Any]) -> bool:
    """Deleting from a list and adding to it depend on the order of the patch, and a directive needs an object."""
    if "$deleteFromPrimitiveList/set" in patch and "set" in patch:
        return False
    return "struct" not in patch or "struct" in doc


@given(_live, _patch)
def test_merges_agree_with_the_model(doc: dict[str, Any], patch: dict[str, Any]) -> None:
    assume(_defined(doc, patch))
    result = apply(doc, patch)
    assert model_of(result) == merged_model(model_of(doc), patch)
    for name in ("merged", "set"):
        found = result.get(name) or []
        assert len(model_of(found, name)) == len(found), "nothing twice"
