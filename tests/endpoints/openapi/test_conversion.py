from typing import Any

import pytest

from pilothouse.endpoints.openapi.conversion import to_v3
from pilothouse.endpoints.openapi.filter import below

V2: dict[str, Any] = {
    "swagger": "2.0", "info": {"title": "t", "version": "1"},
    "parameters": {"pretty": {"name": "pretty", "in": "query", "type": "string", "uniqueItems": True}},
    "paths": {
        "/a/1": {
            "parameters": [{"$ref": "#/parameters/pretty"}],
            "post": {
                "operationId": "make", "consumes": ["application/json"], "produces": ["application/json"],
                "parameters": [{"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/A"}}],
                "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/A"}}, "401": {}},
                "x-kubernetes-action": "post",
            },
        },
        "/b/1": {"get": {"responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/B"}}}}},
    },
    "definitions": {
        "A": {"properties": {
            "c": {"description": "see", "$ref": "#/definitions/C"}, "l": {"items": {"$ref": "#/definitions/C"}},
        }},
        "B": {"type": "object"}, "C": {"additionalProperties": {"type": "string"}}, "Unused": {"type": "string"},
    },
}  # fmt: skip


def test_version_2_as_version_3() -> None:
    found = to_v3(V2)
    assert (found["openapi"], found["info"]) == ("3.0.0", V2["info"])
    reference = {"schema": {"$ref": "#/components/schemas/A"}}
    assert found["paths"]["/a/1"] == {
        "parameters": [{"name": "pretty", "in": "query", "schema": {"type": "string", "uniqueItems": True}}],
        "post": {
            "operationId": "make", "x-kubernetes-action": "post",
            "requestBody": {"content": {"application/json": reference}, "required": True},
            "responses": {
                "200": {"description": "OK", "content": {"application/json": reference}}, "401": {"description": ""},
            },
        },
    }  # fmt: skip
    assert found["components"]["schemas"]["A"]["properties"] == {
        "c": {"description": "see", "allOf": [{"$ref": "#/components/schemas/C"}]},
        "l": {"items": {"$ref": "#/components/schemas/C"}},
    }


def test_only_what_some_paths_need() -> None:
    found = below(V2, "/a/")
    assert list(found["paths"]) == ["/a/1"]
    assert list(found["definitions"]) == ["A", "C", "Unused"]


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize("document", [
    {"paths": ["x"]}, {"paths": {"/": 1}}, {"paths": {"/": {"get": []}}}, {"definitions": {"A": "x"}},
    {"paths": {"/": {"parameters": [{"$ref": "#/parameters/none"}]}}}, {"definitions": {"A": nested(2000)}},
])
def test_what_is_no_document_is_refused(document: Any) -> None:
    with pytest.raises(ValueError):
        to_v3(document)
