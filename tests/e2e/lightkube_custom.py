"""usage: python lightkube_custom.py KUBECONFIG NAMESPACE GROUP: uses CronTabs through lightkube's generic resources."""

import sys

from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.types import PatchType


def main() -> None:
    kubeconfig, namespace, group = sys.argv[1:]
    kind = create_namespaced_resource(group, "v1", "CronTab", "crontabs")
    client = Client(config=KubeConfig.from_file(kubeconfig), namespace=namespace, field_manager="lightkube")
    made = client.create(kind(metadata=ObjectMeta(name="one", labels={"a": "b"}), spec={"schedule": "* * * * *"}))
    assert made.spec["replicas"] == 1
    made.spec["schedule"] = "0 * * * *"
    made = client.replace(made)
    assert client.get(kind, "one").spec["schedule"] == "0 * * * *"
    assert [found.metadata.name for found in client.list(kind, labels={"a": "b"})] == ["one"]
    patched = client.patch(kind, "one", {"spec": {"image": "alpine"}}, patch_type=PatchType.MERGE)
    assert patched.spec["image"] == "alpine"
    client.patch(kind.Status, "one", {"status": {"replicas": 2}}, patch_type=PatchType.MERGE)
    assert client.get(kind, "one").status["replicas"] == 2
    scale = client.get(kind.Scale, "one")
    scale.spec.replicas = 3
    assert client.replace(scale, "one").spec.replicas == 3
    applied = client.apply(kind(metadata=ObjectMeta(name="two"), spec={"schedule": "1 * * * *"}))
    assert applied.spec["image"] == "busybox"
    try:
        client.create(kind(metadata=ObjectMeta(name="bad"), spec={"schedule": "no"}))
    except ApiError as error:
        assert error.status.code == 422
    else:
        raise AssertionError("the schedule was taken")
    client.deletecollection(kind)
    events = []
    for event, found in client.watch(kind, resource_version=made.metadata.resourceVersion):
        events.append((event, found.metadata.name))
        if event == "DELETED" and found.metadata.name == "two":
            break
    assert ("DELETED", "one") in events
    client._client._client.close()
    print("ok")


if __name__ == "__main__":
    main()
