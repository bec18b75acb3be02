"""CEL's types, and when a value of one may stand where another is expected (cel-go common/types/types.go,
checker/types.go, checker/format.go).

A `Type` is immutable and compared by structure. Objects declared from a schema are `StructType`: compared by name,
their fields looked up by their CEL name.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

DYN: Final = "dyn"
BOOL: Final = "bool"
INT: Final = "int"
UINT: Final = "uint"
DOUBLE: Final = "double"
STRING: Final = "string"
BYTES: Final = "bytes"
NULL: Final = "null_type"
DURATION: Final = "google.protobuf.Duration"
TIMESTAMP: Final = "google.protobuf.Timestamp"
LIST: Final = "list"
MAP: Final = "map"
STRUCT: Final = "struct"
OPAQUE: Final = "opaque"
TYPE: Final = "type"
PARAM: Final = "param"
ERROR: Final = "error"

_SHOWN = {NULL: "null", DURATION: "duration", TIMESTAMP: "timestamp", ERROR: "!error!"}
_SCALARS = frozenset((BOOL, INT, UINT, DOUBLE, STRING, BYTES, DURATION, TIMESTAMP))
_NULLABLE = frozenset((OPAQUE, STRUCT, DURATION, TIMESTAMP))


class Type:
    """One type. `name` is the run-time name (`type(x)` prints it); `params` are the types that it is made of.

    `max_elements` bounds the size of values in cost estimates: characters, items or entries; None when unknown.
    """

    __slots__ = ("kind", "max_elements", "name", "params", "reader")

    def __init__(
        self, kind: str, name: str = "", params: "tuple[Type, ...]" = (), max_elements: int | None = None
    ) -> None:
        self.kind = kind
        self.name = name or kind
        self.params = params
        self.max_elements = max_elements
        #: Kept by `reading`: how values are read, (None,) when they stand for themselves.
        self.reader: tuple[Callable[[Any], Any] | None] | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Type)
            and self.kind == other.kind
            and self.name == other.name
            and self.params == other.params
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.name, self.params))

    def __repr__(self) -> str:
        return f"<Type {self}>"

    def __str__(self) -> str:
        """As cel-go writes it in messages: `list(int)`, `map(string, dyn)`, `null`, `duration`."""
        if self.kind in _SHOWN:
            return _SHOWN[self.kind]
        if not self.params:
            return self.name
        return f"{self.name}({', '.join(map(str, self.params))})"


class Field:
    """A field of an object type: its CEL name, the property in the JSON object, its type."""

    __slots__ = ("name", "property", "type")

    def __init__(self, name: str, type: Type, property: str | None = None) -> None:
        self.name = name
        self.type = type
        self.property = name if property is None else property


class StructType(Type):
    """An object type with declared fields, by their CEL names."""

    __slots__ = ("fields",)

    def __init__(self, name: str, fields: Mapping[str, Field], max_elements: int | None = None) -> None:
        super().__init__(STRUCT, name, (), max_elements)
        self.fields = fields

    def __hash__(self) -> int:
        return hash((STRUCT, self.name))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Type) and other.kind == STRUCT and other.name == self.name)


class ListType(Type):
    """A list; `list_type` "set" or "map" changes equality and `+` of lists that come from an object.

    `keys` are the JSON properties that tell the items of a "map" list apart.
    """

    __slots__ = ("keys", "list_type")

    def __init__(
        self, item: Type, max_elements: int | None = None, list_type: str = "", keys: tuple[str, ...] = ()
    ) -> None:
        super().__init__(LIST, LIST, (item,), max_elements)
        self.list_type = list_type
        self.keys = keys

    __hash__ = Type.__hash__


Dyn: Final = Type(DYN)
Bool: Final = Type(BOOL)
Int: Final = Type(INT)
Uint: Final = Type(UINT)
Double: Final = Type(DOUBLE)
String: Final = Type(STRING)
Bytes: Final = Type(BYTES)
Null: Final = Type(NULL)
Duration: Final = Type(DURATION)
Timestamp: Final = Type(TIMESTAMP)
TypeType: Final = Type(TYPE)
Error: Final = Type(ERROR)
OPTIONAL_NAME: Final = "optional_type"


def list_of(item: Type) -> Type:
    return ListType(item)


def map_of(key: Type, value: Type, max_elements: int | None = None) -> Type:
    return Type(MAP, MAP, (key, value), max_elements)


def optional_of(item: Type) -> Type:
    return Type(OPAQUE, OPTIONAL_NAME, (item,))


def type_of(item: Type) -> Type:
    return Type(TYPE, TYPE, (item,))


def param(name: str) -> Type:
    return Type(PARAM, name)


def opaque(name: str) -> Type:
    return Type(OPAQUE, name)


def unwrap_optional(t: Type) -> tuple[Type, bool]:
    """(what an optional holds, True), or (the type itself, False)."""
    if t.kind == OPAQUE and t.name == OPTIONAL_NAME:
        return t.params[0], True
    return t, False


def is_scalar(t: Type) -> bool:
    """Whether values have a fixed size of one (cel-go checker/cost.go isScalar)."""
    if t.kind in (BOOL, DOUBLE, DURATION, INT, TIMESTAMP, UINT):
        return True
    inner, optional = unwrap_optional(t)
    return optional and is_scalar(inner)


def signature(arguments: list[Type], member: bool) -> str:
    """The arguments of a call as messages show them: `(int, string)`, `string.(int)`."""
    texts = [str(a) for a in arguments]
    if member:
        return f"{texts[0]}.({', '.join(texts[1:])})"
    return f"({', '.join(texts)})"


def runtime_text(given: Type) -> str:
    """A type by the names of run time (cel-go Type.String): `null_type`, `google.protobuf.Duration`, `list(int)`."""
    if not given.params:
        return given.name
    return f"{given.name}({', '.join(map(runtime_text, given.params))})"


class Substitutions:
    """What the type parameters met so far stand for."""

    __slots__ = ("_changes", "known")

    def __init__(self, known: dict[str, Type] | None = None) -> None:
        self.known: dict[str, Type] = {} if known is None else known
        self._changes: list[tuple[str, Type | None]] = []

    def assignable(self, to: list[Type], given: list[Type]) -> bool:
        """Whether each type matches its counterpart; what was learned about parameters is kept only if all do."""
        self._changes.clear()
        if len(to) == len(given) and all(self._matches(a, b) for a, b in zip(to, given, strict=True)):
            return True
        for name, before in reversed(self._changes):
            if before is None:
                del self.known[name]
            else:
                self.known[name] = before
        return False

    def _learn(self, parameter: Type, t: Type) -> None:
        self._changes.append((parameter.name, self.known.get(parameter.name)))
        self.known[parameter.name] = t

    def apply(self, t: Type, free_as_dyn: bool = False) -> Type:
        """`t` with its parameters replaced; those that stand for nothing stay, or become dyn."""
        while t.kind == PARAM:
            known = self.known.get(t.name)
            if known is None:
                return Dyn if free_as_dyn else t
            t = known
        if not t.params:
            return t
        params = tuple(self.apply(p, free_as_dyn) for p in t.params)
        if all(new is old for new, old in zip(params, t.params, strict=True)):
            return t
        if t.kind == LIST:
            assert isinstance(t, ListType)
            return ListType(params[0], t.max_elements, t.list_type, t.keys)
        return Type(t.kind, t.name, params, t.max_elements)

    def _matches(self, a: Type, b: Type) -> bool:
        if b.kind == PARAM:
            valid, known = self._substitutable(a, b)
            if valid:
                return True
            if known:
                return False
        if a.kind == PARAM:
            return self._substitutable(b, a)[0]
        if a.kind in (DYN, ERROR) or b.kind in (DYN, ERROR):
            return True
        if a.kind == NULL:
            return b.kind == NULL or b.kind in _NULLABLE
        if b.kind == NULL:
            return a.kind in _NULLABLE
        if a.kind in _SCALARS or a.kind == STRUCT:
            return a.kind == b.kind and a.name == b.name
        if a.kind == TYPE:
            return b.kind == TYPE
        return (
            a.kind == b.kind
            and a.name == b.name
            and len(a.params) == len(b.params)
            and all(self._matches(x, y) for x, y in zip(a.params, b.params, strict=True))
        )

    def _substitutable(self, t: Type, parameter: Type) -> tuple[bool, bool]:
        """(whether `parameter` may stand for `t`, whether it stood for something already)."""
        if t.kind == PARAM and t.name == parameter.name:
            return True, True
        known = self.known.get(parameter.name)
        if known is not None:
            if t == known:
                return True, True
            if self._matches(t, known):
                general = most_general(t, known)
                if not self._occurs(parameter, general):
                    self._learn(parameter, general)
                return True, True
            return False, True
        if self._occurs(parameter, t):
            return False, False
        self._learn(parameter, t)
        return True, False

    def _occurs(self, parameter: Type, within: Type) -> bool:
        if within.kind == PARAM:
            if within.name == parameter.name:
                return True
            known = self.known.get(within.name)
            return known is not None and self._occurs(parameter, known)
        return any(self._occurs(parameter, p) for p in within.params)


def most_general(a: Type, b: Type) -> Type:
    return a if _less_specific(a, b) else b


def _less_specific(a: Type, b: Type) -> bool:
    if a.kind in (DYN, PARAM):
        return True
    if b.kind in (DYN, PARAM) or a.kind != b.kind:
        return False
    if a.kind == TYPE:
        return True
    if a.params:
        return (
            a.name == b.name
            and len(a.params) == len(b.params)
            and all(_less_specific(x, y) for x, y in zip(a.params, b.params, strict=True))
        )
    return a == b


def field_type(t: Type, name: str) -> Any:
    """The `Field` of an object type, or None."""
    return t.fields.get(name) if isinstance(t, StructType) else None
