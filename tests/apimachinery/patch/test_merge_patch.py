import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.patch import merge_patch
from pilothouse.apimachinery.status import StatusError


@pytest.mark.parametrize(("doc", "patch", "want"), [
    # RFC 7386, appendix A
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    # what the library does beyond
    ({"a": None}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
    ({"a": 1}, {"a": [None, {"b": None}]}, {"a": [None, {}]}),
    ({"a": {"b": 1}}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
    ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    ({"a": 1}, {"nosuch": None}, {"a": 1}),
    ({"a": 1}, {}, {"a": 1}),
])
def test_merges(doc: dict[str, Any], patch: Any, want: Any) -> None:
    before = copy.deepcopy((doc, patch))
    assert merge_patch.apply(doc, patch) == want
    assert (doc, patch) == before


@pytest.mark.parametrize(("patch", "strict", "message"), [
    (None, True, "Invalid JSON Patch"),
    (None, False, "Invalid JSON Patch"),
    ("x", False, "Invalid JSON Patch"),
    ([], True, "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
    (5, True, "error decoding patch: json: cannot unmarshal number into Go value of type map[string]interface {}"),
])
def test_a_body_that_is_no_patch_is_a_bad_request(patch: Any, strict: bool, message: str) -> None:
    with pytest.raises(StatusError) as e:
        merge_patch.apply({"a": 1}, patch, strict=strict)
    assert (e.value.code, e.value.reason, e.value.message) == (400, "BadRequest", message)


def test_without_strictness_a_list_replaces_the_document() -> None:
    assert merge_patch.apply({"a": 1}, [{"b": None}, None], strict=False) == [{}, None]


values = st.recursive(
    st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x"]),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.sampled_from("abc"), children, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        if name in old and isinstance(old[name], dict) and isinstance(value, dict):
            patch[name] = difference(old[name], value)
        elif name not in old or old[name] != value:
            patch[name] = value
    return patch


@given(documents, documents)
def test_a_difference_leads_to_the_new_document(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert merge_patch.apply(old, difference(old, new)) == new


@given(documents, documents)
def test_merging_twice_is_merging_once(doc: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patch.apply(doc, patch)
    assert merge_patch.apply(once, patch) == once


def rfc7386(target: Any, patch: Any) -> Any:
    """MergePatch as section 2 of the RFC has it."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = rfc7386(merged.get(name), value)
    return merged


#: Nulls are members of objects outside of lists: inside of lists the library goes its own way (see above).
patches = st.dictionaries(
    st.sampled_from("abcd"),
    st.recursive(
        st.none() | values, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=8,
    ),
    max_size=4,
)


@given(documents, patches)
def test_the_result_is_what_the_rfc_says(doc: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((doc, patch))
    assert merge_patch.apply(doc, patch) == rfc7386(doc, patch)
    assert (doc, patch) == before
