"""OpenAPI v3 documents, one for each group version (upstream: kube-openapi pkg/builder3)."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.endpoints.openapi.model import Operation, Parameter, PathItem
from pilothouse.endpoints.openapi.references import needed

_GVKS = "x-kubernetes-group-version-kind"
_CROSS_REGISTERED = ("DeleteOptions", "WatchEvent")
_SECURITY = {
    "BearerToken": {
        "type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header",
    },
}  # fmt: skip


def document(
    paths: Iterable[PathItem], schemas: Mapping[str, Any], info: Mapping[str, str], scope: GroupVersion | None = None,
    *, always: Iterable[str] = (), secured: bool = True,
) -> bytes:
    """The document of `paths` with the schemas that they need, and those named in `always`. With `scope`, the kinds
    that upstream registers in every group version are told for that group version (and the core's) only."""
    items = {item.path: _path_item(item) for item in sorted(paths, key=lambda item: item.path)}
    components: dict[str, Any] = {"securitySchemes": _SECURITY} if secured else {}
    found = needed(orjson.dumps((items, [_reference(name) for name in always])), schemas)
    if found:
        components = {"schemas": {name: _scoped(schema, scope) for name, schema in found.items()}} | components
    return escape(orjson.dumps({"openapi": "3.0.0", "info": info, "paths": items, "components": components}))


def _scoped(schema: dict[str, Any], scope: GroupVersion | None) -> dict[str, Any]:
    gvks = schema.get(_GVKS, ())
    if scope is None or len(gvks) < 2 or gvks[0]["kind"] not in _CROSS_REGISTERED:
        return schema
    wanted = (GroupVersion("", "v1"), scope)
    kept = [gvk for gvk in gvks if (gvk["group"], gvk["version"]) in wanted]
    return schema | {_GVKS: kept}


def _path_item(item: PathItem) -> dict[str, Any]:
    common = item.common()
    found: dict[str, Any] = {}
    for method in ("get", "put", "post", "delete", "options", "head", "patch"):
        for operation in item.operations:
            if operation.method == method:
                found[method] = _operation(operation, common)
    if common:
        found["parameters"] = [_parameter(parameter) for parameter in common.values()]
    return found


def _operation(operation: Operation, common: Mapping[tuple[str, str], Parameter]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "tags": [operation.tag], "description": operation.description, "operationId": operation.id,
    }  # fmt: skip
    parameters = [_parameter(p) for p in operation.parameters if p.key not in common]
    if parameters:
        found["parameters"] = parameters
    if operation.body:
        schema = {"schema": _reference(operation.body.type)}
        found["requestBody"] = {"content": dict.fromkeys(sorted(operation.consumes), schema)}
        if operation.body.required:
            found["requestBody"]["required"] = True
    answer = {"schema": _reference(operation.answer) if operation.answer else {"type": "string"}}
    content = dict.fromkeys(sorted(operation.produces), answer)
    found["responses"] = {str(code): {"description": text, "content": content} for code, text in operation.codes}
    found["responses"]["401"] = {"description": "Unauthorized"}
    return found | operation.extensions


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": parameter.name, "in": parameter.place, "description": parameter.description,
    }  # fmt: skip
    if parameter.place == "path":
        found["required"] = True
    found["schema"] = {"type": parameter.type, "uniqueItems": True}
    return found
