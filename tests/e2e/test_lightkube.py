"""lightkube against a real server."""

from collections.abc import Iterator
from typing import Any

import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Secret
from lightkube.types import CascadeType, PatchType

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl

LABELS = {"app": "web"}
META = ObjectMeta(name="one", labels=LABELS)
TEMPLATE = PodTemplateSpec(
    metadata=ObjectMeta(labels=LABELS), spec=PodSpec(containers=[Container(name="c", image="nginx")])
)
KINDS: list[Any] = [
    ConfigMap(metadata=META, data={"k": "v"}),
    Secret(metadata=META, stringData={"k": "v"}),
    Deployment(metadata=META, spec=DeploymentSpec(selector=LabelSelector(matchLabels=LABELS), template=TEMPLATE)),
]


@pytest.fixture
def client(server: TestServer, kubectl: Kubectl) -> Iterator[Client]:
    config = KubeConfig.from_file(server.kubeconfig)
    made = Client(config=config, namespace=kubectl.namespace, field_manager="lightkube")
    yield made
    made._client._client.close()


@pytest.mark.parametrize("wanted", KINDS, ids=lambda wanted: type(wanted).__name__)
def test_lightkube(client: Client, wanted: Any) -> None:
    kind = type(wanted)
    created = client.create(wanted)
    assert created.metadata.uid
    assert client.get(kind, "one").metadata.uid == created.metadata.uid
    assert [found.metadata.name for found in client.list(kind, labels=LABELS)] == ["one"]
    patched = client.patch(kind, "one", {"metadata": {"annotations": {"a": "b"}}}, patch_type=PatchType.MERGE)
    assert patched.metadata.annotations["a"] == "b"
    patched.metadata.annotations["a"] = "c"
    assert client.replace(patched).metadata.annotations["a"] == "c"
    with pytest.raises(ApiError, match="the object has been modified"):
        client.replace(patched)
    client.delete(kind, "one", cascade=CascadeType.BACKGROUND)
    seen = []
    for event, found in client.watch(kind, labels=LABELS, resource_version=created.metadata.resourceVersion):
        seen.append((event, (found.metadata.annotations or {}).get("a")))
        if event == "DELETED":
            break
    assert seen == [("MODIFIED", "b"), ("MODIFIED", "c"), ("DELETED", "c")]
    with pytest.raises(ApiError, match='"one" not found'):
        client.get(kind, "one")


def test_lightkube_applies_on_the_server(client: Client) -> None:
    wanted = ConfigMap(metadata=ObjectMeta(name="applied"), data={"k": "v"})
    assert client.apply(wanted).data == {"k": "v"}
    changed = ConfigMap(metadata=ObjectMeta(name="applied"), data={"other": "w"})
    assert client.apply(changed).data == {"other": "w"}
    with pytest.raises(ApiError, match="conflict with"):
        client.apply(ConfigMap(metadata=ObjectMeta(name="applied"), data={"other": "x"}), field_manager="somebody")
