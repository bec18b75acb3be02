"""Which objects concern which nodes (upstream: plugin/pkg/auth/authorizer/node/graph.go).

Upstream keeps a graph and searches it. Here every object has the count of the ways in which pods tie it to each node,
so a question is one look-up; only volumes and their secrets need a second step, through the claim that binds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pilothouse.authorization.node import references

Object = Mapping[str, Any]


class Vertex(NamedTuple):
    """One object: `kind` is its resource's name."""

    kind: str
    namespace: str
    name: str


class _Volume(NamedTuple):
    claim: Vertex
    secrets: tuple[Vertex, ...]


class Graph:
    """Kept by `observe`, asked with `concerns`. Everything runs on the event loop."""

    def __init__(self) -> None:
        self._nodes: dict[Vertex, Counter[str]] = {}
        self._ties: dict[Vertex, tuple[str, tuple[Vertex, ...]]] = {}
        """What each source (a pod, an attachment …) ties to its node."""
        self._volumes: dict[Vertex, _Volume] = {}
        self._secrets: dict[Vertex, set[Vertex]] = {}
        """The volumes that need a secret."""

    def concerns(self, node: str, vertex: Vertex) -> bool:
        """Whether the object has to do with what runs on `node`."""
        if self._nodes.get(vertex, _NOBODY)[node]:
            return True
        if vertex.kind == "persistentvolumes":
            volume = self._volumes.get(vertex)
            return volume is not None and bool(self._nodes.get(volume.claim, _NOBODY)[node])
        return any(self.concerns(node, volume) for volume in self._secrets.get(vertex, ()))

    def observe(self, resource: str, obj: Object, *, deleted: bool) -> None:
        """An object of one of `RESOURCES` is now `obj`, or gone."""
        metadata = obj["metadata"]
        source = Vertex(resource, metadata.get("namespace") or "", metadata["name"])
        if resource == "persistentvolumes":
            self._forget_volume(source)
            if not deleted:
                self._add_volume(source, obj)
            return
        self._untie(source)
        if deleted:
            return
        node = ((obj.get("spec") or {}).get("nodeName")) or ""
        if node:
            self._tie(source, node, (source, *(_tied_by_pod(source, obj) if resource == "pods" else ())))

    def _tie(self, source: Vertex, node: str, vertices: tuple[Vertex, ...]) -> None:
        self._ties[source] = (node, vertices)
        for vertex in vertices:
            self._nodes.setdefault(vertex, Counter())[node] += 1

    def _untie(self, source: Vertex) -> None:
        node, vertices = self._ties.pop(source, ("", ()))
        for vertex in vertices:
            counts = self._nodes[vertex]
            counts[node] -= 1
            if not counts[node]:
                del counts[node]
            if not counts:
                del self._nodes[vertex]

    def _add_volume(self, source: Vertex, obj: Object) -> None:
        claim = (obj.get("spec") or {}).get("claimRef")
        if not claim:
            return
        secrets = tuple(Vertex("secrets", *where) for where in references.volume_secrets(obj))
        bound = Vertex("persistentvolumeclaims", claim.get("namespace") or "", claim.get("name") or "")
        self._volumes[source] = _Volume(bound, secrets)
        for secret in secrets:
            self._secrets.setdefault(secret, set()).add(source)

    def _forget_volume(self, source: Vertex) -> None:
        volume = self._volumes.pop(source, None)
        for secret in volume.secrets if volume is not None else ():
            self._secrets[secret].discard(source)
            if not self._secrets[secret]:
                del self._secrets[secret]


_NOBODY: Counter[str] = Counter()

#: (group, resource) of what `Graph.observe` follows.
RESOURCES = (
    ("", "pods"), ("", "persistentvolumes"), ("storage.k8s.io", "volumeattachments"),
    ("resource.k8s.io", "resourceslices"), ("certificates.k8s.io", "podcertificaterequests"),
)


def _tied_by_pod(source: Vertex, pod: Object) -> Iterable[Vertex]:
    """What a node may read because of a pod. A mirror pod ties nothing: its node made it up itself."""
    if references.is_mirror_pod(pod):
        return
    account = (pod.get("spec") or {}).get("serviceAccountName")
    for kind, names in (
        ("serviceaccounts", {account} if account else ()), ("secrets", references.pod_secrets(pod)),
        ("configmaps", references.pod_config_maps(pod)), ("persistentvolumeclaims", references.pod_claims(pod)),
        ("resourceclaims", references.pod_resource_claims(pod)),
    ):
        for name in names:
            yield Vertex(kind, source.namespace, name)
