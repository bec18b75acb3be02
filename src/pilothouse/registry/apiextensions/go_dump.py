"""Parts of a definition as error texts show them: upstream's internal structs, written by Go's JSON encoder
(upstream: apiextensions-apiserver pkg/apis/apiextensions types.go, types_jsonschema.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery.structural.gojson import go_json_value
from pilothouse.registry.rules import Obj

_DEEPEST: Final = 50
#: Fields of JSONSchemaProps in order: (name, wire name, value where it is unset).
_PLAIN: Final = "plain"
_SCHEMA: Final = "schema"
_SCHEMAS: Final = "schemas"
_MAP: Final = "map"
_FIELDS: Final[Sequence[tuple[str, str, str, Any]]] = (
    ("ID", "id", _PLAIN, ""), ("Schema", "$schema", _PLAIN, ""), ("Ref", "$ref", _PLAIN, None),
    ("Description", "description", _PLAIN, ""), ("Type", "type", _PLAIN, ""), ("Nullable", "nullable", _PLAIN, False),
    ("Format", "format", _PLAIN, ""), ("Title", "title", _PLAIN, ""), ("Default", "default", _PLAIN, None),
    ("Maximum", "maximum", _PLAIN, None), ("ExclusiveMaximum", "exclusiveMaximum", _PLAIN, False),
    ("Minimum", "minimum", _PLAIN, None), ("ExclusiveMinimum", "exclusiveMinimum", _PLAIN, False),
    ("MaxLength", "maxLength", _PLAIN, None), ("MinLength", "minLength", _PLAIN, None),
    ("Pattern", "pattern", _PLAIN, ""), ("MaxItems", "maxItems", _PLAIN, None), ("MinItems", "minItems", _PLAIN, None),
    ("UniqueItems", "uniqueItems", _PLAIN, False), ("MultipleOf", "multipleOf", _PLAIN, None),
    ("Enum", "enum", _PLAIN, None), ("MaxProperties", "maxProperties", _PLAIN, None),
    ("MinProperties", "minProperties", _PLAIN, None), ("Required", "required", _PLAIN, None),
    ("Items", "items", "items", None), ("AllOf", "allOf", _SCHEMAS, None), ("OneOf", "oneOf", _SCHEMAS, None),
    ("AnyOf", "anyOf", _SCHEMAS, None), ("Not", "not", _SCHEMA, None), ("Properties", "properties", _MAP, None),
    ("AdditionalProperties", "additionalProperties", "or_bool", None),
    ("PatternProperties", "patternProperties", _MAP, None), ("Dependencies", "dependencies", "dependencies", None),
    ("AdditionalItems", "additionalItems", "or_bool", None), ("Definitions", "definitions", _MAP, None),
    ("ExternalDocs", "externalDocs", "docs", None), ("Example", "example", _PLAIN, None),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", _PLAIN, None),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", _PLAIN, False),
    ("XIntOrString", "x-kubernetes-int-or-string", _PLAIN, False),
    ("XListMapKeys", "x-kubernetes-list-map-keys", _PLAIN, None),
    ("XListType", "x-kubernetes-list-type", _PLAIN, None), ("XMapType", "x-kubernetes-map-type", _PLAIN, None),
    ("XValidations", "x-kubernetes-validations", "rules", None),
)


def versions(values: Sequence[Obj], common: Obj) -> list[Any]:
    """`spec.versions`; what is in `common` has moved out of them."""
    return [
        {
            "Name": v.get("name") or "", "Served": bool(v.get("served")), "Storage": bool(v.get("storage")),
            "Deprecated": bool(v.get("deprecated")), "DeprecationWarning": v.get("deprecationWarning"),
            "Schema": _unless(v, common, "schema", _validation),
            "Subresources": _unless(v, common, "subresources", _subresources),
            "AdditionalPrinterColumns": _unless(v, common, "additionalPrinterColumns", _columns),
            "SelectableFields": _unless(v, common, "selectableFields", _selectable),
        }
        for v in values
    ]


def _unless(version: Obj, common: Obj, name: str, dump: Any) -> Any:
    return None if name in common or version.get(name) is None else dump(version[name])


def _validation(schema: Obj) -> Any:
    props = schema.get("openAPIV3Schema")
    return {"OpenAPIV3Schema": None if props is None else schema_props(props)}


def _subresources(value: Obj) -> Any:
    scale = value.get("scale")
    return {
        "Status": None if value.get("status") is None else {},
        "Scale": None if scale is None else {
            "SpecReplicasPath": scale.get("specReplicasPath") or "",
            "StatusReplicasPath": scale.get("statusReplicasPath") or "",
            "LabelSelectorPath": scale.get("labelSelectorPath"),
        },
    }


def _columns(columns: Sequence[Obj]) -> Any:
    return [
        {
            "Name": c.get("name") or "", "Type": c.get("type") or "", "Format": c.get("format") or "",
            "Description": c.get("description") or "", "Priority": c.get("priority") or 0,
            "JSONPath": c.get("jsonPath") or "",
        }
        for c in columns
    ]


def _selectable(fields: Sequence[Obj]) -> Any:
    return [{"JSONPath": f.get("jsonPath") or ""} for f in fields]


def schema_props(props: Obj, depth: int = 0) -> dict[str, Any] | None:
    """A JSONSchemaProps; what is nested deeper than anybody reads is left out."""
    if depth > _DEEPEST:
        return None
    dumped = {}
    for name, wire, kind, unset in _FIELDS:
        dumped[name] = _value(kind, props.get(wire), unset, depth + 1)
    return dumped


def items(value: Any, depth: int = 0) -> Any:
    """A JSONSchemaPropsOrArray."""
    if isinstance(value, Mapping):
        return {"Schema": schema_props(value, depth), "JSONSchemas": None}
    return {"Schema": None, "JSONSchemas": [schema_props(v, depth) for v in value]}


def rule(value: Obj) -> dict[str, Any]:
    """A ValidationRule."""
    return {
        "Rule": value.get("rule") or "", "Message": value.get("message") or "",
        "MessageExpression": value.get("messageExpression") or "", "Reason": value.get("reason"),
        "FieldPath": value.get("fieldPath") or "", "OptionalOldSelf": value.get("optionalOldSelf"),
    }


def _value(kind: str, value: Any, unset: Any, depth: int) -> Any:
    if value is None:
        return unset
    match kind:
        case "schema":
            return schema_props(value, depth)
        case "schemas":
            return [schema_props(v, depth) for v in value]
        case "map":
            return {name: schema_props(value[name], depth) for name in sorted(value)}
        case "items":
            return items(value, depth)
        case "or_bool":
            below = schema_props(value, depth) if isinstance(value, Mapping) else None
            return {"Allows": below is not None or bool(value), "Schema": below}
        case "dependencies":
            return {name: _dependency(value[name], depth) for name in sorted(value)}
        case "docs":
            return {"Description": value.get("description") or "", "URL": value.get("url") or ""}
        case "rules":
            return [rule(v) for v in value]
    return go_json_value(value)


def _dependency(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {"Schema": schema_props(value, depth), "Property": None}
    return {"Schema": None, "Property": value and list(value)}
