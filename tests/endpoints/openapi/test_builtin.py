import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pilothouse.controlplane.served import served_groups
from pilothouse.endpoints.openapi.builtin import BuiltinDocuments
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.groups import build
from pilothouse.registry.kinds import resources_of


@pytest.fixture(scope="module")
def documents() -> BuiltinDocuments:
    return BuiltinDocuments(resources_of(served_groups(build(Dependencies()), {})))


@pytest.fixture(scope="module")
def v2(documents: BuiltinDocuments) -> Any:
    return json.loads(json.dumps(documents.v2()))


def test_every_v3_document_is_byte_for_byte_that_of_kube_apiserver_1_36_2(documents: BuiltinDocuments) -> None:
    expected = json.loads((Path(__file__).parent / "hashes.json").read_text())
    got = {key: hashlib.sha512(text).hexdigest().upper() for key, text in documents.v3().items()}
    assert got.keys() == expected.keys()
    assert [key for key in got if got[key] != expected[key]] == []


def test_v2_holds_all_paths_and_only_the_definitions_they_need(v2: Any) -> None:
    assert (v2["swagger"], v2["info"]) == ("2.0", {"title": "Kubernetes", "version": "1.36"})
    assert len(v2["paths"]) == 408
    assert len(v2["definitions"]) == 584
    assert "io.k8s.api.core.v1.Pod" in v2["definitions"]
    assert "io.k8s.api.resource.v1beta1.Device" not in v2["definitions"]


def test_v2_shares_parameters_under_upstreams_names(v2: Any) -> None:
    assert len(v2["parameters"]) == 47
    assert {"pretty-tJGM1-ng", "namespace-vgWSWtn3", "body-2Y1dVQaQ"} <= v2["parameters"].keys()
    operation = v2["paths"]["/api/v1/namespaces/{namespace}/configmaps"]["post"]
    names = [parameter.get("name") for parameter in operation["parameters"]]
    assert names == ["body", "dryRun", None, "fieldValidation"]


def test_v2_operations(v2: Any) -> None:
    pods = v2["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]
    assert pods["delete"]["operationId"] == "deleteCoreV1NamespacedPod"
    assert pods["delete"]["responses"]["200"]["schema"] == {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}
    log = v2["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/log"]["get"]
    assert log["produces"][0] == "text/plain"
    assert v2["paths"]["/apis/"]["get"]["operationId"] == "getAPIVersions"
    assert v2["paths"]["/apis/apps/v1/deployments"]["get"]["tags"] == ["apps_v1"]
    assert set(v2["paths"]["/api/v1/nodes/{name}/proxy/{path}"]) == {
        "delete", "get", "head", "options", "parameters", "patch", "post", "put",
    }  # fmt: skip
