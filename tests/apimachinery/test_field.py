"""Field paths and how values are shown."""

import pytest

from pilothouse.apimachinery import field


def test_paths() -> None:
    assert field.child("spec", "a", "b") == "spec.a.b"
    assert field.child("", "a") == "a"
    assert field.key(field.index("a", 1), "k") == "a[1][k]"


def test_long_paths_end_somewhere() -> None:
    long = field.child("a", "k" * 10_000)
    assert len(long) == field.LONGEST_PATH
    assert field.child(long, "b") is field.index(long, 1) is field.key(long, "b") is long
    assert len(field.key("a", "k" * 10_000)) == field.LONGEST_PATH


@pytest.mark.parametrize(("value", "text"), [
    (5, "5"), (10**30, str(10**30)), (1.0, "1"), (1.5, "1.5"), (999999.0, "999999"), (1e6, "1e+06"),
    (123456789.0, "1.23456789e+08"), (0.0001, "0.0001"), (0.00001, "1e-05"), (-1.5e300, "-1.5e+300"), (0.0, "0"),
])
def test_numbers_are_gos(value: float, text: str) -> None:
    assert field.go_number(value) == text


def test_quoted_characters() -> None:
    assert field.go_quote("a\u00e9\"\\\n\x01\x7f\u200b\U000e0001\udc80") == (
        '"a\u00e9\\"\\\\\\n\\x01\\x7f\\u200b\\U000e0001\\x80"'
    )
