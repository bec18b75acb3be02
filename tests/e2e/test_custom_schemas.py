"""What the schema of a definition does to its resources, as kubectl shows it."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Kubectl

GROUP = f"g{uuid.uuid4().hex[:6]}.example.com"
PLURAL = f"gadgets.{GROUP}"
OPEN = {"x-kubernetes-preserve-unknown-fields": True}
PORT = {"type": "object", "required": ["port"], "properties": {
    "port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "note": {"type": "string"}}}
SPEC = {"type": "object", "description": "What the gadget should be.", "properties": {
    "size": {"type": "integer", "description": "how big"}, "color": {"type": "string", "default": "red"},
    "ports": {"type": "array", "items": PORT, "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": ["port", "protocol"]},
    "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
    "either": {"x-kubernetes-int-or-string": True}, "free": {"type": "object", **OPEN},
    "template": {"type": "object", "x-kubernetes-embedded-resource": True, **OPEN},
    "maybe": {"type": "string", "nullable": True}}}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": PLURAL},
    "spec": {"group": GROUP, "scope": "Namespaced", "names": {"plural": "gadgets", "kind": "Gadget"}, "versions": [{
        "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": SPEC, "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}},
        "additionalPrinterColumns": [
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
            {"name": "TCP", "type": "string", "jsonPath": ".spec.ports[?(@.protocol=='TCP')].port"},
            {"name": "Free", "type": "string", "jsonPath": ".spec.free", "priority": 1},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
    }]},
}


@pytest.fixture(scope="module", autouse=True)
def definition(new_kubectl: Callable[[], Kubectl]) -> Iterator[None]:
    kubectl = new_kubectl()
    kubectl("create", "-f", "-", stdin=json.dumps(DEFINITION))
    kubectl("wait", "--for=condition=Established", f"crd/{PLURAL}", "--timeout=20s")
    yield
    kubectl("delete", "crd", PLURAL)


def _gadget(spec: Any, name: str = "g", **more: Any) -> str:
    return json.dumps({"apiVersion": f"{GROUP}/v1", "kind": "Gadget", "metadata": {"name": name}, "spec": spec, **more})


def test_explain(kubectl: Kubectl) -> None:
    text = kubectl("explain", PLURAL, "--recursive")
    assert "KIND:       Gadget" in text
    for line in ("size\t<integer>", "ports\t<[]Object>", "template\t<Object>", "managedFields\t<[]ManagedFieldsEntry>"):
        assert line in text
    assert "how big" in kubectl("explain", f"{PLURAL}.spec.size")
    assert "What the gadget should be." in kubectl("explain", f"{PLURAL}.spec")
    assert "port\t<integer> -required-" in kubectl("explain", f"{PLURAL}.spec.ports")


def test_the_documents(kubectl: Kubectl) -> None:
    name = ".".join(reversed(GROUP.split("."))) + ".v1.Gadget"
    v3 = json.loads(kubectl("get", "--raw", f"/openapi/v3/apis/{GROUP}/v1"))
    assert v3["components"]["schemas"][name]["properties"]["spec"]["properties"]["either"]["anyOf"]
    v2 = json.loads(kubectl("get", "--raw", "/openapi/v2"))
    assert "anyOf" not in v2["definitions"][name]["properties"]["spec"]["properties"]["either"]
    assert f"/apis/{GROUP}/v1/namespaces/{{namespace}}/gadgets/{{name}}/status" in v2["paths"]


def test_pruning_and_defaulting(kubectl: Kubectl) -> None:
    wrong = _gadget({"size": 1, "zzz": 1, "ports": [{"port": 1, "q": 2}], "template": {"metadata": {"bad": 1}}})
    refused = kubectl.fails("create", "-f", "-", stdin=wrong)
    for path in ("spec.zzz", "spec.ports[0].q"):
        assert f'unknown field "{path}"' in refused
    done = kubectl.run("create", "--validate=warn", "-f", "-", stdin=_gadget(
        {"size": 1, "zzz": 1, "ports": [{"port": 1}], "maybe": None, "color": None, "free": {"x": [1]},
         "template": {"apiVersion": "v1", "kind": "P", "metadata": {"name": "n", "bad": 1}, "more": 1}}))
    assert done.returncode == 0, done.stderr
    assert 'Warning: unknown field "spec.zzz"' in done.stderr
    assert 'unknown field "spec.template.metadata.bad"' in done.stderr
    assert kubectl.json("get", PLURAL, "g")["spec"] == {
        "size": 1, "ports": [{"port": 1, "protocol": "TCP"}], "maybe": None, "color": "red", "free": {"x": [1]},
        "template": {"apiVersion": "v1", "kind": "P", "metadata": {"name": "n"}, "more": 1},
    }


def test_columns(kubectl: Kubectl) -> None:
    spec = {"size": 3, "ports": [{"port": 1, "protocol": "UDP"}, {"port": 2}], "free": {"b": 1, "a": "<"}}
    kubectl("create", "-f", "-", stdin=_gadget(spec))
    kubectl("create", "-f", "-", stdin=_gadget({}, "empty"))
    head, empty, row = kubectl("get", PLURAL, "-o", "wide", "--sort-by=.metadata.name").splitlines()
    assert head.split() == ["NAME", "SIZE", "TCP", "FREE", "AGE"]
    assert row.split()[:4] == ["g", "3", "2", '{"a":"\\u003c","b":1}']
    assert empty.split()[0] == "empty"


def test_apply_merges_as_the_schema_says(kubectl: Kubectl) -> None:
    def apply(manager: str, spec: Any, *more: str) -> Any:
        return kubectl.run(
            "apply", "--server-side", f"--field-manager={manager}", "-f", "-", *more, stdin=_gadget(spec))

    assert apply("one", {"ports": [{"port": 1}], "tags": ["a"], "free": {"x": 1}, "size": 1}).returncode == 0
    assert apply("two", {"ports": [{"port": 2}], "tags": ["b"], "free": {"y": 1}}).returncode == 0
    spec = kubectl.json("get", PLURAL, "g")["spec"]
    assert [p["port"] for p in spec["ports"]] == [1, 2]
    assert (spec["tags"], spec["free"]) == (["a", "b"], {"x": 1, "y": 1})
    conflict = apply("two", {"size": 2})
    assert conflict.returncode != 0 and '.spec.size' in conflict.stderr
    assert apply("two", {"size": 2}, "--force-conflicts").returncode == 0
    assert apply("one", {"ports": [{"port": 1, "protocol": "TCP"}]}).returncode == 0
    spec = kubectl.json("get", PLURAL, "g")["spec"]
    assert spec == {"size": 2, "color": "red", "ports": [{"port": 1, "protocol": "TCP"}]}


def test_client_side_apply(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=_gadget({"size": 1, "tags": ["a"]}))
    assert "configured" in kubectl("apply", "-f", "-", stdin=_gadget({"size": 2}))
    assert kubectl.json("get", PLURAL, "g")["spec"] == {"size": 2, "color": "red"}
    repeated = kubectl.fails("apply", "-f", "-", stdin=_gadget({"tags": ["a", "a"]}))
    assert 'spec.tags[1]: Duplicate value: "a"' in repeated
