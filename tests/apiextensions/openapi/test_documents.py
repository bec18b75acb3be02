"""Whole documents of custom resources."""

from typing import Any

import orjson
import pytest

from pilothouse.apiextensions.openapi.documents import is_structural, v2_document, v3_document

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
ROOT = "/apis/bar.example.com/v1"


def _definition(scope: str = "Namespaced", plural: str = "foos", kind: str = "Foo", **more: Any) -> dict[str, Any]:
    version = {"name": "v1", "served": True, "schema": {"openAPIV3Schema": {
        "type": "object", "properties": {"spec": {"type": "string"}}}}, **more}
    names = {"plural": plural, "kind": kind, "listKind": f"{kind}List"}
    old = {**version, "name": "v1beta1", "served": False}
    return {"spec": {"group": "bar.example.com", "scope": scope, "names": names, "versions": [version, old]}}


SUBRESOURCES = {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}}


def _v3(*definitions: Any) -> Any:
    return orjson.loads(v3_document((d, "v1") for d in definitions))


def _operations(document: Any) -> dict[str, list[str]]:
    return {
        path: [method for method in item if method != "parameters"]
        for path, item in document["paths"].items()
    }


@pytest.mark.parametrize(("scope", "paths"), [
    ("Cluster", {
        f"{ROOT}/foos": ["get", "post", "delete"],
        f"{ROOT}/foos/{{name}}": ["get", "put", "delete", "patch"],
        f"{ROOT}/foos/{{name}}/scale": ["get", "put", "patch"],
        f"{ROOT}/foos/{{name}}/status": ["get", "put", "patch"],
    }),
    ("Namespaced", {
        f"{ROOT}/foos": ["get"],
        f"{ROOT}/namespaces/{{namespace}}/foos": ["get", "post", "delete"],
        f"{ROOT}/namespaces/{{namespace}}/foos/{{name}}": ["get", "put", "delete", "patch"],
        f"{ROOT}/namespaces/{{namespace}}/foos/{{name}}/scale": ["get", "put", "patch"],
        f"{ROOT}/namespaces/{{namespace}}/foos/{{name}}/status": ["get", "put", "patch"],
    }),
])
def test_paths(scope: str, paths: dict[str, list[str]]) -> None:
    definition = _definition(scope, subresources=SUBRESOURCES)
    assert _operations(_v3(definition)) == paths
    assert _operations(v2_document(definition)) == paths
    assert len(_operations(_v3(_definition(scope)))) == len(paths) - 2


def test_an_operation_of_the_v3_document() -> None:
    document = _v3(_definition(subresources=SUBRESOURCES))
    item = document["paths"][f"{ROOT}/namespaces/{{namespace}}/foos/{{name}}/scale"]
    assert [p["name"] for p in item["parameters"]] == ["name", "namespace", "pretty"]
    patch = item["patch"]
    assert patch["operationId"] == "patchBarExampleComV1NamespacedFooScale"
    assert patch["description"] == "partially update scale of the specified Foo"
    assert patch["tags"] == ["barExampleCom_v1"]
    assert sorted(patch["requestBody"]["content"]) == [
        "application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
    ]
    assert sorted(patch["responses"]) == ["200", "401"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "bar.example.com", "version": "v1", "kind": "Foo"}
    assert [p["name"] for p in item["get"]["parameters"]] == ["resourceVersion"]


def test_the_v3_document_of_several_definitions() -> None:
    document = _v3(_definition(), _definition("Cluster", "bars", "Bar"))
    assert {f"{ROOT}/bars", f"{ROOT}/foos"} <= document["paths"].keys()
    schemas = document["components"]["schemas"]
    assert {"com.example.bar.v1.Foo", "com.example.bar.v1.FooList", "com.example.bar.v1.BarList"} <= schemas.keys()
    assert f"{META}ObjectMeta" in schemas and "io.k8s.api.autoscaling.v1.Scale" not in schemas
    assert list(document["components"]) == ["schemas"]
    assert document["info"] == {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}


def test_built_in_definitions_are_those_of_client_go() -> None:
    schemas = _v3(_definition(schema=None))["components"]["schemas"]
    groups = {kind["group"] for kind in schemas[f"{META}DeleteOptions"]["x-kubernetes-group-version-kind"]}
    assert "apps" in groups and "apiextensions.k8s.io" not in groups
    assert f"{META}ObjectMeta" in schemas
    assert schemas["com.example.bar.v1.Foo"].keys() == {"type", "x-kubernetes-group-version-kind"}


def test_the_v2_document_has_served_versions_only() -> None:
    document = v2_document(_definition())
    assert "com.example.bar.v1.Foo" in document["definitions"]
    assert not any("v1beta1" in path for path in document["paths"])
    create = document["paths"][f"{ROOT}/namespaces/{{namespace}}/foos"]["post"]
    assert list(create["consumes"]) == list(create["produces"]) == ["application/json", "application/yaml"]


def test_schemas_that_are_not_structural_are_told_by_a_condition() -> None:
    assert is_structural({})
    assert is_structural({"status": {"conditions": [{"type": "NonStructuralSchema", "status": "False"}]}})
    assert not is_structural({"status": {"conditions": [{"type": "NonStructuralSchema", "status": "True"}]}})
