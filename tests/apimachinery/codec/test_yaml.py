from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.codec import yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("on", True), ("No", False), ("'y'", "y"), ("~", None), ("", None), ("null", None),
        ("010", 8), ("0o10", 8), ("0x10", 16), ("0b11", 3), ("-0x10", -16), ("1_000", 1000), ("08", 8), ("+1", 1),
        ("1.0", 1), ("1.5", 1.5), ("1e3", 1000), (".5", 0.5), ("1:20", "1:20"), ("2020-01-01", "2020-01-01"),
        ("99999999999999999999", 1e20), ("1" * 5000, "1" * 5000), ("1e999", "1e999"),
        ("0x1" + "0" * 20, "0x1" + "0" * 20),
        ("!!str 5", "5"), ("! 5", "5"), ("v1", "v1"), ("1.2.3", "1.2.3"), ("-", [None]),
    ],
)  # fmt: skip
def test_scalars_are_read_as_in_go(text: str, value: Any) -> None:
    got = yaml.loads(text.encode())
    assert got == value
    assert type(got) is type(value) or isinstance(got, int)


def test_keys_become_strings() -> None:
    assert yaml.loads(b"1: a\ntrue: b\n1.5: c\nx: d\n0x10: e") == {
        "1": "a", "true": "b", "1.5": "c", "x": "d", "16": "e",
    }  # fmt: skip
    with pytest.raises(yaml.YAMLError, match="unsupported map key of type: slice"):
        yaml.loads(b"? [a]\n: b")


def test_duplicate_keys_are_told_with_their_line() -> None:
    value, duplicates = yaml.load(b"apiVersion: v1\ndata: {s: t,\n  s: u}\n1: a\n1: b\n")
    assert value == {"apiVersion": "v1", "data": {"s": "u"}, "1": "b"}
    assert duplicates == ['line 3: key "s" already set in map', "line 5: key 1 already set in map"]
    assert yaml.strict_error(duplicates) == (
        'yaml: unmarshal errors:\n  line 3: key "s" already set in map\n  line 5: key 1 already set in map'
    )


def test_merge_keys_and_aliases() -> None:
    text = b"a: &a {k: v, z: 0}\nb: {<<: *a, z: 1}\nc: {<<: [*a, {q: 2}], k: w}\nd: *a\n"
    value = yaml.loads(text)
    assert value["b"] == {"k": "v", "z": 1}
    assert value["c"] == {"k": "w", "z": 0, "q": 2}
    assert value["d"] == value["a"]
    assert value["d"] is not value["a"]
    with pytest.raises(yaml.YAMLError, match="map merge requires map or sequence of maps as the value"):
        yaml.loads(b"<<: 1")


def test_the_first_document_counts() -> None:
    assert yaml.loads(b"---\na: 1\n---\nb: [") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: *b", "yaml: unknown anchor 'b' referenced"),
        ("&a [*a]", "yaml: anchor 'a' value contains itself"),
        ("a: .inf", "json: unsupported value: +Inf"),
        ("a: b\nc: d: e", "yaml: line 2: mapping values are not allowed in this context"),
        ("\ta", "yaml: found character that cannot start any token"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(yaml.YAMLError) as e:
        yaml.load(text.encode())
    assert str(e.value) == message


@pytest.mark.parametrize("text", [b"[" * 1_000_000, b"- " * 100_000, b"{a: " * 100_000])
def test_depth_is_bounded(text: bytes) -> None:
    with pytest.raises(yaml.YAMLError, match="exceeded max depth"):
        yaml.load(text)


def test_aliases_do_not_help_to_get_deeper() -> None:
    half = "[" * 150
    with pytest.raises(yaml.YAMLError, match="exceeded max depth"):
        yaml.load(f"a: &a {half}{half.replace('[', ']')}\nb: {half}*a{half.replace('[', ']')}".encode())


def test_alias_bombs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    with pytest.raises(yaml.YAMLError, match="excessive aliasing"):
        yaml.load("\n".join(lines).encode())


def test_output_is_sorted_block_style() -> None:
    value = {"b": "true", "a": 1, "m": "x\ny\n", "e": {}, "l": [{"z": None, "b": 1.5}], "t": "2020-01-01T00:00:00Z"}
    assert yaml.dumps(value).decode() == (
        'a: 1\nb: "true"\ne: {}\nl:\n- b: 1.5\n  z: null\nm: |\n  x\n  y\nt: "2020-01-01T00:00:00Z"\n'
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=6)
    | st.sampled_from(["y", "1_0", "0x1", "1e5", "~", ".5", "<<", "1:30", "- a", "#", "", "a: b", "+.inf", "=", "0o7"]),
    lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=4), s, max_size=3),
)  # fmt: skip


@given(st.binary(max_size=60) | st.text(alphabet="a:-[]{}&*!<|>'\"#? \n\t0.~", max_size=40).map(str.encode))
def test_whatever_comes_is_a_value_or_a_yaml_error(data: bytes) -> None:
    try:
        yaml.load(data)
    except yaml.YAMLError as e:
        assert str(e)


@given(_JSON)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert yaml.loads(yaml.dumps(value)) == value
