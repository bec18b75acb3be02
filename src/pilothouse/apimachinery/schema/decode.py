"""Decoding: from parsed JSON to what Go's decode-then-encode would give (upstream: sigs.k8s.io/json and the types).

For each `Type` one closure is compiled and kept with it; nothing walks the schema at run time. A value that does not
fit is decoded again, by closures that find the words for it. What comes out is in wire form: fields in Go's order, zero
values as Go writes or leaves them out, maps sorted, scalars canonical.
The same function re-normalises an object that was patched or defaulted.

An empty list or map that is always written becomes null: that is how it comes back from upstream's storage
(protobuf has no empty lists). Only until an object is stored is there a difference, which field managers see.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode_error import DecodeError, TypeMismatch
from pilothouse.apimachinery.schema.model import Field, Type
from pilothouse.apimachinery.schema.quick import Part, Shapes
from pilothouse.apimachinery.schema.scalars import STRUCT_LIKE, ZEROS, scalar
from pilothouse.apimachinery.schema.strict import strict_errors

#: Lists and maps that Go leaves out when they are empty, but of which defaulting asks whether they are nil, or which an
#: error shows, by the type's OpenAPI name. An empty one must be refused by validation: field managers would own it.
#: (upstream: comparisons with nil in pkg/apis/*/v*/defaults.go)
_TOLD_APART = {
    "io.k8s.api.autoscaling.v2.HPAScalingRules": ("policies",),
    "io.k8s.api.core.v1.PersistentVolumeSpec": ("capacity",),
}

__all__ = ["DecodeError", "Decoder", "decoder", "zero"]

Decoder = Callable[[Any, "list[str] | None"], Any]
#: (value that is not None, names of unknown fields seen) -> normal form
_Raw = Callable[[Any, list[str]], Any]

#: Formats whose values stand as they came, if they have this Python class.
_PLAIN = {model.STRING: str, model.BOOL: bool}


def decoder(type: Type, *, keep_empty: bool = False) -> Decoder:
    """The function that decodes values of `type`: `decode(value, unknown)`.

    With `keep_empty`, empty lists and maps that are always written stay what they are, and so do the empty lists that
    kube-apiserver tells from absent ones: the form of an object that comes from a client and is not stored yet.

    `unknown`, if given, receives `unknown field "spec.foo"` texts in document order (at most 100, without
    repeats). The value is not changed; the result shares with it only what is kept raw. Raises DecodeError.
    """
    name = "keeping decoder" if keep_empty else "decoder"
    found = type.compiled.get(name)
    if found is None:
        found = type.compiled[name] = _reporting(type, keep_empty)
    return found  # type: ignore[return-value]


def zero(type: Type) -> Any:
    """What Go writes for a value of `type` that was never set."""
    return _zero(type)()


class _Manner(NamedTuple):
    """How values are decoded. `careful`: struct by struct, with the path to what does not fit; else shape by shape."""

    keep_empty: bool
    careful: bool = False


def _reporting(type: Type, keep_empty: bool) -> Decoder:
    raw = _raw(type, _Manner(keep_empty))
    nothing = _zero(type)

    def decode(value: Any, unknown: list[str] | None = None) -> Any:
        if value is None:
            return nothing()
        seen: list[str] = []
        try:
            result = raw(value, seen)
        except DecodeError:
            seen = []
            result = _raw(type, _Manner(keep_empty, careful=True))(value, seen)
        if seen and unknown is not None:
            unknown += strict_errors(type, value)
        return result

    return decode


def _raw(type: Type, manner: _Manner) -> _Raw:
    name = _name_of("decode", manner)
    found = type.compiled.get(name)
    if found is not None:
        return found  # type: ignore[return-value]

    def late(value: Any, seen: list[str]) -> Any:
        return type.compiled[name](value, seen)  # type: ignore[operator]

    type.compiled[name] = late  # a type that contains itself meets this while it is compiled
    compiled = _COMPILERS[type.kind](type, manner)
    type.compiled[name] = compiled
    return compiled


def _name_of(what: str, manner: _Manner) -> str:
    return f"{'careful ' if manner.careful else ''}{'keeping ' if manner.keep_empty else ''}{what}"


def _zero(type: Type) -> Callable[[], Any]:
    if type.kind == model.STRUCT:
        return lambda: _raw(type, _Manner(keep_empty=False))({}, [])
    value = ZEROS[type.format] if type.kind == model.SCALAR else None
    return lambda: value


def _compile_scalar(type: Type, manner: _Manner) -> _Raw:
    if type.format in _UNIONS:
        return _compile_union(type, manner)
    convert = scalar(type.format, type.go_name)
    return lambda value, seen: convert(value)


def _compile_list(type: Type, manner: _Manner) -> _Raw:
    assert type.items is not None
    item, nothing, go_name = _raw(type.items, manner), _zero(type.items), type.go_name
    keep_empty = manner.keep_empty
    plain = _PLAIN.get(type.items.format)
    pointers = "[]*" in go_name
    shapes = _shapes_of(type.items, manner)
    if shapes is not None:
        return _list_of_structs(type, item, shapes, nothing, keep_empty)

    def decode(value: Any, seen: list[str]) -> Any:
        if value.__class__ is not list:
            raise TypeMismatch(value, go_name)
        out = []
        for v in value:
            if v.__class__ is not plain:
                if v is not None:
                    v = item(v, seen)
                elif not pointers:
                    v = nothing()
            out.append(v)
        return out if out or keep_empty else None

    return decode


def _list_of_structs(
    type: Type, item: _Raw, shapes: Shapes, nothing: Callable[[], Any], keep_empty: bool
) -> _Raw:
    """The function of a struct's shape is called from here: a call less for each."""
    go_name, known = type.go_name, shapes.known.get
    pointers = "[]*" in go_name

    def decode(value: Any, seen: list[str]) -> Any:
        if value.__class__ is not list:
            raise TypeMismatch(value, go_name)
        out = []
        for v in value:
            quick = known(tuple(v)) if v.__class__ is dict else None
            found = quick(v, seen) if quick is not None else None
            if found is None:
                if v is not None:
                    found = item(v, seen)
                elif not pointers:
                    found = nothing()
            out.append(found)
        return out if out or keep_empty else None

    return decode


def _compile_map(type: Type, manner: _Manner) -> _Raw:
    assert type.values is not None
    item, nothing, go_name = _raw(type.values, manner), _zero(type.values), type.go_name
    keep_empty = manner.keep_empty
    plain = _PLAIN.get(type.values.format)
    if type.values.format == model.BYTES:
        nothing = str  # nil bytes in a map are stored as empty ones

    def decode(value: Any, seen: list[str]) -> Any:
        if value.__class__ is not dict:
            raise TypeMismatch(value, go_name)
        out = {}
        for key in sorted(value):
            v = value[key]
            if v.__class__ is not plain:
                v = nothing() if v is None else item(v, seen)
            out[key] = v
        return out if out or keep_empty else None

    return decode


def _always_written(field: Field) -> bool:
    """Whether Go writes the field although it was never set."""
    if field.omit == "zero":
        return False
    if field.omit == "" or field.pointer:
        return field.omit == ""
    return field.type.kind == model.STRUCT or field.type.format in STRUCT_LIKE


def _zero_of_field(field: Field) -> Callable[[], Any]:
    return (lambda: None) if field.pointer else _zero(field.type)


def _plan(type: Type, manner: _Manner) -> dict[str, tuple[int, Any, _Raw, bool]]:
    """Per field: place, class of values that need no conversion, conversion, whether an empty value is kept."""
    told_apart = _TOLD_APART.get(type.name, ()) if manner.keep_empty else ()
    return {
        f.name: (
            i, _PLAIN.get(f.type.format), _raw(f.type, manner),
            f.pointer or _always_written(f) or f.name in told_apart,
        )
        for i, f in enumerate(type.fields.values())
    }


def _shapes(type: Type, manner: _Manner, plan: dict[str, tuple[int, Any, _Raw, bool]]) -> Shapes:
    return Shapes([
        Part(
            f.name, f.type.format, plan[f.name][2], plan[f.name][3], _zero_of_field(f) if _always_written(f) else None,
            partial(_shapes_of, f.type, manner),
        )
        for f in type.fields.values()
    ])


def _shapes_of(type: Type, manner: _Manner) -> Shapes | None:
    """The shapes of a struct that is compiled, None for anything else."""
    return type.compiled.get(_name_of("shapes", manner))  # type: ignore[return-value]


def _compile_struct(type: Type, manner: _Manner) -> _Raw:
    plan = _plan(type, manner)
    general = _general(type, plan)
    if manner.careful:
        return general
    go_name = type.go_name
    shapes = type.compiled[_name_of("shapes", manner)] = _shapes(type, manner, plan)
    known = shapes.known.get

    def decode(value: Any, seen: list[str]) -> Any:
        if value.__class__ is not dict:
            raise TypeMismatch(value, go_name)
        names = tuple(value)
        quick = known(names)
        if quick is None:
            shapes.meet(names)
        elif (found := quick(value, seen)) is not None:
            return found
        return general(value, seen)

    return decode


def _general(type: Type, plan: dict[str, tuple[int, Any, _Raw, bool]]) -> _Raw:
    """Decodes structs of any shape."""
    go_name = type.go_name
    always = [(f.name, plan[f.name][0], _zero_of_field(f)) for f in type.fields.values() if _always_written(f)]
    place = {name: entry[0] for name, entry in plan.items()}.__getitem__
    lookup = plan.get

    def decode(value: Any, seen: list[str]) -> Any:
        if value.__class__ is not dict:
            raise TypeMismatch(value, go_name)
        out: dict[str, Any] = {}
        last = -1
        ordered = True
        for key, v in value.items():
            entry = lookup(key)
            if entry is None:
                seen.append(key)
                continue
            if v is None:
                continue
            index, plain, convert, keep = entry
            if v.__class__ is not plain:
                try:
                    v = convert(v, seen)
                except TypeMismatch as e:
                    e.within(go_name, key)
                    raise
            if v or keep:
                out[key] = v
                if index < last:
                    ordered = False
                last = index
        for name, index, nothing in always:
            if name not in out:
                out[name] = nothing()
                if index < last:
                    ordered = False
                last = index
        return out if ordered else {key: out[key] for key in sorted(out, key=place)}

    return decode


def _compile_union(type: Type, manner: _Manner) -> _Raw:
    """A JSON schema, or what else may stand in its place (upstream: apiextensions v1/marshal.go)."""
    assert type.items is not None
    schema = _raw(type.items, manner)
    other, message = _UNIONS[type.format]

    def decode(value: Any, seen: list[str]) -> Any:
        match value:
            case dict():
                return schema(value, seen)
            case bool() if other is bool:
                return value
            case list() if other is list:
                return [schema(v, seen) for v in value]
            case list() if other is str and all(isinstance(v, str) for v in value):
                return value
        raise DecodeError(message)

    return decode


_UNIONS: dict[str, tuple[type, str]] = {
    model.SCHEMA_OR_BOOL: (bool, "boolean or JSON schema expected"),
    model.SCHEMA_OR_ARRAY: (list, "array or JSON schema expected"),
    model.SCHEMA_OR_STRINGS: (str, "string array or JSON schema expected"),
}
_COMPILERS: dict[str, Callable[[Type, _Manner], _Raw]] = {
    model.SCALAR: _compile_scalar,
    model.LIST: _compile_list,
    model.MAP: _compile_map,
    model.STRUCT: _compile_struct,
}
