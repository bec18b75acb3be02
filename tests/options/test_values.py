from typing import Any

import pytest

from pilothouse.options import values


@pytest.mark.parametrize(("text", "seconds"), [
    ("0", 0.0), ("1m0s", 60.0), ("1h2m3s", 3723.0), ("1.5h", 5400.0), ("300ms", 0.3), (".5s", 0.5), ("-2m", -120.0),
    ("+1s", 1.0), ("10us", 1e-5), ("10µs", 1e-5), ("7ns", 7e-9),
])
def test_durations(text: str, seconds: float) -> None:
    assert values.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "problem"), [
    ("", 'time: invalid duration ""'),
    ("5", 'time: missing unit in duration "5"'),
    ("1m5", 'time: missing unit in duration "1m5"'),
    ("1d", 'time: unknown unit "d" in duration "1d"'),
    ("abc", 'time: invalid duration "abc"'),
    ("1m-", 'time: invalid duration "1m-"'),
])
def test_bad_durations(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match="duration") as raised:
        values.duration(text)
    assert str(raised.value) == problem


@pytest.mark.parametrize(("kind", "text", "value"), [
    ("bool", "T", True), ("bool", "0", False), ("int", "0x10", 16), ("float", "0.02", 0.02),
    ("strings", "a,b", ("a", "b")), ("strings", '"a,b",c', ("a,b", "c")), ("strings", "", ()),
    ("stringArray", "a,b", ("a,b",)),
    ("mapStringString", "a/v1=true,b=false, c", {"a/v1": "true", "b": "false", "c": ""}),
    ("colonSeparatedMultimapStringString", "A=true,kube:B=false", {"A": "true", "B": "false"}),
    ("portRange", "30000-32767", (30000, 32767)), ("portRange", "30000+10", (30000, 30010)),
    ("portRange", "80", (80, 80)), ("ip", "::1", "::1"), ("ip", "", ""), ("quantity", "10Ki", 10240),
    ("quantity", "2k", 2000), ("quantity", "", 0), ("int32Slice", "1,2", (1, 2)),
])
def test_values(kind: str, text: str, value: Any) -> None:
    assert values.PARSERS[kind](text) == value


@pytest.mark.parametrize(("kind", "text", "problem"), [
    ("bool", "maybe", 'strconv.ParseBool: parsing "maybe": invalid syntax'),
    ("int", "x", 'strconv.ParseInt: parsing "x": invalid syntax'),
    ("float", "x", 'strconv.ParseFloat: parsing "x": invalid syntax'),
    ("ip", "300.1.1.1", 'failed to parse IP: "300.1.1.1"'),
    ("portRange", "9-1", "end port cannot be less than start port: 9-1"),
    ("portRange", "1-70000", "the port range cannot be greater than 65535: 1-70000"),
    ("portRange", "x", "unable to parse port range: x"),
    ("colonSeparatedMultimapStringString", "other:A=true", "component not registered: other"),
])
def test_bad_values(kind: str, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".+") as raised:
        values.PARSERS[kind](text)
    assert str(raised.value) == problem


def test_repeated_flags_grow_lists_and_maps() -> None:
    assert values.merge(("a",), ("b",)) == ("a", "b")
    assert values.merge({"a": "1"}, {"a": "2", "b": "3"}) == {"a": "2", "b": "3"}
    assert values.merge(1, 2) == 2
