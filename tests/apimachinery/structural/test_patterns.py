"""Regular expressions of schemas."""

import pytest

from pilothouse.apimachinery.structural.patterns import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("^$", "", True),
        (r"^\pL+$", "éa", True),
        ("(?i)É", "é", True),
        ("a$", "a\n", False),
        (r"^[[:alpha:]\d]+$", "a1", True),
        ("(?P<n>x)|y", "y", True),
    ],
)
def test_search(pattern: str, text: str, found: bool) -> None:
    search = compile_pattern(pattern)
    assert search(text) is found
    assert search(text) is found


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "missing closing ): `(`"),
        ("a(b", "missing closing ): `a(b`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
        ("\\8", "invalid escape sequence: `\\8`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        ("\\pL{1000}", "expression too large: `\\pL{1000}`"),
    ],
)
def test_problems_in_go_words(pattern: str, problem: str) -> None:
    with pytest.raises(PatternError) as e:
        compile_pattern(pattern)
    assert str(e.value) == f"error parsing regexp: {problem}"


def test_what_a_set_cannot_hold_is_searched_for_all_the_same() -> None:
    # more states than the memory for them
    search = compile_pattern("(a|b)*a(a|b){20}c")
    text = "ab" * 5000
    assert not search(text)
    assert search(text + "a" * 21 + "c")
