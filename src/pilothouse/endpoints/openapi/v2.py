"""The OpenAPI v2 document (upstream: kube-openapi pkg/builder)."""

import base64
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.endpoints.openapi.model import Operation, Parameter, PathItem
from pilothouse.endpoints.openapi.references import needed

_SECURITY = {
    "BearerToken": {
        "description": "Bearer Token authentication", "type": "apiKey", "name": "authorization", "in": "header",
    },
}  # fmt: skip
#: Kept where they are: clients look for them there to learn what the server can do.
_NEVER_SHARED = ("name", "fieldValidation", "dryRun")


def document(paths: Iterable[PathItem], definitions: Mapping[str, Any], info: Mapping[str, str]) -> dict[str, Any]:
    """The one document of all `paths`, with the definitions that they need; ready to be encoded."""
    shared = _SharedParameters()
    items = {item.path: _path_item(item, shared) for item in sorted(paths, key=lambda item: item.path)}
    return {
        "swagger": "2.0", "info": info, "paths": items,
        "definitions": needed(orjson.dumps((items, shared.parameters)), definitions),
        "parameters": dict(sorted(shared.parameters.items())), "securityDefinitions": _SECURITY,
        "security": [{"BearerToken": []}],
    }  # fmt: skip


class _SharedParameters:
    """Parameters that many operations have, written once and referred to. Their names end with a hash of their
    JSON (upstream: builder/parameters.go)."""

    def __init__(self) -> None:
        self.parameters: dict[str, dict[str, Any]] = {}
        self._names: dict[bytes, str] = {}

    def refer(self, parameter: dict[str, Any]) -> dict[str, Any]:
        """`parameter`, or a reference to it."""
        name = parameter["name"]
        own_body = not parameter.get("schema", {}).get("$ref", "#/definitions/io.k8s.apimachinery").startswith(
            "#/definitions/io.k8s.apimachinery"
        )
        if own_body or (name in _NEVER_SHARED and parameter["in"] != "body"):
            return parameter
        text = escape(orjson.dumps(parameter))
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = f"{name}-{_hash(text)}"
            self.parameters[known] = parameter
        return {"$ref": f"#/parameters/{known}"}


@lru_cache(maxsize=1024)
def _hash(text: bytes) -> str:
    """The first 8 characters of base64 of FNV-1. Remembered: all custom resources have the same parameters."""
    value = 0xCBF29CE484222325
    for byte in text:
        value = (value * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF) ^ byte
    return base64.urlsafe_b64encode(value.to_bytes(8)[:6]).decode()


def _path_item(item: PathItem, shared: _SharedParameters) -> dict[str, Any]:
    common = item.common()
    found: dict[str, Any] = {}
    for method in ("get", "put", "post", "delete", "options", "head", "patch"):
        for operation in item.operations:
            if operation.method == method:
                found[method] = _operation(operation, common, shared)
    if common:
        found["parameters"] = [shared.refer(_parameter(parameter)) for parameter in common.values()]
    return found


def _operation(
    operation: Operation, common: Mapping[tuple[str, str], Parameter], shared: _SharedParameters
) -> dict[str, Any]:
    found: dict[str, Any] = {"description": operation.description}
    if operation.consumes:
        found["consumes"] = operation.consumes
    found |= {
        "produces": operation.produces, "schemes": ["https"], "tags": [operation.tag], "operationId": operation.id,
    }  # fmt: skip
    parameters = [_parameter(p) for p in operation.parameters if p.key not in common]
    if operation.body:
        body: dict[str, Any] = {"name": "body", "in": "body"}
        if operation.body.required:
            body["required"] = True
        parameters.append(body | {"schema": _reference(operation.body.type)})
    if parameters:
        parameters.sort(key=lambda p: (p["name"], p["in"]))
        found["parameters"] = [shared.refer(parameter) for parameter in parameters]
    answer = _reference(operation.answer) if operation.answer else {"type": "string"}
    found["responses"] = {str(code): {"description": text, "schema": answer} for code, text in operation.codes}
    found["responses"]["401"] = {"description": "Unauthorized"}
    return found | {
        key: dict(sorted(value.items())) if isinstance(value, dict) else value
        for key, value in operation.extensions.items()
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uniqueItems": True, "type": parameter.type, "description": parameter.description, "name": parameter.name,
        "in": parameter.place,
    }  # fmt: skip
    if parameter.place == "path":
        found["required"] = True
    return found
