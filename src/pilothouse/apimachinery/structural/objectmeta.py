"""Object metadata of custom and embedded resources (upstream: apiextensions-apiserver
pkg/apiserver/schema/objectmeta)."""

from collections.abc import Callable
from typing import Any, Final

from pilothouse.apimachinery import field, metavalidation, names, validation
from pilothouse.apimachinery.field import Error, child, index, key
from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema.decode import DecodeError, Decoder, decoder
from pilothouse.apimachinery.structural.model import EMBEDDED, Structural

_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
#: Without metadata.name an embedded resource is still fine: it is checked as if it were called so.
_FAKE_NAME: Final = "fakename"

_Action = Callable[[dict[str, Any], str], None]
_Visit = Callable[[Any, str, _Action], None]


class CoerceError(ValueError):
    """Metadata that cannot be read; `error` says where and why."""

    def __init__(self, error: Error) -> None:
        super().__init__(str(error))
        self.error = error


def get_object_meta(
    obj: dict[str, Any], *, drop_malformed: bool = False, unknown: list[str] | None = None, path: str = ""
) -> dict[str, Any] | None:
    """`obj`'s metadata in Go's normal form, without fields that ObjectMeta does not have; None if there is none.

    `unknown` receives the paths of fields that are left out; `path` is where `obj` stands. With `drop_malformed`,
    fields that cannot be read are left out silently. Raises DecodeError with Go's text.
    """
    if "metadata" not in obj:
        return None
    metadata = obj["metadata"]
    decode = _decode()
    strict: list[str] | None = None if unknown is None else []
    try:
        read = decode(metadata, strict)
    except DecodeError:
        if not drop_malformed:
            raise
        if metadata.__class__ is not dict:
            raise DecodeError(f"invalid metadata: expected object, got {_go_class(metadata)}") from None
        read = _read_piecemeal(metadata, strict)
    if unknown is not None and strict:
        at = child(path, "metadata")
        unknown += [f"{at}.{text.split(chr(34))[1]}" for text in strict]
    assert isinstance(read, dict)
    return read


def _decode() -> Decoder:
    type = catalog.type_named(_OBJECT_META)
    assert type is not None
    return decoder(type)


def _read_piecemeal(metadata: dict[str, Any], strict: list[str] | None) -> dict[str, Any]:
    """What can be read, field by field."""
    decode, good = _decode(), {}
    for name, value in metadata.items():
        try:
            decode({name: value}, strict)
        except DecodeError:
            continue
        good[name] = value
    read: dict[str, Any] = decode(good, None)
    return read


def _go_class(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
    return "[]interface {}"


def coerce(
    obj: Any,
    s: Structural,
    *,
    path: str = "",
    is_resource_root: bool = False,
    drop_invalid: bool = False,
    unknown: list[str] | None = None,
) -> None:
    """Brings kind, apiVersion and metadata of embedded resources (and of the root, if `is_resource_root`) into their
    types' normal form, in place. `unknown` receives the paths of metadata fields that are dropped.

    With `drop_invalid`, what is of a wrong type is removed; without, it raises CoerceError.
    """
    visit = _visitor(s, is_resource_root)
    if visit is None:
        return

    def action(resource: dict[str, Any], at: str) -> None:
        for name in ("apiVersion", "kind"):
            if name in resource and resource[name].__class__ is not str:
                if not drop_invalid:
                    raise CoerceError(field.invalid(child(at, name), resource[name], "must be a string"))
                del resource[name]
        try:
            metadata = get_object_meta(resource, drop_malformed=drop_invalid, unknown=unknown, path=at)
        except DecodeError as e:
            if drop_invalid:
                return
            raise CoerceError(field.invalid(child(at, "metadata"), resource["metadata"], str(e))) from None
        if metadata is not None:
            resource["metadata"] = metadata

    visit(obj, path, action)


def validate(obj: Any, s: Structural, *, path: str = "", is_resource_root: bool = False) -> list[Error]:
    """What is wrong with kind, apiVersion and metadata of embedded resources (and of the root, if
    `is_resource_root`)."""
    errors: list[Error] = []
    if (visit := _visitor(s, is_resource_root)) is not None:
        visit(obj, path, lambda resource, at: _validate_resource(resource, at, errors))
    return errors


def _validate_resource(x: dict[str, Any], path: str, errors: list[Error]) -> None:
    errors.extend(field.required(child(path, name)) for name in ("apiVersion", "kind") if name not in x)
    for name, value in x.items():
        if name == "apiVersion":
            errors.extend(_check_text(child(path, name), value, _api_version_error))
        elif name == "kind":
            errors.extend(_check_text(child(path, name), value, _kind_error))
        elif name == "metadata":
            errors.extend(_validate_metadata(x, child(path, name)))


def _check_text(path: str, value: Any, check: Callable[[str], str]) -> list[Error]:
    if value.__class__ is not str:
        return [field.invalid(path, value, "must be a string")]
    if not value:
        return [field.invalid(path, value, "must not be empty")]
    wrong = check(value)
    return [field.invalid(path, value, wrong)] if wrong else []


def _api_version_error(text: str) -> str:
    try:
        GroupVersion.parse(text)
    except ValueError as e:
        return str(e)
    return ""


def _kind_error(kind: str) -> str:
    wrong = validation.is_dns1035_label(kind.lower())
    return f"may have mixed case, but should otherwise match: {','.join(wrong)}" if wrong else ""


def _validate_metadata(x: dict[str, Any], path: str) -> list[Error]:
    try:
        metadata = get_object_meta(x)
    except DecodeError as e:
        return [field.invalid(path, x["metadata"], str(e))]
    assert metadata is not None
    if not metadata.get("name"):
        metadata["name"] = _FAKE_NAME
    return metavalidation.validate(metadata, bool(metadata.get("namespace")), names.is_path_segment, path)


def _visitor(s: Structural, is_resource_root: bool = False) -> _Visit | None:
    """Calls an action for each embedded resource in a value, the outer ones first; None if there cannot be any."""
    name = "embedded resources of a resource" if is_resource_root else "embedded resources"
    return s.compiled(name, lambda: _compile(s, is_resource_root))


def _compile(s: Structural, is_resource_root: bool = False) -> _Visit | None:
    embedded = s.embedded_resource or is_resource_root
    if not embedded and not s.below & EMBEDDED:
        return None
    children = {}
    for name, schema in s.properties.items():
        if (inner := _compile(schema)) is not None:
            children[name] = inner
    rest = s.additional_properties
    additional = _compile(rest) if isinstance(rest, Structural) else None
    item = _compile(s.items) if s.items is not None else None
    known = s.properties

    def visit(x: Any, path: str, action: _Action) -> None:
        if x.__class__ is dict:
            if embedded:
                action(x, path)
            for k, v in x.items():
                if k in known:
                    if k in children:
                        children[k](v, child(path, k), action)
                elif additional is not None:
                    additional(v, key(path, k), action)
        elif x.__class__ is list and item is not None:
            for i, v in enumerate(x):
                item(v, index(path, i), action)

    return visit
