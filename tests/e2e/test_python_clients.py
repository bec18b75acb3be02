"""The public Python clients against a real server."""

import base64
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client, config, dynamic, watch

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl

POD_TEMPLATE = {
    "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]},
}
SELECTED = {"selector": {"matchLabels": {"a": "b"}}, "template": POD_TEMPLATE}

TEN_KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("v1", "ConfigMap", {"data": {"k": "v"}}),
    ("v1", "Secret", {"data": {"k": base64.b64encode(b"v").decode()}}),
    ("v1", "ServiceAccount", {}),
    ("v1", "Pod", {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}),
    ("v1", "Service", {"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}),
    ("apps/v1", "Deployment", {"spec": SELECTED}),
    ("apps/v1", "StatefulSet", {"spec": {**SELECTED, "serviceName": "s"}}),
    ("batch/v1", "Job", {"spec": {"template": {"spec": {**POD_TEMPLATE["spec"], "restartPolicy": "Never"}}}}),
    ("networking.k8s.io/v1", "NetworkPolicy", {"spec": {"podSelector": {}}}),
    ("rbac.authorization.k8s.io/v1", "Role", {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }),
]


@pytest.fixture(scope="module")
def api(server: TestServer) -> Iterator[client.ApiClient]:
    made = config.new_client_from_config(str(server.kubeconfig))
    with contextlib.closing(made):
        yield made


@pytest.mark.parametrize(("api_version", "kind", "body"), TEN_KINDS, ids=lambda v: v if isinstance(v, str) else "")
def test_kubernetes_client(
    api: client.ApiClient, kubectl: Kubectl, api_version: str, kind: str, body: dict[str, Any], tmp_path: Any
) -> None:
    resource = dynamic.DynamicClient(api, cache_file=str(tmp_path / "discovery")).resources.get(
        api_version=api_version, kind=kind
    )
    namespace = kubectl.namespace
    wanted = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "one"}, **body}
    before = resource.get(namespace=namespace).metadata.resourceVersion
    created = resource.create(body=wanted, namespace=namespace)
    assert created.metadata.uid
    assert "one" in [item.metadata.name for item in resource.get(namespace=namespace).items]
    patched = resource.patch(
        body={"metadata": {"labels": {"x": "y"}}}, name="one", namespace=namespace,
        content_type="application/merge-patch+json",
    )
    assert patched.metadata.labels.x == "y"
    resource.delete(name="one", namespace=namespace)
    seen = []
    for event in resource.watch(namespace=namespace, resource_version=before, timeout=20):
        if event["object"].metadata.name == "one":
            seen.append(event["type"])
        if event["type"] == "DELETED":
            break
    # Pods (grace period) and Jobs (dependents are orphaned by default) are first marked as deleted.
    assert seen == ["ADDED", "MODIFIED", *(["MODIFIED"] if kind in ("Pod", "Job") else []), "DELETED"]


def test_typed_watch_ends_by_itself(api: client.ApiClient, kubectl: Kubectl) -> None:
    core = client.CoreV1Api(api)
    core.create_namespaced_config_map(kubectl.namespace, {"metadata": {"name": "typed"}, "data": {"a": "b"}})
    names = [
        event["object"].metadata.name
        for event in watch.Watch().stream(core.list_namespaced_config_map, kubectl.namespace, timeout_seconds=1)
    ]
    assert "typed" in names


def test_errors_carry_the_status(api: client.ApiClient, new_kubectl: Callable[[], Kubectl]) -> None:
    with pytest.raises(client.ApiException) as caught:
        client.CoreV1Api(api).read_namespaced_pod("absent", new_kubectl().namespace)
    assert caught.value.status == 404
    assert 'pods \\"absent\\" not found' in caught.value.body
