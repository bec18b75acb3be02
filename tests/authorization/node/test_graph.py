from typing import Any

from pilothouse.authorization.node.graph import Graph, Vertex

SPEC = {
    "nodeName": "n1", "serviceAccountName": "sa", "imagePullSecrets": [{"name": "pull"}, {}],
    "containers": [{
        "env": [{"valueFrom": {"secretKeyRef": {"name": "s1"}}}, {"valueFrom": {"configMapKeyRef": {"name": "c1"}}},
                {"value": "x"}],
        "envFrom": [{"secretRef": {"name": "s2"}}, {"configMapRef": {"name": "c2"}}],
    }],
    "initContainers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "s3"}}}]}],
    "ephemeralContainers": [{"envFrom": [{"configMapRef": {"name": "c3"}}]}],
    "volumes": [
        {"secret": {"secretName": "s4"}}, {"configMap": {"name": "c4"}}, {"azureFile": {"secretName": "s5"}},
        {"cephfs": {"secretRef": {"name": "s6"}}}, {"csi": {"nodePublishSecretRef": {"name": "s7"}}},
        {"projected": {"sources": [{"secret": {"name": "s8"}}, {"configMap": {"name": "c5"}}]}},
        {"persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp", "ephemeral": {}},
    ],
    "resourceClaims": [{"name": "a", "resourceClaimName": "claim"}, {"name": "b", "resourceClaimTemplateName": "t"},
                       {"name": "unmade", "resourceClaimTemplateName": "t"}],
}
STATUS = {
    "resourceClaimStatuses": [{"name": "b", "resourceClaimName": "made"}],
    "extendedResourceClaimStatus": {"resourceClaimName": "extended"},
}


def pod(name: str = "p", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}, "spec": spec or SPEC, "status": STATUS}


def known(graph: Graph, kind: str, *names: str, node: str = "n1", namespace: str = "ns") -> list[str]:
    return [name for name in names if graph.concerns(node, Vertex(kind, namespace, name))]


def test_what_a_pod_ties_to_its_node() -> None:
    graph = Graph()
    graph.observe("pods", pod(), deleted=False)
    secrets = [f"s{i}" for i in range(1, 9)]
    assert known(graph, "secrets", "pull", *secrets, "other") == ["pull", *secrets]
    assert known(graph, "configmaps", "c1", "c2", "c3", "c4", "c5", "s1") == ["c1", "c2", "c3", "c4", "c5"]
    assert known(graph, "persistentvolumeclaims", "data", "p-tmp", "x") == ["data", "p-tmp"]
    assert known(graph, "resourceclaims", "claim", "made", "extended", "unmade") == ["claim", "made", "extended"]
    assert known(graph, "serviceaccounts", "sa", "default") == ["sa"]
    assert known(graph, "pods", "p") == ["p"]
    assert known(graph, "secrets", "s1", node="n2") == []
    assert known(graph, "secrets", "s1", namespace="other") == []
    graph.observe("pods", pod(), deleted=True)
    assert known(graph, "secrets", *secrets) == []
    assert known(graph, "pods", "p") == []


def test_several_pods_need_the_same() -> None:
    graph = Graph()
    spec = {"nodeName": "n1", "imagePullSecrets": [{"name": "s"}]}
    for name in ("a", "b"):
        graph.observe("pods", pod(name, **spec), deleted=False)
    graph.observe("pods", pod("a"), deleted=True)
    assert known(graph, "secrets", "s") == ["s"]
    graph.observe("pods", pod("b", nodeName="n2", imagePullSecrets=[{"name": "s"}]), deleted=False)
    assert known(graph, "secrets", "s") == []
    assert known(graph, "secrets", "s", node="n2") == ["s"]


def test_pods_without_a_node_and_mirror_pods_tie_nothing() -> None:
    graph = Graph()
    graph.observe("pods", pod("p", imagePullSecrets=[{"name": "s"}]), deleted=False)
    mirror = pod()
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    graph.observe("pods", mirror, deleted=False)
    assert known(graph, "secrets", "s", "s1") == []
    assert known(graph, "pods", "p") == ["p"]


def volume(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "pv"}, "spec": {"claimRef": {"namespace": "ns", "name": "data"}, **spec}}


def test_volumes_through_their_claims() -> None:
    graph = Graph()
    graph.observe("pods", pod(), deleted=False)
    graph.observe("persistentvolumes", volume(csi={
        "nodeStageSecretRef": {"namespace": "other", "name": "stage"},
        "controllerPublishSecretRef": {"namespace": "other", "name": "control"},
    }), deleted=False)
    assert known(graph, "persistentvolumes", "pv", namespace="") == ["pv"]
    assert known(graph, "persistentvolumes", "pv", namespace="", node="n2") == []
    assert known(graph, "secrets", "stage", "control", namespace="other") == ["stage"]
    graph.observe("persistentvolumes", volume(cephfs={"secretRef": {"name": "ceph"}}), deleted=False)
    assert known(graph, "secrets", "stage", namespace="other") == []
    assert known(graph, "secrets", "ceph") == ["ceph"]
    graph.observe("persistentvolumes", volume(), deleted=True)
    assert known(graph, "secrets", "ceph") == []
    assert known(graph, "persistentvolumes", "pv", namespace="") == []
    unbound = {"metadata": {"name": "pv"}, "spec": {}}
    graph.observe("persistentvolumes", unbound, deleted=False)
    assert known(graph, "persistentvolumes", "pv", namespace="") == []


def test_what_names_its_node() -> None:
    graph = Graph()
    for kind in ("volumeattachments", "resourceslices"):
        obj = {"metadata": {"name": "x"}, "spec": {"nodeName": "n1"}}
        graph.observe(kind, obj, deleted=False)
        assert known(graph, kind, "x", namespace="") == ["x"]
        graph.observe(kind, obj, deleted=True)
        assert known(graph, kind, "x", namespace="") == []
