"""Errors as the words of `rules` build them."""

from collections.abc import Callable

import pytest

from pilothouse.apimachinery.ipvalidation import is_valid_ip
from pilothouse.apimachinery.validation import is_dns1123_label
from pilothouse.registry import rules
from pilothouse.registry.rules import Errors, Obj


def _port(port: Obj) -> Errors:
    return (*rules.one_of(port, "protocol", ("SCTP", "TCP", "UDP")), *rules.port(port, "containerPort"))


def _texts(errors: Errors) -> list[str]:
    return [str(e) for e in errors]


def test_parents_put_their_names_in_front() -> None:
    container = {"ports": [{"protocol": "TCP", "containerPort": 80}, {"protocol": "X", "containerPort": 0}]}

    def check(container: Obj) -> Errors:
        return rules.each(container, "ports", _port)

    assert _texts(rules.within("spec", rules.each({"containers": [container]}, "containers", check))) == [
        'spec.containers[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
        "spec.containers[0].ports[1].containerPort: Invalid value: 0: must be between 1 and 65535, inclusive",
    ]


def test_list_items_and_values_join_without_a_dot() -> None:
    assert rules.within("a", [*rules.within("[0]", rules.within("b", rules.required({}, "c")))])[0].field == "a[0].b.c"
    found = rules.within("args", rules.each({"x": [""]}, "x", lambda v: rules.NONE))
    assert found == ()
    assert rules.within("ip", rules.anchored(is_ip)("1.2.3"))[0].field == "ip"


def is_ip(value: str, path: str) -> Errors:
    return is_valid_ip(path, value)


@pytest.mark.parametrize(
    ("check", "good", "bad", "text"),
    [
        (lambda o: rules.required(o, "f"), {"f": "x"}, {}, "f: Required value"),
        (lambda o: rules.required(o, "f", "why"), {"f": [1]}, {"f": None}, "f: Required value: why"),
        (lambda o: rules.required_one_of(o, "f", ("a", "b")), {"f": "a"}, {}, "f: Required value"),
        (lambda o: rules.required_matching(o, "f", is_dns1123_label), {"f": "a"}, {}, "f: Required value"),
        (
            lambda o: rules.matching(o, "f", is_dns1123_label), {"f": "a-b"}, {"f": "a.b"},
            'f: Invalid value: "a.b": must not contain dots',
        ),
        (
            lambda o: rules.non_negative(o, "f"), {}, {"f": -1},
            "f: Invalid value: -1: must be greater than or equal to 0",
        ),
        (lambda o: rules.positive(o, "f"), {"f": 1}, {"f": 0}, "f: Invalid value: 0: must be greater than 0"),
        (
            lambda o: rules.too_long(o, "f", 3), {"f": "abc"}, {"f": "äbc"},
            "f: Too long: may not be more than 3 bytes",
        ),
        (lambda o: rules.forbidden(o, "f", "no"), {}, {"f": 1}, "f: Forbidden: no"),
        (lambda o: rules.unique(o, "f"), {"f": ["a", "b"]}, {"f": ["a", "b", "a"]}, 'f[2]: Duplicate value: "a"'),
        (
            lambda o: rules.unique(o, "f", "name"), {"f": [{"name": ""}, {"name": ""}]},
            {"f": [{"name": "x"}, {"name": "x"}]}, 'f[1].name: Duplicate value: "x"',
        ),
        (
            lambda o: rules.immutable(o, {"f": "x"}, "f"), {"f": "x"}, {"f": "y"},
            'f: Invalid value: "y": field is immutable',
        ),
        (
            lambda o: rules.immutable(o, {"f": {"a": "x"}}, "f"), {"f": {"a": "x"}}, {"f": {}},
            "f: Invalid value: {}: field is immutable",
        ),
        (
            lambda o: rules.immutable(o, {"f": "x"}, "f", zero=""), {"f": "x"}, {},
            'f: Invalid value: "": field is immutable',
        ),
        (
            lambda o: rules.member(o, "f", rules.label_selector), {"f": {"matchLabels": {"a": "b"}}},
            {"f": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
            "f.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
    ],
)
def test_words(check: Callable[[Obj], Errors], good: Obj, bad: Obj, text: str) -> None:
    assert not check(good)
    assert _texts(check(bad)) == [text]
