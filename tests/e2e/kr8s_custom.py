"""usage: python kr8s_custom.py KUBECONFIG NAMESPACE GROUP: uses CronTabs through classes that kr8s makes."""

import sys

import kr8s
from kr8s.objects import new_class


def main() -> None:
    kubeconfig, namespace, group = sys.argv[1:]
    api = kr8s.api(kubeconfig=kubeconfig)
    kind = new_class(
        kind="CronTab", plural="crontabs", version=f"{group}/v1", namespaced=True, scalable=True,
        scalable_spec="replicas",
    )
    made = kind({"metadata": {"name": "one", "namespace": namespace}, "spec": {"schedule": "* * * * *"}}, api=api)
    made.create()
    assert made.raw["spec"]["image"] == "busybox"
    made.patch({"spec": {"image": "alpine"}})
    assert made.raw["spec"]["image"] == "alpine"
    made.patch({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, subresource="status")
    made.wait("condition=Ready", timeout=10)
    made.scale(4)
    assert made.replicas == 4
    assert [found.name for found in api.get(f"crontabs.{group}", namespace=namespace)] == ["one"]
    made.delete()
    assert not made.exists()
    print("ok")


if __name__ == "__main__":
    main()
