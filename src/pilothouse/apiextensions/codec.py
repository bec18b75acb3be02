"""Bodies of custom resources (upstream: unstructuredNegotiatedSerializer of pkg/apiserver/customresource_handler.go).

Objects keep kind and apiVersion, here and in storage: the stored bytes say in which version they are. They are
written as Go writes maps, with all keys sorted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

from pilothouse.apimachinery import aside, status
from pilothouse.apimachinery.codec.decode_object import (
    IGNORE,
    STRICT,
    YAML,
    Document,
    identify,
    parse_document,
    summary,
)
from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.schema.decode import DecodeError
from pilothouse.apimachinery.schema.decode_error import NumberMismatch, TypeMismatch
from pilothouse.apimachinery.schema.strict import duplicate_fields

if TYPE_CHECKING:
    from pilothouse.apiextensions.shape import Shape
    from pilothouse.apimachinery.gvk import GroupVersionKind
    from pilothouse.apimachinery.http import Context
    from pilothouse.apimachinery.schema.model import Type

Object = dict[str, Any]

_NO_MESSAGE: Final = (
    "object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to "
    "a protobuf message"
)
#: Where JSON may hold a number that is not written as it came: with a fraction, an exponent, or too long.
_ODD_NUMBER: Final = re.compile(rb"[:,\[]\s*-?(?:\d{19}|\d+(?:\.\d|[eE]))")
_LARGEST: Final = 1 << 63
#: Schemas that each value of a light body may be held against within some milliseconds.
_USUAL_CHECKS: Final = 3
#: Defaults that are set within some milliseconds.
_MOST_ADDED: Final = 20_000


class CustomBodies:
    """`endpoints.bodies.Bodies` of one version of a custom resource."""

    routed = False
    typed = False

    def __init__(self, gvk: GroupVersionKind, shape: Callable[[], Shape]) -> None:
        self._gvk = gvk
        self._make_shape = shape

    @cached_property
    def _shape(self) -> Shape:
        return self._make_shape()

    @property
    def type(self) -> Type:
        return self._shape.type

    def decode(self, data: bytes, media_type: str, validation: str, ctx: Context) -> Object:
        try:
            document = parse_document(data, media_type)
            gvk = identify(document.value, self._gvk)
        except ValueError as e:
            raise status.bad_request(
                f"the object provided is unrecognized (must be of type {self._gvk.kind}): {e} ({summary(data)})"
            ) from None
        errors: list[str] | None = None if validation == IGNORE else _duplicates(document)
        try:
            obj = self._read(document, data, media_type, errors)
            if errors and validation == STRICT:
                raise DecodeError(f"strict decoding error: {', '.join(errors)}")
        except DecodeError as e:
            raise status.bad_request(
                f'{gvk.kind} in version "{gvk.version}" cannot be handled as a {self._gvk.kind}: {e}'
            ) from None
        api_version = obj.get("apiVersion") or ""
        if api_version != self._gvk.api_version:
            raise status.bad_request(
                f"the API version in the data ({api_version}) does not match the expected API version "
                f"({self._gvk.api_version})"
            )
        if errors:
            for text in (*document.warnings, *errors[bool(document.duplicates):]):
                ctx.warn(text)
        return self._defaulted(obj)

    def is_heavy(self, data: bytes) -> bool:
        return aside.is_heavy(data) or self._added(data) > _MOST_ADDED or self._is_checked_long(data)

    def has_grown(self, data: bytes, obj: Object) -> bool:
        most = self._shape.most_checks
        if most <= _USUAL_CHECKS and self._added(data) <= aside.LIGHT_VALUES:
            return False
        grown = orjson.dumps(obj)
        return aside.is_heavy(grown) or self._is_checked_long(grown)

    def _is_checked_long(self, data: bytes) -> bool:
        """Whether a schema with many alternatives makes a light body heavy."""
        most = self._shape.most_checks
        return most > _USUAL_CHECKS and most * aside.values(data) > _USUAL_CHECKS * aside.LIGHT_VALUES

    def _added(self, data: bytes) -> int:
        """How many values defaulting may add to what a body holds."""
        most = self._shape.most_added
        if not most:
            return 0
        if data.lstrip()[:1] == b"{":
            return most * (data.count(b"{") + data.count(b"null"))
        # YAML can do without braces, and without nulls
        return most * sum(data.count(sign) for sign in (b"{", b":", b",", b"\n"))

    def patched(self, document: Any, unknown: list[str], *, check_kind: bool) -> Object:
        if document.__class__ is not dict:
            raise TypeMismatch(document, "map[string]interface {}")
        # what patches left alone is shared with the object that was patched
        obj = _copied(document)
        self._check_kind(obj, orjson.dumps(obj))
        self._shape.coerce(obj, unknown)
        return self._defaulted(obj)

    def completed(self, applied: Object) -> Object:
        try:
            return self._defaulted(_copied(applied))
        except DecodeError as e:
            raise status.plain_internal(str(e)) from None

    def encode(self, obj: Object) -> bytes:
        return encode({"apiVersion": self._gvk.api_version, "kind": self._gvk.kind, **obj})

    def _read(self, document: Document, data: bytes, media_type: str, errors: list[str] | None) -> Object:
        if document.message is not None:
            raise DecodeError(_NO_MESSAGE)
        obj: Object = document.value if document.value is not None else {}
        self._check_kind(obj, data)
        if media_type == YAML or _ODD_NUMBER.search(data):
            whole_numbers(obj)
        self._shape.coerce(obj, errors)
        return obj

    def _check_kind(self, obj: Object, data: bytes) -> None:
        if not obj.get("kind"):
            raise DecodeError(f"Object 'Kind' is missing in '{data.decode(errors='replace')}'")

    def _defaulted(self, obj: Object) -> Object:
        if obj.get("metadata") is None:
            obj["metadata"] = {}
        self._shape.default(obj)
        return obj


def _duplicates(document: Document) -> list[str]:
    if document.duplicates:
        return [document.duplicates]
    return [] if document.pairs is None else duplicate_fields(document.pairs)


def whole_numbers(value: Any) -> Any:
    """`value`, in place, with its numbers as Go reads them and writes them again: integers where floats have no
    fraction, floats where integers need more than 64 bits. Raises DecodeError for what is too large for a float."""
    if value.__class__ is float:
        return int(value) if value.is_integer() and -_LARGEST <= value < _LARGEST else value
    if value.__class__ is int:
        return value if -_LARGEST <= value < _LARGEST else _as_float(value)
    if value.__class__ is dict:
        for name, child in value.items():
            value[name] = whole_numbers(child)
    elif value.__class__ is list:
        for at, child in enumerate(value):
            value[at] = whole_numbers(child)
    return value


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise NumberMismatch(value, "float64") from None


def _copied(value: Any) -> Any:
    """A copy of a JSON value, with numbers that can be written. Raises DecodeError."""
    try:
        return orjson.loads(orjson.dumps(value))
    except TypeError:
        # a number beyond 64 bits
        return orjson.loads(orjson.dumps(whole_numbers(value)))


def encode(obj: Object) -> bytes:
    """Compact JSON as Go writes a map."""
    return escape(orjson.dumps(obj, option=orjson.OPT_SORT_KEYS))


def normal(obj: Object) -> Object:
    """A copy of `obj` with all keys sorted: the form in which it is stored."""
    copied: Object = orjson.loads(orjson.dumps(obj, option=orjson.OPT_SORT_KEYS))
    return copied
