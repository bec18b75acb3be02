from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.managedfields import pathelement


@pytest.mark.parametrize(("key", "text"), [
    ({"name": "web"}, 'k:{"name":"web"}'),
    ({"protocol": "TCP", "containerPort": 80}, 'k:{"containerPort":80,"protocol":"TCP"}'),
    ({"a": True, "b": None, "c": 1.5, "d": 2.0}, 'k:{"a":true,"b":null,"c":1.5,"d":2}'),
    ({"a": '<&>"\u2028é'}, 'k:{"a":"\\u003c\\u0026\\u003e\\"\\u2028é"}'),
])
def test_key_elements(key: dict[str, Any], text: str) -> None:
    assert pathelement.key_element(key) == text
    assert pathelement.canonical(text) == text


@pytest.mark.parametrize(("text", "canonical"), [
    ("f:name", "f:name"),
    ("f:", "f:"),
    ("f:a:b/c", "f:a:b/c"),
    ('k:{ "b" : 1.0, "a": "x" }', 'k:{"a":"x","b":1}'),
    ("v:1.0", "v:1"),
    ('v: "a"', 'v:"a"'),
    ("v:true", "v:true"),
    ('v:{"b":1,"a":2}', 'v:{"a":2,"b":1}'),
    ("i:07", "i:7"),
])
def test_what_clients_write_becomes_canonical(text: str, canonical: str) -> None:
    assert pathelement.canonical(text) == canonical


@pytest.mark.parametrize("text", ["", "f", "fname", "v:", "k:[]", "k:{", "i:x"])
def test_broken_elements(text: str) -> None:
    with pytest.raises(ValueError):
        pathelement.canonical(text)


def test_unknown_elements() -> None:
    with pytest.raises(pathelement.UnknownElement):
        pathelement.canonical("x:y")


def test_order() -> None:
    ordered = [
        ".", "f:", "f:B", "f:a", "f:a-b", "f:aa",
        'k:{"a":1}', 'k:{"a":1,"b":1}', 'k:{"a":2}', 'k:{"a":10}', 'k:{"a":"1"}', 'k:{"a":true}', 'k:{"a":null}',
        'k:{"b":0}',
        "v:-1", "v:1.5", "v:2", "v:10", 'v:""', 'v:"a"', 'v:"b"', "v:false", "v:true", "v:[1]", 'v:{"a":1}', "v:null",
        "i:2", "i:10",
    ]
    backwards = ordered[::-1]
    assert sorted(backwards, key=pathelement.sort_key) == ordered


@pytest.mark.parametrize(("text", "shown"), [
    ("f:spec", ".spec"),
    ('k:{"name":"c"}', '[name="c"]'),
    ('k:{"containerPort":80,"protocol":"TCP"}', '[containerPort=80,protocol="TCP"]'),
    ('k:{"a":true,"b":null,"c":1.5}', "[a=true,b=null,c=1.5]"),
    ('v:"x\\n"', '[="x\\n"]'),
    ("v:5", "[=5]"),
    ('v:[1,"a"]', '[=[1,"a"]]'),
    ('v:{"a":1}', "[=a=1]"),
    ("i:3", "[3]"),
])
def test_display(text: str, shown: str) -> None:
    assert pathelement.display(text) == shown


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text(), scalars.filter(lambda v: not isinstance(v, int) or abs(v) < 2**63)))
def test_key_elements_are_canonical(key: dict[str, Any]) -> None:
    text = pathelement.key_element(key)
    assert pathelement.canonical(text) == text
    pathelement.sort_key(text)
    pathelement.display(text)
