"""Label selectors (upstream: k8s.io/apimachinery pkg/labels/selector.go).

`parse` reads the query parameter's grammar, `from_label_selector` a metav1.LabelSelector. A `Selector`
is compiled once; `matches` is a closure over exactly what the selector asks.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.apimachinery import field, validation
from pilothouse.apimachinery.numbers import whole

Labels = Mapping[str, str]
Match = Callable[[Labels], bool]

IN: Final = "in"
NOT_IN: Final = "notin"
EQUALS: Final = "="
DOUBLE_EQUALS: Final = "=="
NOT_EQUALS: Final = "!="
GREATER_THAN: Final = "gt"
LESS_THAN: Final = "lt"
EXISTS: Final = "exists"
DOES_NOT_EXIST: Final = "!"

_BINARY = (IN, NOT_IN, EQUALS, DOUBLE_EQUALS, NOT_EQUALS, GREATER_THAN, LESS_THAN)


class SelectorError(ValueError):
    """A selector that cannot be read; the text is upstream's."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition. `values` as given; `operator` is one of this module's constants."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.operator == EXISTS:
            return self.key
        if self.operator == DOES_NOT_EXIST:
            return "!" + self.key
        values = ",".join(sorted(self.values))
        if self.operator in (IN, NOT_IN):
            return f"{self.key} {self.operator} ({values})"
        return self.key + {GREATER_THAN: ">", LESS_THAN: "<"}.get(self.operator, self.operator) + values


class Selector:
    """All of its requirements, sorted by key. `empty` selects everything."""

    __slots__ = ("empty", "matches", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = ()) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda r: r.key))
        self.empty = not self.requirements
        self.matches: Match = _compile(self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selector) and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash(self.requirements)

    def requires_exact(self, key: str) -> str | None:
        """The one value that `key` must have, or None."""
        for r in self.requirements:
            if r.key == key:
                single = r.operator in (EQUALS, DOUBLE_EQUALS, IN) and len(r.values) == 1
                return r.values[0] if single else None
        return None


class _Nothing(Selector):
    """Selects nothing, and says so: it is not empty, and it has no requirements."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.empty = False
        self.matches = lambda labels: False


def requirement(key: str, operator: str, values: Sequence[str] = (), path: str = "") -> Requirement:
    """A checked requirement. Raises SelectorError with the aggregate of what is wrong."""
    errors: list[field.Error] = []
    if texts := validation.is_label_key(key):
        errors.append(field.invalid(field.child(path, "key"), key, validation.joined(texts)))
    at = field.child(path, "values")
    given = list(values)
    if operator in (IN, NOT_IN):
        if not given:
            errors.append(field.invalid(at, given, "for 'in', 'notin' operators, values set can't be empty"))
    elif operator in (EQUALS, DOUBLE_EQUALS, NOT_EQUALS):
        if len(given) != 1:
            errors.append(field.invalid(at, given, "exact-match compatibility requires one single value"))
    elif operator in (EXISTS, DOES_NOT_EXIST):
        if given:
            errors.append(field.invalid(at, given, "values set must be empty for exists and does not exist"))
    elif operator in (GREATER_THAN, LESS_THAN):
        if len(given) != 1:
            errors.append(field.invalid(at, given, "for 'Gt', 'Lt' operators, exactly one value is required"))
        errors.extend(
            field.invalid(field.index(at, i), v, "for 'Gt', 'Lt' operators, the value must be an integer")
            for i, v in enumerate(given) if _integer(v) is None
        )
    else:
        errors.append(field.not_supported(
            field.child(path, "operator"), operator, (*_BINARY, EXISTS, DOES_NOT_EXIST)
        ))
    for i, v in enumerate(given):
        if texts := validation.is_label_value(v):
            errors.append(field.invalid(field.key(field.index(at, i), key), v, validation.joined(texts)))
    if errors:
        raise SelectorError(_aggregate(errors))
    return Requirement(key, operator, tuple(given))


def _aggregate(errors: Sequence[field.Error]) -> str:
    texts = list(dict.fromkeys(map(str, errors)))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


_DIGITS = re.compile("[+-]?[0-9]+").fullmatch


def _integer(text: str) -> int | None:
    """Go's strconv.ParseInt(text, 10, 64), None for its errors."""
    if not _DIGITS(text):
        return None
    value = whole(text)
    return value if -(1 << 63) <= value < 1 << 63 else None


def _compile(requirements: Sequence[Requirement]) -> Match:
    tests = [_test(r) for r in requirements]
    if not tests:
        return lambda labels: True
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda labels: first(labels) and second(labels)
    return lambda labels: all(test(labels) for test in tests)


def _test(r: Requirement) -> Match:
    key, values = r.key, frozenset(r.values)
    match r.operator:
        case "in" | "=" | "==":
            if len(values) == 1:
                (value,) = values
                return lambda labels: labels.get(key) == value
            return lambda labels: labels.get(key) in values
        case "notin" | "!=":
            return lambda labels: labels.get(key) not in values
        case "exists":
            return lambda labels: key in labels
        case "!":
            return lambda labels: key not in labels
    greater, bound = r.operator == GREATER_THAN, _integer(r.values[0])

    def compare(labels: Labels) -> bool:
        have = _integer(labels.get(key, ""))
        if have is None or bound is None:
            return False
        return have > bound if greater else have < bound

    return compare


EVERYTHING = Selector()
NOTHING: Selector = _Nothing()


def from_set(labels: Mapping[str, str] | None) -> Selector:
    """Exactly these labels; none selects everything."""
    return Selector(Requirement(k, EQUALS, (v,)) for k, v in (labels or {}).items())


_WIRE_OPERATORS = {"In": IN, "NotIn": NOT_IN, "Exists": EXISTS, "DoesNotExist": DOES_NOT_EXIST}


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """From a metav1.LabelSelector: None selects nothing, an empty one everything. Raises SelectorError."""
    if selector is None:
        return NOTHING
    found = [requirement(k, EQUALS, (v,)) for k, v in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        wire = expression.get("operator", "")
        if wire not in _WIRE_OPERATORS:
            raise SelectorError(f"{field.go_quote(wire)} is not a valid label selector operator")
        found.append(
            requirement(expression.get("key", ""), _WIRE_OPERATORS[wire], expression.get("values") or ())
        )
    return Selector(found) if found else EVERYTHING


def parse(text: str) -> Selector:
    """Read `labelSelector=` text. Raises SelectorError with kube-apiserver's wording."""
    return Selector(_Parser(text).requirements()) if text else EVERYTHING


# a NUL ends an identifier, and at a token's begin the text, as in upstream's lexer
_TOKEN = re.compile(r"[ \t\r\n]*(?:(?P<end>\Z|\0)|(?P<sign>==|!=|[=!(),<>])|(?P<word>[^=!(),<> \t\r\n\0]+)\0?)")
_END = ("end", "")


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while True:
            match = _TOKEN.match(text, at)
            if match is None or match["end"] is not None:
                break
            at = match.end()
            self.tokens.append(("word", match["word"]) if match["word"] else (match["sign"], match["sign"]))
        self.tokens.append(_END)
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at]

    def next(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1]

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, literal = self.peek()
            if kind == "end":
                return found
            if kind not in ("word", "!"):
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self.requirement())
            except SelectorError as e:
                raise SelectorError(f"unable to parse requirement: {e}") from None
            kind, literal = self.next()
            if kind == "end":
                return found
            if kind != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self.peek()
            if kind not in ("word", "!"):
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        kind, literal = self.next()
        negated = kind == "!"
        if negated:
            kind, literal = self.next()
        if kind != "word":
            raise SelectorError(f"found '{literal}', expected: identifier")
        if texts := validation.is_label_key(literal):
            # upstream renders the absent field path as Go's nil (selector.go, validateLabelKey): kept
            raise SelectorError(str(field.invalid("<nil>", literal, validation.joined(texts))))
        if negated:
            return requirement(literal, DOES_NOT_EXIST)
        if self.peek()[0] in ("end", ","):
            return requirement(literal, EXISTS)
        operator = self.operator()
        values = self.value_set() if operator in (IN, NOT_IN) else {self.exact_value()}
        return requirement(literal, operator, sorted(values))

    def operator(self) -> str:
        kind, literal = self.next()
        if kind == "word" and literal in (IN, NOT_IN):
            return literal
        found = {"=": EQUALS, "==": DOUBLE_EQUALS, "!=": NOT_EQUALS, ">": GREATER_THAN, "<": LESS_THAN}.get(kind)
        if found is None:
            raise SelectorError(f"found '{literal}', expected: {', '.join(_BINARY)}")
        return found

    def value_set(self) -> set[str]:
        kind, literal = self.next()
        if kind != "(":
            raise SelectorError(f"found '{literal}' expected: '('")
        kind, literal = self.peek()
        if kind == ")":
            self.next()
            return {""}
        if kind not in ("word", ","):
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        values = self.identifiers()
        if self.next()[0] != ")":
            raise SelectorError(f"found '{literal}', expected: ')'")
        return values

    def identifiers(self) -> set[str]:
        """Up to the closing parenthesis, which is left; absent ones between commas are ""."""
        values: set[str] = set()
        while True:
            kind, literal = self.next()
            following, after = self.peek() if kind != "end" else _END
            if kind == "word":
                values.add(literal)
                if following == ")":
                    return values
                if following != ",":
                    raise SelectorError(f"found '{after}', expected: ',' or ')'")
            elif kind == ",":
                if not values or following in (",", ")"):
                    values.add("")
                if following == ")":
                    return values
            else:
                raise SelectorError(f"found '{literal}', expected: ',', or identifier")

    def exact_value(self) -> str:
        if self.peek()[0] in ("end", ","):
            return ""
        kind, literal = self.next()
        if kind != "word":
            raise SelectorError(f"found '{literal}', expected: identifier")
        return literal
