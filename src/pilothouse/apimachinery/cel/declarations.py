"""Declared functions: their overloads by signature, and what each does (cel-go common/decls)."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.types import Type
from pilothouse.apimachinery.cel.values import no_such_overload, type_of

#: Takes the values of the arguments (the receiver first) and gives a value, or raises EvaluationError.
Implementation = Callable[..., Any]

_NAMED: Final = {
    "dyn": t.Dyn, "bool": t.Bool, "int": t.Int, "uint": t.Uint, "double": t.Double, "string": t.String,
    "bytes": t.Bytes, "null": t.Null, "duration": t.Duration, "timestamp": t.Timestamp,
}
_WORD = re.compile(r"\s*(\w+(?:\.\w+)*|[(),.])")


class Overload:
    """One signature of a function. `params` are the names of the type parameters in it."""

    __slots__ = ("args", "id", "implementation", "member", "params", "result")

    def __init__(
        self, id: str, args: tuple[Type, ...], result: Type, member: bool, implementation: Implementation | None
    ) -> None:
        self.id = id
        self.args = args
        self.result = result
        self.member = member
        self.implementation = implementation
        self.params = frozenset(name for part in (*args, result) for name in _parameters(part))

    def accepts(self, values: tuple[Any, ...]) -> bool:
        """Whether values have the types of the arguments at run time."""
        return len(values) == len(self.args) and all(
            _fits(declared, value) for declared, value in zip(self.args, values, strict=True)
        )


def _fits(declared: Type, value: Any) -> bool:
    if declared.kind in (t.PARAM, t.DYN):
        return True
    actual = type_of(value)
    if actual.kind != declared.kind or actual.name != declared.name:
        return False
    if declared.kind == t.LIST:
        return not value or _fits(declared.params[0], value[0])
    if declared.kind == t.MAP and value:
        key, first = next(iter(value.items()))
        return _fits(declared.params[0], key) and _fits(declared.params[1], first)
    return True


def _parameters(part: Type) -> Iterable[str]:
    if part.kind == t.PARAM:
        yield part.name
    for inner in part.params:
        yield from _parameters(inner)


class Function:
    """A function by its name; overloads are tried in the order of declaration.

    `implementation` serves calls of which the checker could not tell the overload; without one, the overloads that
    accept the values are tried.
    """

    __slots__ = ("implementation", "name", "overloads")

    def __init__(self, name: str, overloads: list[Overload], implementation: Implementation | None = None) -> None:
        self.name = name
        self.overloads = overloads
        self.implementation = implementation

    def merged(self, other: "Function") -> "Function":
        return Function(
            self.name, [*self.overloads, *other.overloads], self.implementation or other.implementation
        )

    def resolve(self, ids: list[str], member: bool, known: bool) -> Implementation:
        """What a call does whose overload is one of `ids`; `known` if so are the types of all arguments."""
        candidates = [o for o in self.overloads if o.id in ids]
        if len(candidates) == 1 and (only := candidates[0].implementation or self.implementation) is not None:
            return only if known or only is self.implementation else _guarded(candidates[0], only)
        if self.implementation is not None:
            return self.implementation
        every = [o for o in self.overloads if o.member == member]
        name = self.name

        def dispatch(*values: Any) -> Any:
            for overload in every:
                if overload.accepts(values) and overload.implementation is not None:
                    return overload.implementation(*values)
            raise no_such_overload(name)

        return dispatch


def _guarded(overload: Overload, implementation: Implementation) -> Implementation:
    def call(*values: Any) -> Any:
        if not overload.accepts(values):
            raise no_such_overload()
        return implementation(*values)

    return call


class Library:
    """Functions that come together. Signatures are text: `list(A).(int) A` is a member function of lists."""

    def __init__(self, types: Mapping[str, Type] | None = None) -> None:
        self.types: dict[str, Type] = dict(types or {})
        self.functions: dict[str, Function] = {}

    def add(
        self, name: str, signatures: Mapping[str, str | tuple[str, Implementation]],
        implementation: Implementation | None = None,
    ) -> None:
        """Declares `name`: overload id → signature, or (signature, implementation)."""
        overloads = []
        for id, given in signatures.items():
            text, own = (given, None) if isinstance(given, str) else given
            overloads.append(self._overload(id, text, own or implementation))
        function = Function(name, overloads, implementation)
        known = self.functions.get(name)
        self.functions[name] = function if known is None else known.merged(function)

    def _overload(self, id: str, text: str, implementation: Implementation | None) -> Overload:
        words = _WORD.findall(text)
        position = 0

        def one() -> Type:
            nonlocal position
            word = words[position]
            position += 1
            return self._type(word, some() if position < len(words) and words[position] == "(" else ())

        def some() -> tuple[Type, ...]:
            nonlocal position
            position += 1
            found: list[Type] = []
            while words[position] != ")":
                if words[position] == ",":
                    position += 1
                found.append(one())
            position += 1
            return tuple(found)

        receiver: tuple[Type, ...] = ()
        member = words[0] != "("
        if member:
            receiver = (one(),)
            position += 1  # the dot
        args = some()
        return Overload(id, receiver + args, one(), member, implementation)

    def _type(self, word: str, params: tuple[Type, ...]) -> Type:
        if word == "list":
            return t.list_of(params[0])
        if word == "map":
            return t.map_of(params[0], params[1])
        if word == "optional":
            return t.optional_of(params[0])
        if word == "type":
            return t.type_of(params[0])
        if word in _NAMED:
            return _NAMED[word]
        if word in self.types:
            return self.types[word]
        if len(word) == 1 and word.isupper():
            return t.param(word)
        raise KeyError(word)
