"""Device selectors: their types, texts and costs."""

import pytest

from pilothouse.apimachinery.cel.device import compile_selector, is_too_complex
from pilothouse.apimachinery.cel.source import CompileError


@pytest.mark.parametrize(
    "text",
    [
        "device.driver == 'a.example.com'", "device.attributes['d'].flag",
        "device.attributes['d'].model == 'x' && device.capacity['d'].memory.isGreaterThan(quantity('1Gi'))",
        "cel.bind(d, device.attributes['d'], d.one && d.two)", "device.allowMultipleAllocations",
        "device.attributes['d'].version.isGreaterThan(semver('1.2.3'))",
    ],
)  # fmt: skip
def test_good(text: str) -> None:
    assert not is_too_complex(compile_selector(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1", "must evaluate to bool or the unknown type, not int"),
        ("duration('1s')", "must evaluate to bool or the unknown type, not google.protobuf.Duration"),
        ("device.x", "compilation failed: ERROR: <input>:1:7: undefined field 'x'\n | device.x\n | ......^"),
        ("device.attributes['d'].list.exists(x, x == 1)",
         "compilation failed: ERROR: <input>:1:23: expression of type 'any' cannot be range of a comprehension "
         "(must be list, map, or dynamic)\n | device.attributes['d'].list.exists(x, x == 1)\n"
         " | ......................^"),
        ("cel.bind(1, 2, true)", "compilation failed: ERROR: <input>:1:10: cel.bind() variable names must be simple "
                                 "identifiers\n | cel.bind(1, 2, true)\n | .........^"),
    ],
)  # fmt: skip
def test_bad(text: str, message: str) -> None:
    with pytest.raises(CompileError) as failure:
        compile_selector(text)
    assert str(failure.value) == message


def test_costly() -> None:
    loops = "true"
    for name in "abcd":
        loops = f"device.attributes.all({name}, {loops})"
    assert is_too_complex(compile_selector(loops))
