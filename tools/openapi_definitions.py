"""Definitions as kube-apiserver's OpenAPI documents hold them, from kubernetes-validate's and Go's declarations.

Upstream: kube-openapi pkg/generators. Keys stand in the order in which upstream writes them.
"""

from collections.abc import Mapping
from typing import Any

_DEFINITIONS = "#/definitions/"
_SCHEMAS = "#/components/schemas/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_KEYS = (
    "description", "type", "format", "default", "enum", "items", "oneOf", "allOf", "required", "properties",
    "additionalProperties", "$ref",
)  # fmt: skip
_ZEROS: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}
_ONE_OF = {_QUANTITY: ("string", "number"), _INT_OR_STRING: ("integer", "string")}

#: Types with a JSON form of their own: Go feeds them null, so they have no default.
_WITHOUT_DEFAULT = (
    _QUANTITY, _INT_OR_STRING, "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
)  # fmt: skip


def v2_definition(
    definition: Mapping[str, Any], fields: Mapping[str, Any], enums: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """OpenAPI v2. `fields` are the struct's GoFields by JSON name."""
    found = _plain(definition)
    for key, schema in found.get("properties", {}).items():
        schema.pop("enum", None)  # kubernetes-validate pins kind and apiVersion
        enum = fields[key].enum
        if enum:
            _add_enum(schema, enums[enum], "\n\n\n" if fields[key].blank else "\n\n")
    return _ordered(found)


def v3_definition(name: str, definition: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAPI v3 of a v2 definition: references in `allOf`, defaults, unions."""
    found = _rebased(definition)
    if name in _ONE_OF:
        found["oneOf"] = [{"type": kind} for kind in _ONE_OF[name]]
        del found["type"]
    for key, schema in found.get("properties", {}).items():
        default = _default(schema, fields[key])
        if default is not None:
            schema["default"] = default
        if "$ref" in schema and len(schema) > 1:  # what stands beside a $ref would be ignored
            schema["allOf"] = [{"$ref": schema.pop("$ref")}]
    if "properties" in found:
        found["properties"] = {key: _ordered(schema) for key, schema in found["properties"].items()}
    return _ordered(found)


def _default(schema: Mapping[str, Any], field: Any) -> Any:
    """The declared default, or the zero value that Go writes for what has no `omitempty`."""
    if field.default is not None:
        return field.default
    if field.go_type.startswith("*"):
        return None
    if "$ref" in schema:
        target = schema["$ref"].removeprefix(_SCHEMAS)
        return None if target.startswith(_WITHOUT_DEFAULT) else {}
    if field.omit or schema.get("format") == "byte":
        return None
    return _ZEROS.get(schema["type"])


def _add_enum(schema: dict[str, Any], values: Mapping[str, str], gap: str) -> None:
    inner = schema.get("items") or schema.get("additionalProperties")
    (inner or schema)["enum"] = sorted(values)
    if inner is None:
        lines = sorted(f' - `"{value}"` {said}'.rstrip() for value, said in values.items())
        text = "\n".join(["Possible enum values:", *lines])
        schema["description"] = f"{schema['description']}{gap}{text}" if schema.get("description") else text


def _plain(value: Any) -> Any:
    """A copy without kubernetes-validate's nulls, references to "#/definitions"."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    found = {key: _plain(v) for key, v in value.items()}
    if isinstance(found.get("type"), list):
        found["type"] = next(t for t in found["type"] if t != "null")
    if isinstance(found.get("$ref"), str):
        found["$ref"] = _DEFINITIONS + found["$ref"].rpartition("/")[2]
    return found


def _rebased(value: Any) -> Any:
    """A copy with references to "#/components/schemas"."""
    if isinstance(value, list):
        return [_rebased(v) for v in value]
    if not isinstance(value, dict):
        return value
    return {
        key: v.replace(_DEFINITIONS, _SCHEMAS) if key == "$ref" and isinstance(v, str) else _rebased(v)
        for key, v in value.items()
    }


def _ordered(schema: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: schema[key] for key in _KEYS if key in schema}
    for key in ("properties", "items", "additionalProperties"):
        if key == "properties" and key in known:
            known[key] = {name: _ordered(s) for name, s in sorted(known[key].items())}
        elif isinstance(known.get(key), dict):
            known[key] = _ordered(known[key])
    return known | {key: schema[key] for key in sorted(schema) if key not in known}

