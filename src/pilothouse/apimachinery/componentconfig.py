"""Configuration files of the server: audit policies, authentication and authorization configurations and their like
(upstream: the component-config groups, decoded by k8s.io/apimachinery serializers).

Their types are written down with `struct`, `list_of` and `map_of`, and read by the same machine as objects:

    RULE = struct("v1.PolicyRule", level=STRING, users=list_of(STRING), omitManagedFields=pointer(BOOL))
    POLICY = struct("v1.Policy", rules=list_of(RULE), omitStages=list_of(STRING))
    loaded = load(Path("policy.yaml"), {GroupVersionKind("audit.k8s.io", "v1", "Policy"): POLICY})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilothouse.apimachinery.codec import json, yaml
from pilothouse.apimachinery.codec.decode_object import identify
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode import DecodeError, decoder
from pilothouse.apimachinery.schema.model import Field, Type


def _scalar(format: str, go_name: str) -> Type:
    type = Type(model.SCALAR)
    type.format, type.go_name = format, go_name
    return type


STRING = _scalar(model.STRING, "string")
BOOL = _scalar(model.BOOL, "bool")
INT32 = _scalar(model.INT32, "int32")
INT64 = _scalar(model.INT64, "int64")
DURATION = _scalar(model.DURATION, "v1.Duration")
RAW = _scalar(model.RAW, "runtime.RawExtension")


def text_of(go_name: str) -> Type:
    """A type of Go's whose values are texts."""
    return _scalar(model.STRING, go_name)


def pointer(type: Type) -> Field:
    """A field whose zero value is something else than its absence."""
    return Field("", type, pointer=True)


def struct(go_name: str, **fields: Type | Field) -> Type:
    """`go_name` is Go's name of the type in error texts; the keywords are wire names."""
    made = Type(model.STRUCT)
    made.go_name = go_name
    made.fields = {name: _field(name, field) for name, field in fields.items()}
    return made


def _field(name: str, field: Type | Field) -> Field:
    if isinstance(field, Type):
        return Field(name, field)
    field.name = name
    return field


def list_of(items: Type) -> Type:
    made = Type(model.LIST)
    made.items, made.go_name = items, f"[]{items.go_name}"
    return made


def map_of(values: Type) -> Type:
    made = Type(model.MAP)
    made.values, made.go_name = values, f"map[string]{values.go_name}"
    return made


@dataclass(frozen=True, slots=True)
class Loaded:
    """`obj` is decoded without defaults; `strict` says what strict decoding does not like: repeated and unknown
    fields."""

    gvk: GroupVersionKind
    obj: dict[str, Any]
    strict: tuple[str, ...]

    @property
    def strict_error(self) -> str:
        """What a strict decoder says, or ""."""
        return f"strict decoding error: {', '.join(self.strict)}" if self.strict else ""


def load(
    data: bytes, kinds: Mapping[GroupVersionKind, Type], *, has_metadata: bool = True,
    into: GroupVersionKind | None = None, scheme: str = "",
) -> Loaded:
    """One document of YAML or JSON; `metadata` is passed over, unless the kinds have none. Raises ValueError with Go's
    text, or near it.

    A kind or version that is missing is that of `into`, if given. `scheme` is Go's name of what knows the kinds.
    """
    value, duplicates = _parsed(data)
    gvk = _kind_of(value) if into is None else identify(value, into)
    type = kinds.get(gvk)
    if type is None:
        where = f' in scheme "{scheme}"' if scheme else ""
        raise ValueError(f'no kind "{gvk.kind}" is registered for version "{gvk.api_version}"{where}')
    unknown: list[str] = []
    passed_over = ("kind", "apiVersion", "metadata") if has_metadata else ("kind", "apiVersion")
    body = {key: field for key, field in (value or {}).items() if key not in passed_over}
    try:
        obj = decoder(type)(body, unknown)
    except DecodeError as e:
        raise ValueError(str(e)) from None
    found = ([yaml.strict_error(duplicates)] if duplicates else []) + unknown
    return Loaded(gvk, obj, tuple(found))


def _parsed(data: bytes) -> tuple[Any, list[str]]:
    """The document, and what strict decoding says of repeated keys."""
    try:
        if data.lstrip().startswith(b"{"):
            json.loads(data)
    except json.SyntaxError as e:
        raise ValueError(f"couldn't get version/kind; json parse error: {e}") from None
    return yaml.load(data)


def _kind_of(value: Any) -> GroupVersionKind:
    if not isinstance(value, dict):
        raise ValueError("couldn't get version/kind; json parse error: the document is no object")
    kind, api_version = value.get("kind"), value.get("apiVersion")
    for name, text in (("kind", kind), ("apiVersion", api_version)):
        if text is not None and not isinstance(text, str):
            raise ValueError(f"couldn't get version/kind; json parse error: {name} is no string")
    if not kind:
        raise ValueError("Object 'Kind' is missing")
    if not api_version:
        raise ValueError("Object 'apiVersion' is missing")
    group, version = GroupVersion.parse(api_version)
    return GroupVersionKind(group, version, kind)
