"""Documents that are JSON and YAML at once."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.apimachinery.codec import yaml
from pilothouse.apimachinery.codec.yaml_json import json_document

_ODD = ["<<", "null", "1e3", "a: b", "- x", "# y", "\u2028", "\x7f", "\\/", "%"]
_TEXT = st.text(max_size=12) | st.sampled_from(_ODD)
_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=400)
@given(
    st.dictionaries(_TEXT, _VALUES, max_size=5), st.sampled_from([None, 1, 2, "\t"]), st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]),
)
def test_both_readers_agree(value: dict[str, Any], indent: Any, ascii: bool, separators: tuple[str, str]) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii, separators=separators).encode("utf-8", "surrogatepass")
    found = json_document(data)
    if found is not None:
        assert found == yaml.loads(data)
        assert json.dumps(found) == json.dumps(yaml.loads(data))


@pytest.mark.parametrize("data", [
    b'{"a":{"b":[1,-2,true,null,"x\\n\\"y\\\\"]},"c":{}}', b'{"a": {"b": [1, 2]}}\n', b'{\n  "a": [\n    "b"\n  ]\n}',
    b'{"image":"web:1.2e3"}',
])
def test_plain_json_is_taken(data: bytes) -> None:
    assert json_document(data) == json.loads(data) == yaml.loads(data)


@pytest.mark.parametrize("data", [
    b"a: b", b"{a: b}", b'{"a":1.0}', b'{"a":1e3}', b'{"a":1,"a":2}', b'{"a":"\\u0041"}', b'{"a":"\\/"}', b'{\t"a":1}',
    b'{"<<":{"a":1}}', b'{"a"\n:1}', b'{"a":1}\n---\n{}', b"{", b"[1]", '{"a":"é"}'.encode(), b'{"a":"\x7f"}',
    b'{"%s":1}' % (b"k" * 2000), b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", b'{"a":18446744073709551616}', b"",
])
def test_what_may_read_otherwise_is_left_to_yaml(data: bytes) -> None:
    assert json_document(data) is None
