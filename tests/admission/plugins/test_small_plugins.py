"""The plugins that do one small thing each."""

from typing import Any

import pytest

from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import PODS, World, pod, run

CLAIMS = GroupResource("", "persistentvolumeclaims")
NODES = GroupResource("", "nodes")
INGRESSES = GroupResource("networking.k8s.io", "ingresses")
NOT_READY = {
    "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300
}
UNREACHABLE = {**NOT_READY, "key": "node.kubernetes.io/unreachable"}


@pytest.mark.parametrize(("given", "wanted"), [
    ([], [NOT_READY, UNREACHABLE]),
    ([{"operator": "Exists"}], [{"operator": "Exists"}]),
    ([{"key": NOT_READY["key"]}], [{"key": NOT_READY["key"]}, UNREACHABLE]),
    (
        [{"key": NOT_READY["key"], "effect": "NoSchedule"}],
        [{"key": NOT_READY["key"], "effect": "NoSchedule"}, NOT_READY, UNREACHABLE],
    ),
])
def test_default_toleration_seconds(given: list[Any], wanted: list[Any]) -> None:
    async def test(world: World) -> None:
        assert (await world.admit(PODS, pod(tolerations=given)))["spec"]["tolerations"] == wanted

    run(test)


def test_new_nodes_are_tainted_once() -> None:
    async def test(world: World) -> None:
        taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
        node = await world.admit(NODES, {"metadata": {"name": "n"}})
        assert node["spec"]["taints"] == [taint]
        assert (await world.admit(NODES, node))["spec"]["taints"] == [taint]

    run(test)


def test_storage_is_protected_while_in_use() -> None:
    async def test(world: World) -> None:
        for resource, finalizer in (
            (CLAIMS, "kubernetes.io/pvc-protection"),
            (GroupResource("", "persistentvolumes"), "kubernetes.io/pv-protection"),
            (GroupResource("storage.k8s.io", "volumeattributesclasses"), "kubernetes.io/vac-protection"),
        ):
            obj = await world.admit(resource, {"metadata": {"name": "a"}, "spec": {}})
            assert obj["metadata"]["finalizers"] == [finalizer]
            assert (await world.admit(resource, obj))["metadata"]["finalizers"] == [finalizer]

    run(test)


def a_class(name: str, annotation: str, made: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "creationTimestamp": made, "annotations": {annotation: "true"}}}


@pytest.mark.parametrize(("resource", "classes", "annotation", "field", "legacy"), [
    (
        CLAIMS, GroupResource("storage.k8s.io", "storageclasses"), "storageclass.kubernetes.io/is-default-class",
        "storageClassName", "volume.beta.kubernetes.io/storage-class",
    ),
    (
        INGRESSES, GroupResource("networking.k8s.io", "ingressclasses"),
        "ingressclass.kubernetes.io/is-default-class", "ingressClassName", "kubernetes.io/ingress.class",
    ),
])
def test_default_classes(
    resource: GroupResource, classes: GroupResource, annotation: str, field: str, legacy: str
) -> None:
    async def test(world: World) -> None:
        def asking(**spec: Any) -> dict[str, Any]:
            return {"metadata": {"name": "a", "namespace": "ns"}, "spec": spec}

        assert field not in (await world.admit(resource, asking()))["spec"]
        await world.put(classes, a_class("old", annotation, "2020-01-01T00:00:00Z"))
        await world.put(classes, a_class("new-b", annotation, "2021-01-01T00:00:00Z"))
        await world.put(classes, a_class("new-a", annotation, "2021-01-01T00:00:00Z"))
        assert (await world.admit(resource, asking()))["spec"][field] == "new-a"
        assert (await world.admit(resource, asking(**{field: "mine"})))["spec"][field] == "mine"
        told = asking()
        told["metadata"]["annotations"] = {legacy: "x"}
        assert field not in (await world.admit(resource, told))["spec"]

    run(test)


def test_claims_grow_only_where_they_can() -> None:
    def claim(size: str, storage_class: str = "grows", phase: str = "Bound") -> dict[str, Any]:
        return {
            "metadata": {"name": "c", "namespace": "ns"}, "status": {"phase": phase},
            "spec": {"storageClassName": storage_class, "resources": {"requests": {"storage": size}}},
        }

    async def test(world: World) -> None:
        classes = GroupResource("storage.k8s.io", "storageclasses")
        await world.put(classes, {"metadata": {"name": "grows"}, "allowVolumeExpansion": True})
        await world.put(classes, {"metadata": {"name": "stays"}})

        async def refusal(new: dict[str, Any], old: dict[str, Any]) -> str:
            return (await world.refuse(CLAIMS, new, operation="UPDATE", old_object=old)).message

        await world.admit(CLAIMS, claim("2Gi"), operation="UPDATE", old_object=claim("1Gi"))
        await world.admit(CLAIMS, claim("1Gi", "stays"), operation="UPDATE", old_object=claim("1Gi", "stays"))
        assert await refusal(claim("2Gi"), claim("1Gi", phase="Pending")) == (
            'persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded'
        )
        assert await refusal(claim("2Gi", "stays"), claim("1Gi", "stays")) == (
            'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the '
            "storageclass that provisions the pvc must support resize"
        )

    run(test)


def test_pods_carry_their_nodes_zone() -> None:
    async def test(world: World) -> None:
        zone = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r"}
        await world.put(NODES, {"metadata": {"name": "n", "labels": {**zone, "other": "x"}}})
        assert (await world.admit(PODS, pod(nodeName="n", metadata={"labels": {"a": "b"}})))["metadata"]["labels"] == {
            "a": "b", **zone
        }
        binding = {"metadata": {"name": "p", "namespace": "ns"}, "target": {"kind": "Node", "name": "n"}}
        assert (await world.admit(PODS, binding, subresource="binding"))["metadata"]["labels"] == zone
        assert "labels" not in (await world.admit(PODS, pod(nodeName="nosuch")))["metadata"]

    run(test)


def test_runtime_class() -> None:
    async def test(world: World) -> None:
        await world.put(GroupResource("node.k8s.io", "runtimeclasses"), {
            "metadata": {"name": "rc"}, "handler": "h", "overhead": {"podFixed": {"cpu": "100m"}},
            "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]},
        })
        spec = (await world.admit(PODS, pod(runtimeClassName="rc", overhead={"cpu": "0.1"})))["spec"]
        assert spec["overhead"] == {"cpu": "100m"}
        assert spec["nodeSelector"] == {"a": "b"}
        assert {"key": "k", "operator": "Exists"} in spec["tolerations"]
        for asked, text in (
            ({"runtimeClassName": "no"}, 'RuntimeClass "no" not found'),
            ({"runtimeClassName": "rc", "overhead": {"cpu": "1"}},
             "Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
            ({"overhead": {"cpu": "1"}}, "Pod Overhead set without corresponding RuntimeClass defined Overhead"),
        ):
            error = await world.refuse(PODS, pod(**asked))
            assert error.message == f'pods "p" is forbidden: pod rejected: {text}'
        error = await world.refuse(PODS, pod(runtimeClassName="rc", nodeSelector={"a": "c"}))
        assert error.message == (
            'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c'
        )

    run(test)
