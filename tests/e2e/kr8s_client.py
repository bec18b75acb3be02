"""usage: python kr8s_client.py KUBECONFIG NAMESPACE: uses kr8s as people do; ends with an error when something is off.

A program of its own, since kr8s never closes the connections of its background thread.
"""

import contextlib
import sys
from typing import Any

import kr8s
from kr8s.objects import ConfigMap, Deployment, Service

LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
KINDS: list[tuple[Any, dict[str, Any]]] = [
    (ConfigMap, {"data": {"k": "v"}}),
    (Service, {"spec": {"selector": LABELS, "ports": [{"port": 80}]}}),
    (Deployment, {"spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}}),
]


def whole_life(api: Any, namespace: str, kind: Any, body: dict[str, Any]) -> None:
    made = kind({"metadata": {"name": "one", "namespace": namespace, "labels": LABELS}, **body}, api=api)
    made.create()
    assert made.metadata.uid
    assert made.exists()
    assert [found.name for found in kind.list(namespace=namespace, label_selector=LABELS, api=api)] == ["one"]
    assert kind.get("one", namespace=namespace, api=api).metadata.uid == made.metadata.uid
    made.patch({"metadata": {"annotations": {"a": "b"}}})
    assert made.annotations["a"] == "b"
    made.label(tier="front")
    assert made.labels == {**LABELS, "tier": "front"}
    with contextlib.closing(api.watch(made.endpoint, namespace=namespace, label_selector=LABELS)) as events:
        event, found = next(events)
        assert (event, found.name) == ("ADDED", "one")
        made.delete()
        while event != "DELETED":
            event, found = next(events)
    assert not made.exists()


def scaling(api: Any, namespace: str) -> None:
    made = Deployment({"metadata": {"name": "web", "namespace": namespace}, **KINDS[2][1]}, api=api)
    made.create()
    assert made.raw["spec"]["replicas"] == 1
    made.patch({"spec": {"replicas": 4}}, subresource="scale")
    made.refresh()
    assert made.replicas == 4


def main() -> None:
    kubeconfig, namespace = sys.argv[1:]
    api = kr8s.api(kubeconfig=kubeconfig)
    for kind, body in KINDS:
        whole_life(api, namespace, kind, body)
    scaling(api, namespace)
    print("ok")


if __name__ == "__main__":
    main()
