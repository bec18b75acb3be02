"""An OpenAPI v2 document as version 3, as far as that goes (upstream: kube-openapi pkg/openapiconv)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_V2, _V3 = "#/definitions/", "#/components/schemas/"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

Object = dict[str, Any]


def to_v3(document: Mapping[str, Any]) -> Object:
    """Raises ValueError for a document whose parts have other types than theirs, or that is nested too deeply."""
    try:
        shared = document.get("parameters") or {}
        components: Object = {
            "schemas": {name: _schema(schema) for name, schema in (document.get("definitions") or {}).items()},
        }
        if document.get("securityDefinitions"):
            components["securitySchemes"] = document["securityDefinitions"]
        return {
            "openapi": "3.0.0", "info": document.get("info") or {},
            "paths": {path: _path_item(item, shared) for path, item in (document.get("paths") or {}).items()},
            "components": components,
        }
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no OpenAPI v2 document: {error}") from None


def _path_item(item: Mapping[str, Any], shared: Mapping[str, Any]) -> Object:
    found: Object = {key: value for key, value in item.items() if key.startswith("x-")}
    found |= {method: _operation(item[method], shared) for method in _METHODS if method in item}
    if item.get("parameters"):
        found["parameters"] = [_parameter(_resolved(p, shared)) for p in item["parameters"]]
    return found


def _operation(operation: Mapping[str, Any], shared: Mapping[str, Any]) -> Object:
    kept = ("tags", "summary", "description", "externalDocs", "operationId", "deprecated")
    found = {key: value for key, value in operation.items() if key in kept or key.startswith("x-")}
    parameters = []
    for parameter in (_resolved(p, shared) for p in operation.get("parameters") or ()):
        if parameter.get("in") == "body" and "schema" in parameter:
            schema = {"schema": _schema(parameter["schema"])}
            found["requestBody"] = {"content": dict.fromkeys(operation.get("consumes") or (), schema)}
            if parameter.get("required"):
                found["requestBody"]["required"] = True
        else:
            parameters.append(_parameter(parameter))
    if parameters:
        found["parameters"] = parameters
    produces = operation.get("produces") or ()
    found["responses"] = {code: _response(r, produces) for code, r in (operation.get("responses") or {}).items()}
    return found


def _response(response: Mapping[str, Any], produces: Any) -> Object:
    found: Object = {"description": response.get("description", "")}
    if "schema" in response:
        schema = {"schema": _schema(response["schema"])}
        found["content"] = dict.fromkeys(produces, schema)
    return found


def _resolved(parameter: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """Shared parameters are written out: upstream leaves references that lead nowhere."""
    reference = parameter.get("$ref")
    if not isinstance(reference, str):
        return parameter
    found: Mapping[str, Any] = shared[reference.rpartition("/")[2]]
    return found


def _parameter(parameter: Mapping[str, Any]) -> Object:
    kept = ("name", "in", "description", "required", "allowEmptyValue")
    found = {key: value for key, value in parameter.items() if key in kept or key.startswith("x-")}
    if "schema" in parameter:
        return found | {"schema": _schema(parameter["schema"])}
    return found | {"schema": {key: parameter[key] for key in ("type", "format", "uniqueItems") if key in parameter}}


def _schema(schema: Mapping[str, Any]) -> Object:
    found: Object = {}
    for key, value in schema.items():
        if key == "properties":
            found[key] = {name: _schema(property) for name, property in value.items()}
        elif key == "allOf":
            found[key] = [_schema(item) for item in value]
        elif key == "items":
            found[key] = [_schema(item) for item in value] if isinstance(value, list) else _schema(value)
        elif key == "additionalProperties" and isinstance(value, dict):
            found[key] = _schema(value)
        else:
            found[key] = value
    reference = found.get("$ref")
    if isinstance(reference, str):
        found["$ref"] = reference.replace(_V2, _V3)
        if len(found) > 1:
            # In version 3 nothing may stand beside a reference.
            found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found
