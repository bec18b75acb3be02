"""Reads an expression into a tree, macros expanded (cel-go parser/parser.go, parser/gen CEL.g4)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from pilothouse.apimachinery.cel import literals
from pilothouse.apimachinery.cel import tokens as t
from pilothouse.apimachinery.cel.ast import (
    Call,
    Entry,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    StructNode,
    walk,
)
from pilothouse.apimachinery.cel.macros import COPYING, Expander, MacroError
from pilothouse.apimachinery.cel.recovery import PRIMARY, UNARY, Abandoned, Mismatch, TokenReader
from pilothouse.apimachinery.cel.recursion import Levels
from pilothouse.apimachinery.cel.source import NOWHERE, Issues, Location
from pilothouse.apimachinery.cel.tokens import tokenize

_MOST_DEPTH = 250
_MOST_CHARACTERS = 100_000
#: What macros may copy: chains of them double what they are called on each time (upstream sets no limit).
_MOST_COPIED = 20_000
#: Levels that one stack takes: each is some sixteen calls.
_LEVELS = 25

_RESERVED = frozenset((
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "package", "namespace", "null", "return", "true", "var", "void", "while",
))
_RELATIONS: Final = {"<": "_<_", "<=": "_<=_", ">": "_>_", ">=": "_>=_", "==": "_==_", "!=": "_!=_", "in": "@in"}
_SUMS: Final = {"+": "_+_", "-": "_-_"}
_PRODUCTS: Final = {"*": "_*_", "/": "_/_", "%": "_%_"}
_NUMBERS = frozenset((t.NUM_INT, t.NUM_FLOAT))
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_LITERALS = frozenset(("-", *_NUMBERS, *_CONSTANTS, t.NUM_UINT, t.STRING, t.BYTES))

MacroTable = Mapping[tuple[str, int, bool], Expander]


def parse(issues: Issues, macros: MacroTable) -> Node:
    """The tree of the source of `issues`; what is wrong is reported there, and the tree is then of no use."""
    text = issues.source.text
    if len(text) > _MOST_CHARACTERS:
        message = f"expression code point size exceeds limit: size: {len(text)}, limit {_MOST_CHARACTERS}"
        issues.report(NOWHERE, message)
        return Node(-1)

    def report(offset: int, message: str) -> None:
        issues.report(issues.source.location(offset), f"Syntax error: {message}")

    try:
        return _Parser(TokenReader(tokenize(text, report), issues), issues, macros).start()
    except Abandoned:
        return Node(-1)


class _Parser:
    def __init__(self, reader: TokenReader, issues: Issues, macros: MacroTable) -> None:
        self.r = reader
        self.issues = issues
        self.macros = macros
        self._levels = Levels(_LEVELS)
        self._copied = 0

    def start(self) -> Node:
        node = self._expr()
        try:
            self.r.expect(t.EOF)
        except Mismatch as mismatch:
            self.r.recover(mismatch)
        return node

    # Depth and errors

    def _within(self, closers: frozenset[str], parse: Callable[[], Node]) -> Node:
        self.r.contexts.append(closers)
        try:
            return parse()
        finally:
            self.r.contexts.pop()

    def _deep(self, node: Node, *parts: Node, counts: bool = True) -> Node:
        node.depth = max((part.depth for part in parts), default=0) + counts
        if node.depth > _MOST_DEPTH:
            self.r.abandon("max recursion depth exceeded")
        return node

    def _fail(self, offset: int, message: str) -> Node:
        location = self.issues.source.location(offset) if offset >= 0 else Location(-1, -1)
        self.issues.report(location, message)
        return Node(offset)

    # Rules, from loose to tight binding

    def _expr(self) -> Node:
        if self._levels.depth == _MOST_DEPTH:
            self.r.abandon(f"expression recursion limit exceeded: {_MOST_DEPTH}")
        return self._levels.call(self._conditional)

    def _conditional(self) -> Node:
        node = self._junction("||", "_||_", self._and)
        if self.r.kind != "?":
            return node
        op = self.r.take().offset
        try:
            then = self._within(frozenset((":",)), lambda: self._junction("||", "_||_", self._and))
            self.r.expect(":")
            other = self._expr()
        except Mismatch as mismatch:
            self.r.recover(mismatch)
            return Node(op)
        return self._call(op, "_?_:_", [node, then, other])

    def _and(self) -> Node:
        return self._junction("&&", "_&&_", self._relation)

    def _junction(self, op: str, function: str, operand: Callable[[], Node]) -> Node:
        terms = [operand()]
        offsets = []
        while self.r.kind == op:
            offsets.append(self.r.take().offset)
            terms.append(operand())
        return self._balanced(function, terms, offsets, 0, len(offsets) - 1) if offsets else terms[0]

    def _balanced(self, function: str, terms: list[Node], offsets: list[int], low: int, high: int) -> Node:
        middle = (low + high + 1) // 2
        left = terms[middle] if middle == low else self._balanced(function, terms, offsets, low, middle - 1)
        right = terms[middle + 1] if middle == high else self._balanced(function, terms, offsets, middle + 1, high)
        return self._deep(Call(offsets[middle], function, [left, right]), left, right, counts=False)

    def _chain(self, operators: dict[str, str], operand: Callable[[], Node]) -> Node:
        node = operand()
        while self.r.kind in operators:
            token = self.r.take()
            node = self._call(token.offset, operators[token.kind], [node, operand()])
        return node

    def _relation(self) -> Node:
        return self._chain(_RELATIONS, self._sum)

    def _sum(self) -> Node:
        return self._chain(_SUMS, self._product)

    def _product(self) -> Node:
        return self._chain(_PRODUCTS, self._unary)

    def _unary(self) -> Node:
        try:
            self.r.sync(UNARY)
            op = self.r.kind
            negative = op == "-" and self.r.next_kind() in _NUMBERS
            if op not in "!-" or negative:
                return self._member()
            offset, count = self.r.token.offset, 0
            while self.r.kind == op:
                if op == "-" and self.r.next_kind() not in PRIMARY:
                    raise self.r.no_alternative(self.r.at, 1)
                self.r.take()
                count += 1
            if op == "!" and self.r.kind not in PRIMARY:
                self.r.unwanted(UNARY)
            node = self._member()
        except Mismatch as mismatch:
            self.r.recover(mismatch)
            return Node(-1)
        return node if count % 2 == 0 else self._call(offset, "!_" if op == "!" else "-_", [node])

    def _member(self) -> Node:
        node = self._primary()
        while True:
            try:
                if self.r.kind == ".":
                    node = self._selection(node)
                elif self.r.kind == "[":
                    node = self._index(node)
                else:
                    return node
            except Mismatch as mismatch:
                self.r.recover(mismatch)

    def _selection(self, operand: Node) -> Node:
        start, dot = self.r.at, self.r.take()
        optional = self.r.kind == "?"
        if optional:
            self.r.take()
        if self.r.kind not in (t.IDENTIFIER, t.ESC_IDENTIFIER):
            raise self.r.no_alternative(start)
        name = self.r.take()
        if not optional and name.kind == t.IDENTIFIER and self.r.kind == "(":
            return self._arguments(name.text, operand)
        field = name.text
        if name.kind == t.ESC_IDENTIFIER:
            self._fail(name.offset, "unsupported syntax: '`'")
        if optional:
            call = Call(dot.offset, "_?._", [operand, Literal(name.offset, field)])
            return self._deep(call, operand, counts=False)
        return self._deep(Select(dot.offset, operand, field), operand)

    def _index(self, operand: Node) -> Node:
        op = self.r.take().offset
        optional = self.r.kind == "?"
        if optional:
            self.r.take()
        index = self._within(frozenset(("?", "]")), self._expr)
        self.r.expect("]")
        return self._call(op, "_[?_]" if optional else "_[_]", [operand, index])

    def _arguments(self, function: str, target: Node | None) -> Node:
        op = self.r.take().offset
        args: list[Node] = []
        self.r.sync(UNARY | {")"})
        if self.r.kind != ")":
            args.append(self._within(frozenset(("?", ",", ")")), self._expr))
            while self.r.kind == ",":
                self.r.take()
                args.append(self._within(frozenset(("?", ",", ")")), self._expr))
        self.r.expect(")")
        return self._call(op, function, args, target)

    def _primary(self) -> Node:
        self.r.sync(PRIMARY)
        token = self.r.token
        if token.kind == "(":
            self.r.take()
            node = self._within(frozenset(("?", ")")), self._expr)
            self.r.expect(")")
            return node
        if token.kind == "[":
            return self._list()
        if token.kind == "{":
            return self._map()
        if token.kind in (t.IDENTIFIER, "."):
            return self._named()
        return self._literal()

    def _named(self) -> Node:
        start = self.r.at
        leading = self.r.kind == "."
        if leading:
            self.r.take()
        if self.r.kind != t.IDENTIFIER:
            raise self.r.no_alternative(start)
        if (end := self._message_name_end()) is not None:
            parts = [token.text for token in self.r.tokens[self.r.at : end] if token.kind == t.IDENTIFIER]
            self.r.at = end
            return self._struct(("." if leading else "") + ".".join(parts))
        name = self.r.take()
        if name.text in _RESERVED:
            if self.r.kind == "(":
                self._arguments(name.text, None)
            return self._fail(self.r.tokens[start].offset, f"reserved identifier: {name.text}")
        text = ("." if leading else "") + name.text
        if self.r.kind == "(":
            return self._arguments(text, None)
        return Ident(name.offset, text)

    def _message_name_end(self) -> int | None:
        """The index of the `{` after `a.b.c`, or None when no `{` follows."""
        at, tokens = self.r.at + 1, self.r.tokens
        while tokens[at].kind == "." and tokens[at + 1].kind == t.IDENTIFIER:
            at += 2
        return at if tokens[at].kind == "{" else None

    def _list(self) -> Node:
        op = self.r.take().offset
        elements: list[Node] = []
        optionals: set[int] = set()
        self.r.sync(UNARY | {"?", ",", "]"})
        while self.r.kind not in (",", "]"):
            if self.r.kind == "?":
                self.r.take()
                optionals.add(len(elements))
            elements.append(self._within(frozenset(("?", ",", "]")), self._expr))
            if self.r.kind != "," or self.r.next_kind() not in UNARY | {"?"}:
                break
            self.r.take()
        self._closing("]")
        return self._deep(ListNode(op, elements, frozenset(optionals)), *elements, counts=False)

    def _closing(self, closer: str) -> None:
        """`','? closer`."""
        self.r.sync(frozenset((",", closer)))
        if self.r.kind == ",":
            self.r.take()
        self.r.expect(closer)

    def _map(self) -> Node:
        op = self.r.take().offset
        entries: list[Entry] = []
        self.r.sync(UNARY | {"?", ",", "}"})
        with self._initializers():
            while self.r.kind not in (",", "}"):
                optional = self.r.kind == "?"
                if optional:
                    self.r.take()
                key = self._within(frozenset(("?", ":")), self._expr)
                colon = self.r.expect(":").offset
                value = self._within(frozenset(("?", ",", "}")), self._expr)
                entries.append(Entry(colon, key, value, optional))
                if self.r.kind != "," or self.r.next_kind() not in UNARY | {"?"}:
                    break
                self.r.take()
        self._closing("}")
        parts = [part for entry in entries for part in (entry.key, entry.value)]
        return self._deep(MapNode(op, entries), *parts, counts=False)

    @contextmanager
    def _initializers(self) -> Iterator[None]:
        """The inside of braces: what is wrong there does not take the brace that ends it."""
        depth = len(self.r.contexts)
        self.r.contexts.append(frozenset((",", "}")))
        try:
            yield
        except Mismatch as mismatch:
            self.r.recover(mismatch)
        finally:
            del self.r.contexts[depth:]

    def _struct(self, name: str) -> Node:
        op = self.r.take().offset
        fields: list[Entry] = []
        starts = frozenset(("?", t.IDENTIFIER, t.ESC_IDENTIFIER))
        self.r.sync(starts | {",", "}"})
        with self._initializers():
            while self.r.kind not in (",", "}"):
                optional = self.r.kind == "?"
                if optional:
                    self.r.take()
                self.r.sync(starts - {"?"})
                field = self.r.take()
                if field.kind == t.ESC_IDENTIFIER:
                    self._fail(field.offset, "unsupported syntax: '`'")
                colon = self.r.expect(":").offset
                value = self._within(frozenset(("?", ",", "}")), self._expr)
                fields.append(Entry(colon, field.text, value, optional))
                if self.r.kind != "," or self.r.next_kind() not in starts:
                    break
                self.r.take()
        self._closing("}")
        return self._deep(StructNode(op, name, fields), *(f.value for f in fields), counts=False)

    def _literal(self) -> Node:
        if self.r.kind not in _LITERALS:
            raise self.r.no_alternative(self.r.at)
        token = self.r.take()
        sign = ""
        if token.kind == "-":
            if self.r.kind not in _NUMBERS:
                self.r.at -= 1
                raise self.r.no_alternative(self.r.at)
            sign, start = "-", token.offset
            token = self.r.take()
        else:
            start = token.offset
        if token.kind in _CONSTANTS:
            return Literal(start, _CONSTANTS[token.kind])
        try:
            return Literal(start, literals.value_of(token, sign))
        except literals.LiteralError as err:
            return self._fail(start, str(err))

    def _call(self, offset: int, function: str, args: list[Node], target: Node | None = None) -> Node:
        """A call, or what a macro makes of it."""
        expander = self.macros.get((function, len(args), target is not None))
        parts = args if target is None else [target, *args]
        if expander is not None:
            if target is not None and function in COPYING:
                self._copied += len(walk(target))
                if self._copied > _MOST_COPIED:
                    self.r.abandon("expression is too large")
            try:
                expanded = expander(offset, target, args)
            except MacroError as err:
                return self._fail(err.offset, str(err))
            if expanded is not None:
                return self._deep(expanded, *parts, counts=target is not None)
        counts = target is not None or function in _COUNTED
        return self._deep(Call(offset, function, args, target), *parts, counts=counts)


_COUNTED = frozenset((*_RELATIONS.values(), *_SUMS.values(), *_PRODUCTS.values(), "_?_:_", "_[_]", "_[?_]"))
