"""From a structural schema to the `Type` graph that field management reads (upstream: what kube-openapi's
pkg/schemaconv/openapi.go makes of the documents of controller/openapi/builder).

Custom resources keep explicit zeros, so every field says `pointer=True`.
"""

from typing import Final

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.model import Field, Type
from pilothouse.apimachinery.structural.model import Structural

OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def _scalar(format: str, go_name: str = "") -> Type:
    type = Type(model.SCALAR)
    type.format = format
    type.go_name = go_name
    return type


#: Types without parts are shared by all schemas.
_STRING: Final = _scalar(model.STRING, "string")
#: A string with a format: field management takes any scalar there.
_FORMATTED: Final = _scalar(model.TIME, "string")
_SCALARS: Final = {
    "integer": _scalar(model.INT64, "int64"), "number": _scalar(model.DOUBLE, "float64"),
    "boolean": _scalar(model.BOOL, "bool"),
}
#: Any JSON value; maps in it are granular, lists are not.
ANY: Final = _scalar(model.RAW, "interface {}")


def resource_type(
    s: Structural | None, gvk: GroupVersionKind, name: str = "", *, preserve_unknown: bool = False
) -> Type:
    """The type of a custom resource; `name` is its OpenAPI name, `preserve_unknown` its definition's
    spec.preserveUnknownFields. Without a schema nothing is known of it, not even that it has object metadata (as
    upstream has it)."""
    if s is None:
        type = Type(model.STRUCT)
        type.preserve_unknown = True
    else:
        type = _struct(s, preserve_unknown or s.preserve_unknown_fields, is_resource=True)
    type.name = name
    type.go_name = gvk.kind
    type.gvks = (gvk,)
    return type


def _type(s: Structural, preserve: bool) -> Type:
    """`preserve`: whether a schema above has x-kubernetes-preserve-unknown-fields, which holds for all below."""
    preserve = preserve or s.preserve_unknown_fields
    match s.type:
        case "object":
            return _struct(s, preserve, is_resource=s.embedded_resource)
        case "array":
            return _list(s, preserve)
        case "string":
            return _STRING if s.value_validation.format in ("", "byte") else _FORMATTED
        case "":
            return _untyped(s, preserve)
    return _SCALARS.get(s.type, ANY)


def _untyped(s: Structural, preserve: bool) -> Type:
    """int-or-string, or x-kubernetes-preserve-unknown-fields without a type: scalars, lists and objects may stand
    there, and objects have what the schema says of them."""
    if not s.properties and s.additional_properties is None:
        return ANY
    type = _struct(s, preserve, is_resource=s.embedded_resource)
    type.format = model.RAW
    return type


def _struct(s: Structural, preserve: bool, *, is_resource: bool) -> Type:
    fields = {}
    for name, schema in s.properties.items():
        required = name in s.value_validation.required
        fields[name] = Field(name, _type(schema, preserve), pointer=True, required=required, default=schema.default)
    if is_resource:
        for name in ("apiVersion", "kind"):
            fields[name] = Field(name, _STRING, pointer=True)
        object_meta = catalog.type_named(OBJECT_META)
        assert object_meta is not None
        fields["metadata"] = Field("metadata", object_meta, pointer=True)
    rest = s.additional_properties
    type = Type(model.STRUCT if fields or rest is None else model.MAP)
    type.fields = fields
    if isinstance(rest, Structural):
        type.values = _type(rest, preserve)
    elif rest or (rest is None and preserve):
        type.preserve_unknown = True
    type.atomic = s.map_type == "atomic"
    return type


def _list(s: Structural, preserve: bool) -> Type:
    type = Type(model.LIST)
    type.items = _type(s.items, preserve) if s.items is not None else ANY
    type.list_type = s.list_type or "atomic"
    if s.list_type == "map" and s.items is not None:
        type.map_keys = s.list_map_keys
        properties = s.items.properties
        type.key_defaults = {
            key: properties[key].default
            for key in s.list_map_keys if key in properties and properties[key].default is not None
        }
    return type
