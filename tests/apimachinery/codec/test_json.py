import json as stdlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.codec import json


def test_without_duplicates_there_are_no_pairs() -> None:
    assert json.load(b'{"a": ":", "b": [{"a": 1}, {"a": 2}]}') == ({"a": ":", "b": [{"a": 1}, {"a": 2}]}, None)
    assert json.load(b'{"a":"\\u003a"}') == ({"a": ":"}, None)


def test_duplicates_are_kept_as_pairs() -> None:
    loaded = json.load(b'{"a":{"b":1,"b":2},"c":3}')
    assert loaded.value == {"a": {"b": 2}, "c": 3}
    assert loaded.pairs == [("a", [("b", 1), ("b", 2)]), ("c", 3)]


def test_an_escaped_colon_does_not_hide_a_duplicate() -> None:
    assert json.load(b'{"a":1,"a":"\\u003a"}').pairs == [("a", 1), ("a", ":")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "unexpected end of JSON input"),
        (b"{", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b"not json", "invalid character 'o' in literal null (expecting 'u')"),
        (b'{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        (b"nul", "unexpected end of JSON input"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b'{"a":1}x', "invalid character 'x' after top-level value"),
        (b"data: {y: z}", "invalid character 'd' looking for beginning of value"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b"'x'", "invalid character '\\'' looking for beginning of value"),
    ],
)
def test_syntax_errors_are_worded_as_in_go(data: bytes, message: str) -> None:
    with pytest.raises(json.SyntaxError) as e:
        json.load(data)
    assert str(e.value) == message


def test_bytes_that_are_no_utf8_and_half_surrogates_are_replaced() -> None:
    assert json.loads(b'"a\xffb"') == "a\ufffdb"
    assert json.loads(b'["\\ud800x", "\\ud83d\\ude00", "\\\\ud800"]') == ["\ufffdx", "\U0001f600", "\\ud800"]


@pytest.mark.parametrize("depth", [json.MAX_DEPTH + 1, 300, 2000, 100_000])
def test_nesting_is_bounded(depth: int) -> None:
    with pytest.raises(json.SyntaxError, match="exceeded max depth"):
        json.load(b'{"a":' * depth + b"1" + b"}" * depth)
    with pytest.raises(json.SyntaxError, match="exceeded max depth"):
        json.load(b"[" * depth + b"]" * depth)


def test_much_that_is_not_deep_is_fine() -> None:
    many: Any = [{"a": [1]}] * 1000
    assert json.loads(stdlib.dumps(many).encode()) == many
    deepest = b"[" * json.MAX_DEPTH + b"]" * json.MAX_DEPTH
    assert not json.too_deep(json.loads(deepest))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=4),
    lambda s: st.lists(s, max_size=3) | st.lists(st.tuples(st.sampled_from(["a", "b", ":", '"']), s), max_size=3),
    max_leaves=20,
)


def _written(value: Any) -> tuple[str, bool]:
    """JSON of a tree in which lists of pairs are objects, and whether a key repeats."""
    if isinstance(value, list) and value and all(isinstance(v, tuple) for v in value):
        parts = [(stdlib.dumps(k), *_written(v)) for k, v in value]
        repeats = len({k for k, _, _ in parts}) < len(parts)
        return "{" + ",".join(f"{k} : {v}" for k, v, _ in parts) + "}", repeats or any(r for _, _, r in parts)
    if isinstance(value, list):
        items = [_written(v) for v in value]
        return "[" + ",".join(v for v, _ in items) + "]", any(r for _, r in items)
    return stdlib.dumps(value), False


@given(_JSON)
def test_duplicates_are_found_wherever_they_are(value: Any) -> None:
    text, repeats = _written(value)
    loaded = json.load(text.encode())
    assert loaded.value == stdlib.loads(text)
    assert (loaded.pairs is not None) == repeats
