"""The graph of owners and dependents, without I/O (upstream: garbagecollector/graph_builder.go, graph.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

FOREGROUND_FINALIZER = "foregroundDeletion"
ORPHAN_FINALIZER = "orphan"

Object = dict[str, Any]


@dataclass(slots=True)
class Node:
    """An object that owns or is owned. `key` is (group, version, resource), as clients take it."""

    uid: str
    key: tuple[str, str, str]
    namespace: str
    name: str
    owners: list[Object] = field(default_factory=list)
    deleting_dependents: bool = False
    """It is being deleted in the foreground: it waits for its dependents."""
    being_deleted: bool = False


class Graph:
    """Knows every object that has owners, and each owner's dependents by uid."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = {}

    def put(self, node: Node) -> None:
        """Add a node, or replace what was known of it."""
        if (known := self.nodes.get(node.uid)) is not None:
            self._unlink(known)
        self.nodes[node.uid] = node
        for owner in node.owners:
            self._dependents.setdefault(owner["uid"], set()).add(node.uid)

    def remove(self, uid: str) -> list[Node]:
        """Forget an object that is gone; returns its dependents."""
        if (known := self.nodes.pop(uid, None)) is not None:
            self._unlink(known)
        return list(self.dependents(uid))

    def dependents(self, uid: str) -> Iterator[Node]:
        for dependent in sorted(self._dependents.get(uid, ())):
            yield self.nodes[dependent]

    def of_resource(self, key: tuple[str, str, str]) -> list[Node]:
        return [node for node in self.nodes.values() if node.key == key]

    def has_dependents(self, uid: str) -> bool:
        return bool(self._dependents.get(uid))

    def blocking_dependents(self, uid: str) -> list[Node]:
        """Dependents that hold up a foreground deletion."""
        return [
            node for node in self.dependents(uid)
            if any(o["uid"] == uid and o.get("blockOwnerDeletion") for o in node.owners)
        ]

    def _unlink(self, node: Node) -> None:
        for owner in node.owners:
            dependents = self._dependents.get(owner["uid"])
            if dependents is not None:
                dependents.discard(node.uid)
                if not dependents:
                    del self._dependents[owner["uid"]]


def node_of(key: tuple[str, str, str], obj: Object) -> Node:
    metadata = obj["metadata"]
    being_deleted = bool(metadata.get("deletionTimestamp"))
    return Node(
        metadata["uid"], key, metadata.get("namespace", ""), metadata["name"], metadata.get("ownerReferences") or [],
        deleting_dependents=being_deleted and FOREGROUND_FINALIZER in (metadata.get("finalizers") or ()),
        being_deleted=being_deleted,
    )


def without_owners(owners: Iterable[Object], uids: set[str]) -> list[Object]:
    return [owner for owner in owners if owner["uid"] not in uids]
