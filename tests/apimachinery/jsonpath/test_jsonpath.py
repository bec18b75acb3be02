"""Kubernetes' JSONPath."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.apimachinery import jsonpath
from pilothouse.apimachinery.jsonpath import JSONPath

STORE: dict[str, Any] = {
    "name": "jsonpath",
    "book": [
        {"category": "reference", "author": "Nigel Rees", "title": "Sayings", "price": 8.95, "stock": 3},
        {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword", "price": 12.99, "stock": 0, "isbn": "a"},
        {"category": "fiction", "author": "Melville", "title": "Moby", "price": 8.99, "isbn": "b", "on": True},
    ],
    "labels": {"a.b/c": "1", "k8s": "x", "1st": "y"},
    "empty": [], "nothing": None,
}


@pytest.mark.parametrize(("template", "results"), [
    ("plain", [["plain"]]),
    ("{.name}", [["jsonpath"]]),
    ("{ .name }", [["jsonpath"]]),
    ("{$.name} {@.name}", [["jsonpath"], [" "], ["jsonpath"]]),
    ("{.labels.k8s}", [["x"]]),
    ("{.labels.a\\.b/c}", [["1"]]),
    ("{.labels['k8s']}", [["x"]]),
    ("{.labels['a\\.b/c']}", [["1"]]),
    ("{.labels.1st}", [["y"]]),
    ("{['name']}", [["jsonpath"]]),
    ("{.missing.more}", [[]]),
    ("{.name.more}", [[]]),
    ("{.nothing}", [[None]]),
    ("{.nothing.more}", [[]]),
    ("{.book[0].author}", [["Nigel Rees"]]),
    ("{.book[-1].author}", [["Melville"]]),
    ("{.book[0:2].title}", [["Sayings", "Sword"]]),
    ("{.book[:2].title}", [["Sayings", "Sword"]]),
    ("{.book[1:].title}", [["Sword", "Moby"]]),
    ("{.book[::2].title}", [["Sayings", "Moby"]]),
    ("{.book[-2:].title}", [["Sword", "Moby"]]),
    ("{.book[0,2].title}", [["Sayings", "Moby"]]),
    ("{.book[0]['title','author']}", [["Sayings", "Nigel Rees"]]),
    ("{.book[*].stock}", [[3, 0]]),
    ("{.book[1:1].title}", [[]]),
    ("{.nothing[0]}", [[]]),
    ("{.labels.*}", [["1", "x", "y"]]),
    ("{.book[0].*}", [["reference", "Nigel Rees", "Sayings", 8.95, 3]]),
    ("{..isbn}", [["a", "b"]]),
    ("{.book[?(@.price < 9.0)].title}", [["Sayings", "Moby"]]),
    ("{.book[?(@.stock == 0)].title}", [["Sword"]]),
    ("{.book[?(@.stock >= 0)].title}", [["Sayings", "Sword"]]),
    ("{.book[?(@.isbn)].title}", [["Sword", "Moby"]]),
    ("{.book[?(@.category==\"reference\")].title}", [["Sayings"]]),
    ("{.book[?(@.category!='reference')].title}", [["Sword", "Moby"]]),
    ("{.book[?(@.on==true)].title}", [["Moby"]]),
    ("{.book[?(@.author==\"(odd)\")].title}", [[]]),
    ("{range .book[*]}{.title}-{end}.", [["Sayings"], ["-"], ["Sword"], ["-"], ["Moby"], ["-"], ["."]]),
    ("{range .empty[*]}{.title}{end}.", [["."]]),
    ("{range .book[0:2]}{range .title}{@}{end}{end}", [["Sayings"], ["Sword"]]),
    ("{5}{-1}{1.5}{true}{\"q\\\"\"}{'t'}", [[5], [-1], [1.5], [True], ["q\""], ["t"]]),
    ("{'\\n\\x41\\u00e9'}", [["\nA\u00e9"]]),
    ("{}", [[STORE]]),
    ("", []),
])
def test_results(template: str, results: list[list[Any]]) -> None:
    assert JSONPath(template).find(STORE) == results


@pytest.mark.parametrize(("template", "error"), [
    ("{.name", "unclosed action"),
    ("{.name\n}", "unclosed action"),
    ("{*}", "unrecognized character in action: U+002A '*'"),
    ("{\x01}", "unrecognized character in action: U+0001"),
    ("{.a[}", "unterminated array"),
    ("{.a[b]}", "invalid array index b"),
    ("{.a[-]}", "array index - is not a number"),
    ("{.a[99999999999999999999]}", "array index 99999999999999999999 is not a number"),
    ("{.a[?(@.b}", "unterminated filter"),
    ("{.a[?(@.b)}", "unclosed array expect ]"),
    ("{....}", "invalid multiple recursive descent"),
    ("{1.2.3}", "cannot parse number 1.2.3"),
    ("{+}", "cannot parse number +"),
    ("{'a}", "unterminated quoted string"),
    ("{'\\q'}", "unquote string '\\q' error invalid syntax"),
    ("{'\\ud800'}", "unquote string '\\ud800' error invalid syntax"),
])
def test_what_cannot_be_parsed(template: str, error: str) -> None:
    with pytest.raises(jsonpath.SyntaxError) as caught:
        JSONPath(template)
    assert str(caught.value) == error


@pytest.mark.parametrize(("template", "error"), [
    ("{.book[3]}", "array index out of bounds: index 3, length 3"),
    ("{.book[0:4]}", "array index out of bounds: index 3, length 3"),
    ("{.book[2:1]}", "starting index 2 is greater than ending index 1"),
    ("{.book[0:2:0]}", "step must be > 0"),
    ("{.labels[0]}", "map[string]interface {} is not array or slice"),
    ("{.name[?(@.a)]}", "jsonpath is not array or slice and cannot be filtered"),
    ("{.book[?(@.price == 8)]}", "incompatible types for comparison"),
    ("{.book[?(@ == 8)]}", "invalid type for comparison"),
    ("{.book[?(@.on < true)]}", "invalid type for comparison"),
    ("{.book[?(@.* == 8)]}", "can only compare one element at a time"),
    ("{.book[?(@.stock =! 8)]}", "unrecognized filter operator =!"),
    ("{foo}", "unrecognized identifier foo"),
    ("{end}", "not in range, nothing to end"),
    ("{range .book[*]}" * 11 + "{end}", "ranges are nested too deeply"),
])
def test_what_does_not_fit(template: str, error: str) -> None:
    with pytest.raises(jsonpath.EvaluationError) as caught:
        JSONPath(template).find(STORE)
    assert str(caught.value) == error


def test_exploding_templates_end() -> None:
    deep: Any = {"x": 1}
    for _ in range(200):
        deep = {"a": deep, "b": [deep, 1]}
    for template in ("{...*...*}", "{range ..b}{range $..b}{end}{end}"):
        with pytest.raises(jsonpath.EvaluationError, match="too many values"):
            JSONPath(template).find(deep)


PIECES = st.sampled_from([
    "{", "}", ".", "..", "a", "b", "*", "[", "]", "[?(", ")", "@", "==", "<", "'", '"', ",", ":", "0", "-1", " ", "\\",
    "range", "end", "true", "1.5", "$", "{.a}", "[*]", "[?(@.a)]",
])


@settings(deadline=None, max_examples=500)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_text_parses_or_is_refused(text: str) -> None:
    for template in (text, "{" + text + "}"):
        try:
            path = JSONPath(template)
        except jsonpath.SyntaxError:
            continue
        try:
            for results in path.find({"a": [{"a": 1, "b": "x"}, None, 3], "b": {"a": "y"}}):
                assert isinstance(results, list)
        except jsonpath.EvaluationError:
            pass
