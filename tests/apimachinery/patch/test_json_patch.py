import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.patch import json_patch
from pilothouse.apimachinery.status import StatusError

REJECTED = "the server rejected our request due to an error in our request"


def apply(doc: Any, *operations: Any, **options: Any) -> Any:
    before = copy.deepcopy((doc, operations))
    result = json_patch.apply(doc, list(operations), **options)
    assert (doc, operations) == before
    return result


@pytest.mark.parametrize(("doc", "operations", "want"), [
    # RFC 6902, appendix A
    ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "q"}], {"foo": ["bar", "q", "baz"]}),
    ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ({"baz": "qux", "foo": "bar"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo", "foo": "bar"}),
    ({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
     [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
     {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
    ({"foo": ["all", "grass", "cows", "eat"]}, [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
     {"foo": ["all", "cows", "eat", "grass"]}),
    ({"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
     {"foo": "bar", "child": {"grandchild": {}}}),
    ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}], {"foo": "bar", "baz": "qux"}),
    ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc"]}], {"foo": ["bar", ["abc"]]}),
    # and what else is allowed
    ({"a": [1, 2]}, [{"op": "add", "path": "/a/-1", "value": 3}], {"a": [1, 2, 3]}),
    ({"a": [1, 2]}, [{"op": "remove", "path": "/a/-1"}], {"a": [1]}),
    ({"a": [1, 2]}, [{"op": "replace", "path": "/a/-2", "value": 0}], {"a": [0, 2]}),
    ({"a": 1}, [{"op": "replace", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
    ({"a": 1}, [{"op": "add", "path": "ignored/b", "value": 2}], {"a": 1, "b": 2}),
    ({"a": 1}, [{"op": "add", "path": "/b"}], {"a": 1, "b": None}),
    ({"a": 1}, [{"op": "copy", "from": "/nosuch", "path": "/b"}], {"a": 1, "b": None}),
    ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}, {"op": "add", "path": "/c/d", "value": 2}],
     {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    ({"a": 1}, [{"op": "replace", "path": "", "value": [2]}], [2]),
    ({"a": 1}, [{"op": "test", "path": "", "value": {"a": 1}}], {"a": 1}),
    ({"a": None}, [{"op": "test", "path": "/a", "value": None}], {"a": None}),
    ({}, [{"op": "test", "path": "/a"}], {}),
    ({"a": {"x": [1, {"y": None}]}}, [{"op": "test", "path": "/a", "value": {"x": [1, {"y": None}]}}],
     {"a": {"x": [1, {"y": None}]}}),
    ({"": 1}, [{"op": "remove", "path": "/"}], {}),
    ({"a": 1}, [], {"a": 1}),
])
def test_applies(doc: Any, operations: list[Any], want: Any) -> None:
    assert apply(doc, *operations) == want


@pytest.mark.parametrize("operation", [
    {},
    {"op": "odd", "path": "/a"},
    {"op": None, "path": "/a"},
    {"op": "add", "value": 1},
    {"op": "add", "path": "", "value": 1},
    {"op": "add", "path": "/nosuch/x", "value": 1},
    {"op": "add", "path": "/s/x", "value": 1},
    {"op": "add", "path": "/n/x", "value": 1},
    {"op": "add", "path": "/l/4", "value": 1},
    {"op": "add", "path": "/l/-5", "value": 1},
    {"op": "add", "path": "/l/x", "value": 1},
    {"op": "add", "path": "/l/1_0", "value": 1},
    {"op": "remove", "path": ""},
    {"op": "remove", "path": "/nosuch"},
    {"op": "remove", "path": "/l/3"},
    {"op": "remove", "path": "/l/-"},
    {"op": "replace", "path": "/l/3", "value": 1},
    {"op": "replace", "path": "/l/-", "value": 1},
    {"op": "replace", "path": "", "value": "x"},
    {"op": "replace", "path": ""},
    {"op": "move", "path": "/x"},
    {"op": "move", "from": "/nosuch", "path": "/x"},
    {"op": "move", "from": "/s", "path": "/nosuch/x"},
    {"op": "copy", "from": "/nosuch/y", "path": "/x"},
    {"op": "copy", "from": "/s", "path": "/nosuch/x"},
    {"op": "copy", "from": "/s"},
    {"op": "test", "path": "/s", "value": "other"},
    {"op": "test", "path": "/s"},
    {"op": "test", "path": "/nosuch", "value": 1},
    {"op": "test", "path": "/nosuch/x"},
    {"op": "test", "path": "/l/9"},
    {"op": "test", "path": "/l/0", "value": 1.0},
    {"op": "test", "path": "/t", "value": 1},
    {"op": "test", "path": "/l", "value": [1, 2]},
    {"op": "test", "path": "", "value": {}},
])
def test_what_does_not_apply_is_rejected_without_a_reason(operation: dict[str, Any]) -> None:
    doc = {"s": "text", "n": None, "l": [1, 2, 3], "t": True}
    with pytest.raises(StatusError) as e:
        apply(doc, operation)
    assert e.value.status() == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": REJECTED,
        "reason": "Invalid", "details": {}, "code": 422,
    }


def test_nothing_is_applied_if_one_operation_does_not_apply() -> None:
    doc = {"a": {"b": 1}}
    with pytest.raises(StatusError):
        apply(doc, {"op": "add", "path": "/a/c", "value": 1}, {"op": "remove", "path": "/nosuch"})
    assert doc == {"a": {"b": 1}}


@pytest.mark.parametrize(("patch", "strict", "message"), [
    ({}, True, "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
    ({}, False, "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
    ("x", True, "error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp"),
    ([1], True, "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
    ([1], False, "json: cannot unmarshal number into Go value of type jsonpatch.Operation"),
    ([{"op": "add", "path": 5}], True,
     "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string"),
    ([{"op": True}], True,
     "error decoding patch: json: cannot unmarshal bool into Go struct field jsonPatchOp.op of type string"),
])
def test_a_body_that_is_no_patch_is_a_bad_request(patch: Any, strict: bool, message: str) -> None:
    with pytest.raises(StatusError) as e:
        json_patch.apply({}, patch, strict=strict)
    assert (e.value.code, e.value.reason, e.value.message) == (400, "BadRequest", message)


def test_null_is_an_empty_patch() -> None:
    assert json_patch.apply({"a": 1}, None) == {"a": 1}


@pytest.mark.parametrize("patch", [[None], [{"op": 5}], [{"op": "add", "path": 5}]])
def test_without_strictness_wrong_types_do_not_apply(patch: Any) -> None:
    with pytest.raises(StatusError) as e:
        json_patch.apply({}, patch, strict=False)
    assert e.value.code == 422


def test_the_number_of_operations_is_limited() -> None:
    test = {"op": "test", "path": "/a", "value": 1}
    assert json_patch.apply({"a": 1}, [test] * 10_000) == {"a": 1}
    with pytest.raises(StatusError) as e:
        json_patch.apply({"a": 1}, [test] * 10_001)
    assert e.value.code == 413
    assert e.value.message == (
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    )


def test_what_is_copied_is_limited() -> None:
    double = {"op": "copy", "from": "/a", "path": "/a/-"}
    doc = {"a": ["x" * 100]}
    assert len(apply(doc, *[double] * 4, max_copy_bytes=10_000)["a"]) == 5
    with pytest.raises(StatusError) as e:
        apply(doc, *[double] * 20, max_copy_bytes=10_000)
    assert e.value.code == 422


def test_unknown_fields_are_told() -> None:
    patch = [{"op": "test", "path": "/a", "foo": 1}, None, {"op": "test", "value": 1, "From": "/b"}]
    assert json_patch.unknown_fields(patch) == [
        'json patch unknown field "[0].foo"', 'json patch unknown field "[2].From"',
    ]
    assert json_patch.unknown_fields(None) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "~", "/"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.sampled_from("ab/~"), children, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from("ab/~"), json_values, max_size=3)


def _escape(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


@given(documents, st.sampled_from("ab/~"), json_values)
def test_what_was_added_can_be_tested_and_removed(doc: dict[str, Any], name: str, value: Any) -> None:
    path = _escape(name)
    added = apply(doc, {"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value})
    assert added[name] == value
    assert apply(added, {"op": "remove", "path": path}) == {k: v for k, v in doc.items() if k != name}


@given(documents, st.lists(st.fixed_dictionaries({
    "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
    "path": st.sampled_from(["", "/a", "/b", "/a/0", "/a/-", "/a/b", "/a/0/b"]),
    "from": st.sampled_from(["/a", "/b", "/a/0", "/b/a"]),
    "value": json_values,
}), max_size=6))
def test_arguments_are_never_changed(doc: dict[str, Any], operations: list[Any]) -> None:
    before = copy.deepcopy((doc, operations))
    try:
        json_patch.apply(doc, operations)
    except StatusError as e:
        assert e.code == 422
    assert (doc, operations) == before
