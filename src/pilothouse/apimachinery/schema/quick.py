"""Decoding structs of a known shape by code that is made for it.

Objects come in few shapes: the same fields in the same order, other values. For a shape that is met often, a function
is generated that takes the values one by one and builds the result in one go, in Go's order, with nothing looked up.
It gives up (None) on whatever is out of the ordinary: null, an empty value that Go leaves out, another class than the
field's. Then the general way is gone, which also finds the words for errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from pilothouse.apimachinery.schema import model

#: (dict of the shape, names of unknown fields seen) -> normal form, or None for what the general way must decode.
Quick = Callable[[dict[str, Any], list[str]], dict[str, Any] | None]

#: Shapes of one struct that functions are made for, how often one must be met for that, and its longest list of names.
MAX_SHAPES: Final = 64
WORTH: Final = 4
MAX_NAMES: Final = 64
MAX_CHARACTERS: Final = 2048
_MAX_MET: Final = 256

_CHECKS: Final = {
    model.STRING: "{0}.__class__ is not str",
    model.BOOL: "{0}.__class__ is not bool",
    model.INT32: f"{{0}}.__class__ is not int or not {-(2**31)} <= {{0}} < {2**31}",
    model.INT64: f"{{0}}.__class__ is not int or not {-(2**63)} <= {{0}} < {2**63}",
}


class Part(NamedTuple):
    """One field: its format ("" for no scalar), how values of other formats are converted, whether Go writes it when
    it is empty, and what it writes when it is absent (None: nothing). `shapes` gives those of a struct."""

    name: str
    format: str
    convert: Callable[[Any, list[str]], Any]
    keep: bool
    zero: Callable[[], Any] | None
    shapes: Callable[[], Shapes | None] = lambda: None


class Shapes:
    """The functions of one struct, whose fields are `parts` in Go's order."""

    __slots__ = ("_known", "_met", "_parts")

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = {part.name: part for part in parts}
        self._known: dict[tuple[str, ...], Quick] = {}
        self._met: dict[tuple[str, ...], int] = {}

    @property
    def known(self) -> dict[tuple[str, ...], Quick]:
        """By names in the order in which they come."""
        return self._known

    def meet(self, names: tuple[str, ...]) -> None:
        """A shape that is not known was decoded."""
        if len(self._known) >= MAX_SHAPES or len(names) > MAX_NAMES or sum(map(len, names)) > MAX_CHARACTERS:
            return
        if len(self._met) >= _MAX_MET:
            self._met.clear()
        times = self._met[names] = self._met.get(names, 0) + 1
        if times >= WORTH:
            del self._met[names]
            makes = bool(names) and self._parts.keys() >= set(names)
            self._known[names] = make(self._parts, names) if makes else _gives_up


def _gives_up(value: dict[str, Any], seen: list[str]) -> None:
    return None


def _conversion(variable: str, shapes: Shapes | None, scope: dict[str, Any]) -> list[str]:
    """Converts one value. The function of a struct's shape is called from here: a call less for each struct."""
    general = f"{variable} = c{variable}({variable}, seen)"
    if shapes is None:
        return [general]
    scope[f"k{variable}"] = shapes.known.get
    return [
        f"q = k{variable}(tuple({variable})) if {variable}.__class__ is dict else None",
        f"r = q({variable}, seen) if q is not None else None",
        "if r is not None:",
        f"    {variable} = r",
        "else:",
        f"    {general}",
    ]


def make(parts: dict[str, Part], names: tuple[str, ...]) -> Quick:
    """The function for values with exactly `names`, in that order."""
    local = {name: f"v{i}" for i, name in enumerate(names)}
    checks: list[str] = []
    steps: list[str] = []
    scope: dict[str, Any] = {}
    for name, variable in local.items():
        part = parts[name]
        check = _CHECKS.get(part.format)
        if check is not None:
            checks.append(check.format(variable))
            if not part.keep:
                checks.append(f"not {variable}")
            continue
        checks.append(f"{variable} is None")
        scope[f"c{variable}"] = part.convert
        steps += _conversion(variable, part.shapes(), scope)
        if not part.keep:
            steps.append(f"if not {variable}: return None")
    pairs = []
    for place, part in enumerate(parts.values()):
        if part.name in local:
            pairs.append(f"{part.name!r}: {local[part.name]}")
        elif part.zero is not None:
            scope[f"z{place}"] = part.zero
            pairs.append(f"{part.name!r}: z{place}()")
    lines = [
        "def quick(value, seen):", f"    {''.join(v + ', ' for v in local.values())}= value.values()",
        f"    if {' or '.join(checks)}: return None", *("    " + step for step in steps),
        f"    return {{{', '.join(pairs)}}}",
    ]
    # Names stand in it as quoted texts only: those of a custom resource are a stranger's.
    exec("\n".join(lines), scope)  # noqa: S102
    quick: Quick = scope["quick"]
    return quick
