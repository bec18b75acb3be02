from collections.abc import Sequence
from typing import Any

import pytest

from pilothouse.admission.quota.deviceclaims import DeviceClaimEvaluator
from pilothouse.admission.quota.evaluators import PodEvaluator
from pilothouse.apimachinery.gvk import GroupResource

COUNT = "count/resourceclaims.resource.k8s.io"
GPUS = "gpu.deviceclass.resource.k8s.io/devices"
IMPLICIT = "requests.deviceclass.resource.kubernetes.io/gpu"
ANNOTATION = {"resource.kubernetes.io/extended-resource-claim": "true"}
OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "controller": True}


class Objects:
    def __init__(self, **objects: list[dict[str, Any]]) -> None:
        self.objects = objects

    def get(self, resource: GroupResource, namespace: str, name: str) -> dict[str, Any] | None:
        return next((o for o in self.list(resource, namespace) if o["metadata"]["name"] == name), None)

    def list(self, resource: GroupResource, namespace: str = "") -> Sequence[dict[str, Any]]:
        return self.objects.get(resource.resource, [])


CLASS: dict[str, Any] = {"metadata": {"name": "gpu"}, "spec": {"extendedResourceName": "x.io/gpu"}}


def evaluator(**objects: list[dict[str, Any]]) -> DeviceClaimEvaluator:
    return DeviceClaimEvaluator(Objects(**objects), PodEvaluator())


def exactly(name: str = "gpu", mode: str = "ExactCount", **more: Any) -> dict[str, Any]:
    return {"deviceClassName": name, "allocationMode": mode, **more}


def claim(*requests: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "c", "namespace": "ns", **metadata}, "spec": {"devices": {"requests": list(requests)}}}


def used(made: dict[str, Any], **objects: list[dict[str, Any]]) -> dict[str, str]:
    return {k: str(v) for k, v in evaluator(**objects).usage(made).items()}


@pytest.mark.parametrize(("requests", "devices"), [
    ([{"exactly": exactly(count=2)}, {"exactly": exactly(count=3)}], "5"),
    ([{"exactly": exactly(mode="All")}], "32"),
    ([exactly(count=4)], "4"),
    ([{"firstAvailable": [exactly(count=2), exactly(count=3)]}, {"exactly": exactly(count=1)}], "4"),
])
def test_devices_by_class(requests: list[dict[str, Any]], devices: str) -> None:
    assert used(claim(*requests)) == {COUNT: "1", GPUS: devices, IMPLICIT: devices}


def test_what_is_not_known_costs_nothing() -> None:
    assert used(claim({"firstAvailable": [exactly(mode="Odd")]}, {"odd": {}})) == {COUNT: "1"}


def test_devices_by_the_name_that_pods_use() -> None:
    made = claim({"exactly": exactly(count=2)})
    assert used(made, deviceclasses=[CLASS])["requests.x.io/gpu"] == "2"


def test_names_of_quotas() -> None:
    names = [COUNT, GPUS, IMPLICIT, "requests.x.io/gpu", "requests.x.io/other", "requests.cpu", "pods"]
    assert evaluator(deviceclasses=[CLASS]).matching(names) == names[:4]
    assert evaluator().matching(names) == names[:2]


def test_a_pod_pays_once() -> None:
    asked = {"x.io/gpu": "1", "deviceclass.resource.kubernetes.io/gpu": "2"}
    container = {"name": "c", "resources": {"requests": asked}}
    pod: dict[str, Any] = {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": {"containers": [container]},
    }
    made = claim({"exactly": exactly(count=2)}, annotations=ANNOTATION, ownerReferences=[OWNER])
    objects = {"deviceclasses": [CLASS], "pods": [pod]}
    assert used(made, **objects) == {COUNT: "1", GPUS: "2", "requests.x.io/gpu": "1"}
    # another claim stands for the pod
    older = claim(annotations=ANNOTATION, ownerReferences=[OWNER], name="b")
    assert used(made, resourceclaims=[older], **objects)["requests.x.io/gpu"] == "2"
    pod["status"] = {"extendedResourceClaimStatus": {"resourceClaimName": "c"}}
    assert used(made, resourceclaims=[older], **objects)["requests.x.io/gpu"] == "1"
    pod["status"] = {"extendedResourceClaimStatus": {"resourceClaimName": "d"}}
    assert used(made, **objects)["requests.x.io/gpu"] == "2"
    pod["metadata"]["uid"] = "other"
    assert used(made, **objects)["requests.x.io/gpu"] == "2"
