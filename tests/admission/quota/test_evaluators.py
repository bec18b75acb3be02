from typing import Any

import pytest

from pilothouse.admission.quota.evaluators import ClaimEvaluator, Evaluator, PodEvaluator, ServiceEvaluator
from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import pod


def used(evaluator: Evaluator, obj: dict[str, Any]) -> dict[str, str]:
    return {k: str(v) for k, v in evaluator.usage(obj).items()}


def test_counts() -> None:
    assert used(Evaluator(GroupResource("apps", "deployments")), {}) == {"count/deployments.apps": "1"}
    assert used(Evaluator(GroupResource("", "secrets")), {}) == {"count/secrets": "1", "secrets": "1"}


def test_pod_usage() -> None:
    resources = {"requests": {"cpu": "600m", "hugepages-2Mi": "2Mi", "x.io/gpu": "1"}, "limits": {"memory": "1Gi"}}
    sidecar = {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}}
    first = {"name": "i", "resources": {"requests": {"cpu": "2"}}}
    made = pod(containers=[{"name": "c", "resources": resources}], initContainers=[sidecar, first])
    assert used(PodEvaluator(), made) == {
        "count/pods": "1", "pods": "1", "cpu": "2100m", "requests.cpu": "2100m", "limits.memory": "1Gi",
        "hugepages-2Mi": "2Mi", "requests.hugepages-2Mi": "2Mi", "requests.x.io/gpu": "1",
    }
    made["status"] = {"phase": "Succeeded"}
    assert used(PodEvaluator(), made) == {"count/pods": "1"}


def test_pods_long_gone_are_not_charged() -> None:
    going = pod(metadata={"deletionTimestamp": "2023-11-14T22:13:20Z", "deletionGracePeriodSeconds": 30})
    assert "pods" in used(PodEvaluator(lambda: 1_700_000_030.0), going)
    assert "pods" not in used(PodEvaluator(lambda: 1_700_000_031.0), going)


def test_pod_constraints() -> None:
    evaluator = PodEvaluator()
    made = pod(containers=[{"name": "b"}, {"name": "a", "resources": {"requests": {"cpu": "1"}}}])
    wanted = "must specify requests.cpu for: b; requests.memory for: a,b"
    assert evaluator.constraints(["requests.cpu", "requests.memory", "pods"], made) == wanted
    assert evaluator.constraints(["pods", "limits.ephemeral-storage"], made) == ""
    made["spec"]["resources"] = {"requests": {"cpu": "1"}}
    assert evaluator.constraints(["requests.memory"], made) == ""


@pytest.mark.parametrize(("spec", "scope", "wanted"), [
    ({"activeDeadlineSeconds": 5}, {"scopeName": "Terminating", "operator": "Exists"}, True),
    ({}, {"scopeName": "NotTerminating", "operator": "Exists"}, True),
    ({}, {"scopeName": "BestEffort", "operator": "Exists"}, True),
    (
        {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}}]},
        {"scopeName": "BestEffort", "operator": "Exists"}, False,
    ),
    (
        # resources of the pod's own count alone
        {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}}], "resources": {}},
        {"scopeName": "BestEffort", "operator": "Exists"}, True,
    ),
    ({"priorityClassName": "high"}, {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}, True),
    ({}, {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}, False),
    ({}, {"scopeName": "PriorityClass", "operator": "NotIn", "values": ["high"]}, True),
    ({}, {"scopeName": "PriorityClass", "operator": "DoesNotExist"}, True),
    (
        {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["x"]}]}}},
        {"scopeName": "CrossNamespacePodAffinity", "operator": "Exists"}, True,
    ),
])
def test_pod_scopes(spec: dict[str, Any], scope: dict[str, Any], wanted: bool) -> None:
    assert PodEvaluator().matches_scope(scope, pod(**spec)) is wanted


def test_the_class_that_the_status_holds_counts() -> None:
    burstable = {**pod(), "status": {"qosClass": "Burstable"}}
    assert PodEvaluator().matches_scope({"scopeName": "NotBestEffort", "operator": "Exists"}, burstable)


@pytest.mark.parametrize(("spec", "node_ports", "balancers"), [
    ({"ports": [{}]}, "0", "0"),
    ({"type": "NodePort", "ports": [{}, {}]}, "2", "0"),
    ({"type": "LoadBalancer", "ports": [{}, {}]}, "2", "1"),
    ({"type": "LoadBalancer", "ports": [{"nodePort": 1}, {}], "allocateLoadBalancerNodePorts": False}, "1", "1"),
])
def test_service_usage(spec: dict[str, Any], node_ports: str, balancers: str) -> None:
    usage = used(ServiceEvaluator(), {"spec": spec})
    assert (usage["services.nodeports"], usage["services.loadbalancers"]) == (node_ports, balancers)


def test_claim_usage() -> None:
    claim = {
        "metadata": {"name": "c"},
        "spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1500m"}}},
    }
    assert used(ClaimEvaluator(), claim) == {
        "persistentvolumeclaims": "1", "count/persistentvolumeclaims": "1", "requests.storage": "2",
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "gold.storageclass.storage.k8s.io/requests.storage": "2",
    }
    assert ClaimEvaluator().matching(["gold.storageclass.storage.k8s.io/requests.storage", "pods"]) == [
        "gold.storageclass.storage.k8s.io/requests.storage"
    ]
