import json
from typing import Any

from pilothouse.endpoints.openapi import gnostic
from pilothouse.endpoints.openapi.merge import Merged, Packed


def document(path: str, **definitions: Any) -> dict[str, Any]:
    """One path that refers to all definitions."""
    answers = {
        str(200 + at): {"description": "OK", "schema": {"$ref": f"#/definitions/{name}"}}
        for at, name in enumerate(definitions)
    }
    return {
        "swagger": "2.0", "info": {"title": path, "version": "1"}, "paths": {path: {"get": {"responses": answers}}},
        "definitions": definitions, "parameters": {"p": {"name": "p", "in": "query", "type": "string"}},
        "security": [{"BearerToken": []}],
    }  # fmt: skip


def merged(*documents: dict[str, Any]) -> dict[str, Any]:
    parts = [Packed(d) for d in documents]
    found: dict[str, Any] = json.loads(b"".join(Merged(p.part() for p in parts).json()))
    for encoded in (False, True):
        if encoded:
            for part in parts:
                part.encode()
        assert b"".join(Merged(p.part(protobuf=True) for p in parts).protobuf()) == gnostic.encode(found)
    return found


def test_the_first_part_gives_the_head_and_paths_are_sorted() -> None:
    found = merged(document("/b", B={"type": "object"}), document("/a", A={"type": "string"}))
    assert found["info"]["title"] == "/b"
    assert list(found) == ["swagger", "info", "paths", "definitions", "parameters", "security"]
    assert list(found["paths"]) == ["/a", "/b"]
    assert list(found["definitions"]) == ["A", "B"]


def test_paths_that_are_there_already_are_left_out_with_what_only_they_need() -> None:
    second = document("/a", A={"type": "string"})
    second["paths"]["/c"] = {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/C"}, "description": ""}}}}
    second["definitions"]["C"] = {"properties": {"d": {"$ref": "#/definitions/D"}}}
    second["definitions"]["D"] = {"type": "integer"}
    found = merged(document("/a", B={"type": "object"}), second)
    assert list(found["paths"]) == ["/a", "/c"]
    assert list(found["definitions"]) == ["B", "C", "D"]
    assert merged(document("/a"), document("/a", X={"type": "string"}))["definitions"] == {}


def test_other_definitions_of_the_same_name_are_renamed_with_all_references() -> None:
    first = document("/1", T={"type": "object"})
    second = document("/2", T={"type": "string"}, U={"items": {"$ref": "#/definitions/T"}})
    third = document("/3", T={"type": "string"})
    fourth = document("/4", T={"type": "integer"}, T_v3={"type": "boolean"})
    found = merged(first, second, third, fourth)
    assert {name: schema.get("type") for name, schema in found["definitions"].items()} == {
        "T": "object", "T_v2": "string", "U": None, "T_v4": "integer", "T_v3": "boolean",
    }
    assert found["definitions"]["U"] == {"items": {"$ref": "#/definitions/T_v2"}}
    references = [
        [answer["schema"]["$ref"].rpartition("/")[2] for answer in item["get"]["responses"].values()]
        for item in found["paths"].values()
    ]
    assert references == [["T"], ["T_v2", "U"], ["T_v2"], ["T_v4", "T_v3"]]


def test_other_parameters_of_the_same_name_are_renamed() -> None:
    first, second = document("/1"), document("/2")
    second["parameters"] = {"p": {"name": "p", "in": "path", "type": "string", "required": True}}
    second["paths"]["/2"]["parameters"] = [{"$ref": "#/parameters/p"}]
    found = merged(first, second)
    assert sorted(found["parameters"]) == ["p", "p_v2"]
    assert found["paths"]["/2"]["parameters"] == [{"$ref": "#/parameters/p_v2"}]


def test_the_kinds_of_equal_definitions_are_joined() -> None:
    def options(*groups: str) -> dict[str, Any]:
        kinds = [{"group": group, "version": "v1", "kind": "Options"} for group in groups]
        return {"type": "object", "x-kubernetes-group-version-kind": kinds}

    found = merged(
        document("/1", Options=options("b")), document("/2", Options=options("a", "b")),
        document("/3", Options={"type": "object"}),
    )
    assert found["definitions"] == {"Options": options("a", "b")}


def test_a_document_without_paths_adds_nothing() -> None:
    assert merged(document("/1"), {"definitions": {"X": {}}})["definitions"] == {}
    assert merged()["swagger"] == "2.0"
