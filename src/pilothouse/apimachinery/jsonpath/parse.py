"""From a template to nodes (upstream: client-go util/jsonpath parser.go)."""

import re
from typing import Final

from pilothouse.apimachinery.jsonpath.nodes import (
    Array,
    Bound,
    Field,
    Filter,
    Identifier,
    ListNode,
    Literal,
    Node,
    Recursive,
    Union,
    Wildcard,
)

_DICT_KEY: Final = re.compile(r"'([^']*)'")
_SLICE: Final = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_COMPARISON: Final = re.compile(r"([^!<>=]+)([!<>=]+)(.+?)")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_MAX_INT: Final = 1 << 63
_END: Final = ""
_TERMINATORS: Final = frozenset(" \t\r\n.,[]$@{}")
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|[^\\]", re.DOTALL
)
_SIMPLE_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"',
}


class SyntaxError(ValueError):
    """Not a template, in upstream's words."""


def parse(template: str) -> tuple[Node, ...]:
    """Texts and actions ("{...}", each a ListNode) in order. Raises SyntaxError."""
    return _Parser(template).run()


def _parse_action(text: str) -> ListNode:
    """The first action of "{text}" (what follows a stray "}" in `text` is parsed, and left out, as upstream does)."""
    first = parse("{" + text + "}")[0]
    assert isinstance(first, ListNode)
    return first


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.start = 0
        self.root: list[Node] = []

    def run(self) -> tuple[Node, ...]:
        while (at := self.text.find("{", self.pos)) >= 0:
            self.pos = at
            if at > self.start:
                self.root.append(Literal(self._take(), True))
            self.pos += 1
            self._take()
            self._action()
        self.pos = len(self.text)
        if self.pos > self.start:
            self.root.append(Literal(self._take(), True))
        return tuple(self.root)

    def _take(self) -> str:
        """The text since the last time."""
        taken = self.text[self.start : self.pos]
        self.start = self.pos
        return taken

    def _next(self) -> str:
        """The next character, "" at the end."""
        if self.pos >= len(self.text):
            return _END
        self.pos += 1
        return self.text[self.pos - 1]

    def _action(self) -> None:
        """What stands between braces, up to the closing one."""
        nodes: list[Node] = []
        place = len(self.root)
        self.root.append(ListNode(()))
        while not self.text.startswith("}", self.pos):
            if self.text.startswith("[?(", self.pos):
                nodes.append(self._filter())
            elif self.text.startswith("..", self.pos):
                self._recursive(nodes)
            else:
                self._step(nodes)
        self.pos += 1
        self._take()
        self.root[place] = ListNode(tuple(nodes))

    def _step(self, nodes: list[Node]) -> None:
        match self._next():
            case "" | "\r" | "\n":
                raise SyntaxError("unclosed action")
            case " " | "@" | "$":
                self._take()
            case "[":
                self._array(nodes)
            case '"' | "'" as quote:
                nodes.append(self._quoted(quote))
            case ".":
                nodes.append(self._field())
            case c if c in "+-" or c.isdecimal():
                nodes.append(self._number())
            case c if _is_word(c):
                nodes.append(self._identifier())
            case c:
                shown = f" '{c}'" if c.isprintable() else ""
                raise SyntaxError(f"unrecognized character in action: U+{ord(c):04X}{shown}")

    def _identifier(self) -> Node:
        while self.pos < len(self.text) and self.text[self.pos] not in _TERMINATORS:
            self.pos += 1
        word = self._take()
        return Literal(word == "true", False) if word in ("true", "false") else Identifier(word)

    def _recursive(self, nodes: list[Node]) -> None:
        if nodes and isinstance(nodes[-1], Recursive):
            raise SyntaxError("invalid multiple recursive descent")
        self.pos += 2
        self._take()
        nodes.append(Recursive())
        if self.pos < len(self.text) and _is_word(self.text[self.pos]):
            nodes.append(self._field())

    def _number(self) -> Node:
        while self.pos < len(self.text) and (self.text[self.pos] == "." or self.text[self.pos].isdecimal()):
            self.pos += 1
        text = self._take()
        if _INTEGER.fullmatch(text) and -_MAX_INT <= (value := int(text[:40])) < _MAX_INT and len(text) < 40:
            return Literal(value, False)
        if _FLOAT.fullmatch(text):
            return Literal(float(text), False)
        raise SyntaxError(f"cannot parse number {text}")

    def _field(self) -> Node:
        self._take()
        while self.pos < len(self.text) and self.text[self.pos] not in _TERMINATORS:
            # a backslash makes the next character part of the name
            self.pos = min(self.pos + (2 if self.text[self.pos] == "\\" else 1), len(self.text))
        name = self._take()
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def _quoted(self, quote: str) -> Node:
        while True:
            c = self._next()
            if c in ("", "\n"):
                raise SyntaxError("unterminated quoted string")
            if c == quote and self.text[self.pos - 2] != "\\":
                break
        text = self._take()
        try:
            return Literal(_unquote(text), True)
        except ValueError:
            raise SyntaxError(f"unquote string {text} error invalid syntax") from None

    def _array(self, nodes: list[Node]) -> None:
        while (c := self._next()) != "]":
            if c in ("", "\n"):
                raise SyntaxError("unterminated array")
        text = self._take()[1:-1]
        if text == "*":
            text = ":"
        members = text.split(",")
        if len(members) > 1:
            nodes.append(Union(tuple(_parse_action(f"[{member.strip(' ')}]") for member in members)))
        elif (name := _DICT_KEY.fullmatch(text)) is not None:
            nodes.extend(_parse_action(f".{name[1]}").nodes)
        else:
            nodes.append(_slice(text))

    def _filter(self) -> Node:
        self.pos += 3
        self._take()
        pair, ended = "", False
        while True:
            c = self._next()
            if c in ("", "\n"):
                raise SyntaxError("unterminated filter")
            if c in "\"'":
                if not pair:
                    pair = c
                elif self.text[self.pos - 2] != "\\" and c == pair:
                    ended = True
            elif c == ")" and bool(pair) == ended:
                break
        if self._next() != "]":
            raise SyntaxError("unclosed array expect ]")
        text = self._take()[:-2]
        sides = _COMPARISON.fullmatch(text)
        if sides is None:
            return Filter(_parse_action(text), ListNode(()), "exists")
        return Filter(_parse_action(sides[1]), _parse_action(sides[3]), sides[2])


def _is_word(c: str) -> bool:
    return c == "_" or c.isalpha() or c.isdecimal()


def _slice(text: str) -> Array:
    found = _SLICE.fullmatch(text)
    if found is None:
        raise SyntaxError(f"invalid array index {text}")
    start, end, step = found.groups()
    first = Bound(_index(start) if start else None)
    if end is None:
        second = Bound((first.value or 0) + 1, derived=True)
    else:
        second = Bound(_index(end[1:]) if end != ":" else None)
    return Array(first, second, Bound(_index(step[1:]) if step and step != ":" else None))


def _index(text: str) -> int:
    if not _INTEGER.fullmatch(text) or len(text) > 20 or not -_MAX_INT <= int(text) < _MAX_INT:
        raise SyntaxError(f"array index {text} is not a number")
    return int(text)


def _unquote(text: str) -> str:
    """Go's strconv.Unquote, for single quotes too. Raises ValueError."""
    quote, inner = text[0], text[1:-1]
    if len(text) < 2:
        raise ValueError(text)
    if "\\" not in inner:
        return inner
    out, at = [], 0
    while at < len(inner):
        found = _ESCAPE.match(inner, at)
        if found is None or (found[1] in ("'", '"') and found[1] != quote):
            raise ValueError(text)
        at = found.end()
        if found[1]:
            out.append(_SIMPLE_ESCAPES[found[1]])
        elif found[5]:
            out.append(chr(int(found[5], 8)))
        elif code := found[2] or found[3] or found[4]:
            out.append(chr(int(code, 16)).encode().decode())  # surrogates are no characters
        else:
            out.append(found[0])
    return "".join(out)
