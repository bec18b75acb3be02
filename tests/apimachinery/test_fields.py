import pytest

from pilothouse.apimachinery import fields
from pilothouse.apimachinery.labels import SelectorError


def test_matches() -> None:
    selector = fields.parse("metadata.name=a,status.phase!=Running")
    assert selector.matches({"metadata.name": "a"})
    assert not selector.matches({"metadata.name": "a", "status.phase": "Running"})
    assert fields.parse("x==").matches({})
    assert fields.parse(",,").empty
    assert selector.requires_exact("metadata.name") == "a"
    assert selector.requires_exact("status.phase") is None
    assert str(selector) == "metadata.name=a,status.phase!=Running"


def test_escapes() -> None:
    selector = fields.parse(r"a=x\,y\=z\\")
    assert selector.matches({"a": "x,y=z\\"})
    assert str(selector) == r"a=x\,y\=z\\"


@pytest.mark.parametrize(("text", "message"), [
    ("a", "invalid selector: 'a'; can't understand 'a'"),
    ("b=1,a", "invalid selector: 'b=1,a'; can't understand 'a'"),
    ("a=b=c", "invalid field selector: unescaped character in value: 61"),
    (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
    ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
])
def test_errors(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as e:
        fields.parse(text)
    assert str(e.value) == message


def test_transform_renames_and_drops() -> None:
    selector = fields.parse("a=1,b=2", lambda f, v: ("", "") if f == "a" else (f.upper(), v))
    assert str(selector) == "B=2"
