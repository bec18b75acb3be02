from typing import Any

from pilothouse.controllers.ownership import Graph, node_of, without_owners

PODS = ("", "v1", "pods")


def obj(uid: str, *owners: str, blocking: bool = False, **metadata: Any) -> dict[str, Any]:
    references = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": o, "uid": o, "blockOwnerDeletion": blocking}
        for o in owners
    ]
    return {"metadata": {"uid": uid, "name": uid, "namespace": "ns", "ownerReferences": references, **metadata}}


def test_dependents_follow_owner_references() -> None:
    graph = Graph()
    graph.put(node_of(PODS, obj("a", "owner")))
    graph.put(node_of(PODS, obj("b", "owner", "other")))
    assert [n.uid for n in graph.dependents("owner")] == ["a", "b"]
    graph.put(node_of(PODS, obj("b", "other")))
    assert [n.uid for n in graph.dependents("owner")] == ["a"]
    assert [n.uid for n in graph.remove("owner")] == ["a"]
    graph.remove("a")
    assert not graph.has_dependents("owner")


def test_blocking_dependents() -> None:
    graph = Graph()
    graph.put(node_of(PODS, obj("a", "owner", blocking=True)))
    graph.put(node_of(PODS, obj("b", "owner")))
    assert [n.uid for n in graph.blocking_dependents("owner")] == ["a"]


def test_node_knows_how_it_is_deleted() -> None:
    deleted = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert node_of(PODS, obj("a", **deleted)).being_deleted
    assert not node_of(PODS, obj("a", **deleted)).deleting_dependents
    assert node_of(PODS, obj("a", finalizers=["foregroundDeletion"], **deleted)).deleting_dependents
    assert not node_of(PODS, obj("a", finalizers=["foregroundDeletion"])).deleting_dependents


def test_without_owners() -> None:
    owners = obj("a", "x", "y")["metadata"]["ownerReferences"]
    assert [o["uid"] for o in without_owners(owners, {"x"})] == ["y"]
