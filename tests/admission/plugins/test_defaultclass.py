from typing import Any

import pytest

from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import World, run

CLAIMS = GroupResource("", "persistentvolumeclaims")
INGRESSES = GroupResource("networking.k8s.io", "ingresses")


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
