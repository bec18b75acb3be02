"""Field selectors (upstream: k8s.io/apimachinery pkg/fields/selector.go).

The grammar is `field=value`, `field==value` or `field!=value`, joined by commas; a backslash escapes
comma, equals sign and itself in values. A field that an object does not have counts as "".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pilothouse.apimachinery.labels import SelectorError

Fields = Mapping[str, str]
Match = Callable[[Fields], bool]
#: Maps (field, value) to what is really asked; ("", "") drops the requirement. May raise any error.
Transform = Callable[[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Requirement:
    """`field` must be (or, `negated`, must not be) `value`."""

    field: str
    value: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.field}{'!=' if self.negated else '='}{escape(self.value)}"


class Selector:
    """All of its requirements in the order of their texts. `empty` selects everything."""

    __slots__ = ("empty", "matches", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = ()) -> None:
        self.requirements = tuple(requirements)
        self.empty = not self.requirements
        self.matches: Match = _compile(self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selector) and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash(self.requirements)

    def requires_exact(self, field: str) -> str | None:
        """The value that `field` must have, or None (upstream: RequiresExactMatch)."""
        for r in self.requirements:
            if r.field == field and not r.negated:
                return r.value
        return None

    def transform(self, fn: Transform) -> "Selector":
        changed = ((*fn(r.field, r.value), r.negated) for r in self.requirements)
        return Selector(Requirement(f, v, n) for f, v, n in changed if f or v)


def _compile(requirements: tuple[Requirement, ...]) -> Match:
    if not requirements:
        return lambda fields: True
    if len(requirements) == 1:
        return _test(requirements[0])
    tests = [_test(r) for r in requirements]
    return lambda fields: all(test(fields) for test in tests)


def _test(r: Requirement) -> Match:
    field, value = r.field, r.value
    if r.negated:
        return lambda fields: fields.get(field, "") != value
    return lambda fields: fields.get(field, "") == value


EVERYTHING = Selector()

_ESCAPED = re.compile(r"([\\,=])")


def escape(value: str) -> str:
    return _ESCAPED.sub(r"\\\1", value)


def unescape(value: str) -> str:
    """The literal value. Raises SelectorError for an unknown escape or a bare comma or equals sign."""
    if not _ESCAPED.search(value):
        return value
    out: list[str] = []
    characters = iter(value)
    for c in characters:
        if c == "\\":
            following = next(characters, "")
            if not following or following not in "\\,=":
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{following}")
            out.append(following)
        elif c in ",=":
            # upstream prints the rune as a number (selector.go, UnescapedRune): kept
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(c)}")
        else:
            out.append(c)
    return "".join(out)


# a backslash takes the next character with it, so that an escaped comma does not split
_TERM = re.compile(r"(?:[^\\,]|\\.|\\\Z)+", re.DOTALL)
_OPERATOR = re.compile("!=|==|=")


def parse(text: str, transform: Transform | None = None) -> Selector:
    """Read `fieldSelector=` text, then apply `transform` to each requirement. Raises SelectorError."""
    if not text:
        return EVERYTHING
    found: list[Requirement] = []
    for term in sorted(_TERM.findall(text)):
        operator = _OPERATOR.search(term)
        if operator is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        value = unescape(term[operator.end():])
        found.append(Requirement(term[: operator.start()], value, operator.group() == "!="))
    selector = Selector(found)
    return selector.transform(transform) if transform is not None else selector


def one_term(field: str, value: str) -> Selector:
    return Selector((Requirement(field, value),))
