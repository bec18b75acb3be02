import pytest

from pilothouse.apimachinery import labels


def matches(text: str, **have: str) -> bool:
    return labels.parse(text).matches(have)


@pytest.mark.parametrize(("text", "have", "want"), [
    ("", {}, True),
    ("a", {"a": ""}, True),
    ("a", {}, False),
    ("!a", {}, True),
    ("a=1", {"a": "1"}, True),
    ("a==1", {"a": "2"}, False),
    ("a!=1", {}, True),
    ("a!=1", {"a": "1"}, False),
    ("a in (1,2)", {"a": "2"}, True),
    ("a in (1,2)", {}, False),
    ("a notin (1,2)", {}, True),
    ("a notin (1,2)", {"a": "1"}, False),
    ("a in ()", {"a": ""}, True),
    ("a in (,x)", {"a": ""}, True),
    ("a in (x,)", {"a": ""}, True),
    ("a in (in,notin)", {"a": "notin"}, True),
    ("a=", {"a": ""}, True),
    ("a=,b", {"a": "", "b": "1"}, True),
    ("n>5", {"n": "10"}, True),
    ("n>5", {"n": "x"}, False),
    ("n<5", {"n": "4"}, True),
    ("n<5", {}, False),
    (" a = 1 ", {"a": "1"}, True),
    ("a=1,a=2", {"a": "1"}, False),
    ("c/d=e,a,!z", {"c/d": "e", "a": "1"}, True),
])
def test_matches(text: str, have: dict[str, str], want: bool) -> None:
    assert labels.parse(text).matches(have) is want


LONG = "x" * 64


@pytest.mark.parametrize(("text", "message"), [
    ("n>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must "
            "be an integer"),
    (",", "found ',', expected: !, identifier, or 'end of string'"),
    ("a,,b", "found ',', expected: identifier after ','"),
    ("a,", "found '', expected: identifier after ','"),
    ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ("a in 1", "unable to parse requirement: found '1' expected: '('"),
    ("=x", "found '=', expected: !, identifier, or 'end of string'"),
    ("!", "unable to parse requirement: found '', expected: identifier"),
    ("a=!", "unable to parse requirement: found '!', expected: identifier"),
    ("a in (1", "unable to parse requirement: found '', expected: ',' or ')'"),
    ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
    ("a in (,", "unable to parse requirement: found '', expected: ',', or identifier"),
    ("a=b c", "found 'c', expected: ',' or 'end of string'"),
    (LONG + "=y", f"unable to parse requirement: <nil>: Invalid value: \"{LONG}\": name part must be no more than "
                  "63 bytes"),
    ("a=" + LONG, f"unable to parse requirement: values[0][a]: Invalid value: \"{LONG}\": must be no more than "
                  "63 bytes"),
    ("n gt 5", "unable to parse requirement: found 'gt', expected: in, notin, =, ==, !=, gt, lt"),
    ("a!in(1)", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
])
def test_errors(text: str, message: str) -> None:
    with pytest.raises(labels.SelectorError) as e:
        labels.parse(text)
    assert str(e.value) == message


def test_text_is_sorted_by_key() -> None:
    assert str(labels.parse("z in (b,a),!y,x!=1,w>3,v")) == "v,w>3,x!=1,!y,z in (a,b)"
    assert labels.parse("").empty
    assert not labels.parse("a").empty


def test_label_selector() -> None:
    selector = labels.from_label_selector({
        "matchLabels": {"a": "1"},
        "matchExpressions": [
            {"key": "b", "operator": "In", "values": ["x", "y"]},
            {"key": "c", "operator": "DoesNotExist"},
        ],
    })
    assert selector.matches({"a": "1", "b": "y"})
    assert not selector.matches({"a": "1", "b": "y", "c": ""})
    assert selector.requires_exact("a") == "1"
    assert selector.requires_exact("b") is None
    assert labels.from_label_selector({}).empty
    nothing = labels.from_label_selector(None)
    assert not nothing.empty
    assert not nothing.matches({})
    with pytest.raises(labels.SelectorError, match='"Bad" is not a valid label selector operator'):
        labels.from_label_selector({"matchExpressions": [{"key": "a", "operator": "Bad"}]})
