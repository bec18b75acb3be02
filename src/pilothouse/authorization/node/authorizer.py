"""The Node authorizer (upstream: plugin/pkg/auth/authorizer/node/node_authorizer.go).

A node may read what the pods on it refer to, and write what is its own; what cannot be known before the object is seen
is left to the admission plugin NodeRestriction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pilothouse.apimachinery import fields
from pilothouse.apimachinery.labels import SelectorError
from pilothouse.apimachinery.user import User, node_identity
from pilothouse.authorization.interface import Attributes, Decision, Rules
from pilothouse.authorization.node.graph import Graph, Vertex
from pilothouse.authorization.rules import CompiledRule

_LEASE_NAMESPACE = "kube-node-lease"
_ALLOW = (Decision.ALLOW, "")
_READS = ("get", "list", "watch")
_WRITES = ("get", "create", "update", "patch", "delete")
Answer = tuple[Decision, str]


class NodeAuthorizer:
    """`rules` are those of the cluster role system:node: what every node may do with what is nobody's.
    `pod_certificates` tells whether the gate PodCertificateRequest is on."""

    def __init__(self, graph: Graph, rules: Iterable[Mapping[str, Any]], *, pod_certificates: bool = False) -> None:
        self._graph = graph
        self._rules = [CompiledRule(rule) for rule in rules]
        self._special: dict[tuple[str, str], Callable[[str, Attributes], Answer]] = {
            ("", "secrets"): self._read, ("", "configmaps"): self._read,
            ("", "persistentvolumeclaims"): self._claim, ("", "persistentvolumes"): self._get,
            ("resource.k8s.io", "resourceclaims"): self._get, ("storage.k8s.io", "volumeattachments"): self._get,
            ("", "serviceaccounts"): self._service_account, ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._csi_node, ("resource.k8s.io", "resourceslices"): self._slice,
            ("", "nodes"): self._node, ("", "pods"): self._pod,
        }
        if pod_certificates:
            self._special["certificates.k8s.io", "podcertificaterequests"] = self._certificate_request

    async def authorize(self, attributes: Attributes) -> Answer:
        node = node_identity(attributes.user)
        if node is None:
            return _no("")
        if not node:
            return _no(f'unknown node for user "{attributes.user.name}"')
        if attributes.is_resource_request:
            special = self._special.get((attributes.api_group, attributes.resource))
            if special is not None:
                return special(node, attributes)
        return _ALLOW if self._by_rules(attributes) else _no("")

    def _by_rules(self, a: Attributes) -> bool:
        if not a.is_resource_request:
            return any(rule.matches_path(a.verb, a.path) for rule in self._rules)
        return any(
            rule.matches_resource(a.verb, a.api_group, a.resource, a.subresource)
            and (rule.names is None or a.name in rule.names)
            for rule in self._rules
        )

    def rules_for(self, user: User, namespace: str) -> Rules:
        if node_identity(user) is None:
            return Rules()
        return Rules(incomplete=True, errors=("node authorizer does not support user rule resolution",))

    # What objects concern the node.

    def _related(self, node: str, a: Attributes) -> Answer:
        if not a.name:
            return _no("No Object name found")
        if self._graph.concerns(node, Vertex(a.resource, a.namespace, a.name)):
            return _ALLOW
        return _no(f"no relationship found between node '{node}' and this object")

    def _read(self, node: str, a: Attributes) -> Answer:
        if a.verb not in _READS:
            return _no("can only read resources of this type")
        if a.subresource:
            return _no("cannot read subresource")
        if not a.namespace:
            return _no("can only read namespaced object of this type")
        return self._related(node, a)

    def _get(self, node: str, a: Attributes) -> Answer:
        if a.verb != "get":
            return _no("can only get individual resources of this type")
        if a.subresource:
            return _no("cannot get subresource")
        return self._related(node, a)

    def _claim(self, node: str, a: Attributes) -> Answer:
        if a.subresource != "status":
            return self._get(node, a)
        if a.verb not in ("update", "patch"):
            return _no("can only get/update/patch this type")
        return self._related(node, a)

    def _service_account(self, node: str, a: Attributes) -> Answer:
        if a.verb == "get" and not a.subresource:
            return self._read(node, a)
        if a.verb != "create" or not a.name:
            return _no("can only create tokens for individual service accounts")
        if a.subresource != "token":
            return _no("can only create token subresource of serviceaccount")
        return self._related(node, a)

    # What is the node's own.

    def _lease(self, node: str, a: Attributes) -> Answer:
        if a.verb not in _WRITES:
            return _no("can only get, create, update, patch, or delete a node lease")
        if a.namespace != _LEASE_NAMESPACE:
            return _no(f'can only access leases in the "{_LEASE_NAMESPACE}" system namespace')
        if a.verb != "create" and a.name != node:
            return _no("can only access node lease with the same name as the requesting node")
        return _ALLOW

    def _csi_node(self, node: str, a: Attributes) -> Answer:
        if a.verb not in _WRITES:
            return _no("can only get, create, update, patch, or delete a CSINode")
        if a.subresource:
            return _no("cannot authorize CSINode subresources")
        if a.verb != "create" and a.name != node:
            return _no("can only access CSINode with the same name as the requesting node")
        return _ALLOW

    def _slice(self, node: str, a: Attributes) -> Answer:
        if a.subresource:
            return _no("cannot authorize ResourceSlice subresources")
        match a.verb:
            case "create":
                return _ALLOW
            case "get" | "update" | "patch" | "delete":
                return self._related(node, a)
            case "watch" | "list" | "deletecollection":
                if _selects(a, "spec.nodeName", node):
                    return _ALLOW
                return _no("can only list/watch/deletecollection resourceslices with nodeName field selector")
        return _no(
            "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, "
            "delete, deletecollection"
        )

    def _certificate_request(self, node: str, a: Attributes) -> Answer:
        if a.subresource:
            return _no("nodes may not access the status subresource of PodCertificateRequests")
        match a.verb:
            case "create":
                return _ALLOW
            case "get":
                return self._related(node, a)
            case "list" | "watch":
                if _selects(a, "spec.nodeName", node):
                    return _ALLOW
                return _no("can only list/watch podcertificaterequests with nodeName field selector")
        return _no(f"nodes may not {a.verb} podcertificaterequests")

    def _node(self, node: str, a: Attributes) -> Answer:
        match a.subresource, a.verb:
            case ("", "create" | "update" | "patch") | ("status", "update" | "patch"):
                return _ALLOW
            case "", "get" | "list" | "watch":
                if a.name == node:
                    return _ALLOW
                if not a.name:
                    return _no(f"node '{node}' cannot read all nodes, only its own Node object")
                return _no(f"node '{node}' cannot read '{a.name}', only its own Node object")
        return _no("")

    def _pod(self, node: str, a: Attributes) -> Answer:
        match a.subresource, a.verb:
            case "", "get":
                return self._get(node, a)
            case "", "list" | "watch":
                if _selects(a, "spec.nodeName", node):
                    return _ALLOW
                if a.name:
                    return self._related(node, a)
                return _no("can only list/watch pods with spec.nodeName field selector")
            case ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create"):
                return _ALLOW
        return _no("")


def _no(reason: str) -> Answer:
    return Decision.NO_OPINION, reason


def _selects(a: Attributes, field: str, value: str) -> bool:
    """Whether the request asks only for objects whose `field` is `value`."""
    try:
        return bool(a.field_selector) and fields.parse(a.field_selector).requires_exact(field) == value
    except SelectorError:
        return False
