"""NodeRestriction: a node may write what is its own, and nothing that gives it more than it has
(upstream: plugin/pkg/admission/noderestriction).

It stands beside the Node authorizer, which cannot see what is written. Everything is decided in the mutating phase, as
upstream does, so that a refusal comes before what the kind itself objects to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.admission.interface import CREATE, DELETE, UPDATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.plugins import nodelabels, podcertificates
from pilothouse.admission.plugins.certificates import common_name
from pilothouse.admission.plugins.podreferences import api_reference
from pilothouse.admission.plugins.pods import MIRROR_ANNOTATION, PODS, is_mirror
from pilothouse.admission.plugins.tokenaudience import MayRequestAudience, audience_error
from pilothouse.apimachinery import quantity, status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.user import node_identity

_NODES: Final = GroupResource("", "nodes")
_CLAIMS: Final = GroupResource("", "persistentvolumeclaims")
_ACCOUNTS: Final = GroupResource("", "serviceaccounts")
_LEASES: Final = GroupResource("coordination.k8s.io", "leases")
_CSI_NODES: Final = GroupResource("storage.k8s.io", "csinodes")
_SLICES: Final = GroupResource("resource.k8s.io", "resourceslices")
_SIGNING_REQUESTS: Final = GroupResource("certificates.k8s.io", "certificatesigningrequests")
_LEASE_NAMESPACE: Final = "kube-node-lease"
_KUBELET_SIGNERS: Final = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")
#: What a node writes into a claim's status.
_CLAIM_STATUS: Final = ("capacity", "conditions", "allocatedResourceStatuses", "allocatedResources")

#: How two claims differ, as text: (old, new) -> diff.
Diff = Callable[[Object, Object], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`may_request_audience` is asked about audiences of tokens that no volume of the pod names; with None they are not
    looked at. `any_signing_request`: nodes may ask for certificates of others; `pod_certificates`: and for those of
    their pods."""

    may_request_audience: MayRequestAudience | None = None
    any_signing_request: bool = False
    pod_certificates: bool = False
    claim_diff: Diff = lambda old, new: ""


class NodeRestriction:
    def __init__(self, lister: Lister, settings: Settings | None = None) -> None:
        self._lister = lister
        self._settings = settings or Settings()
        self._rules: Mapping[GroupResource, Callable[[str, Attributes], None]] = {
            PODS: self._pod, _NODES: self._node, _CLAIMS: self._claim, _LEASES: self._lease,
            _CSI_NODES: self._csi_node, _SLICES: self._slice, _SIGNING_REQUESTS: self._signing_request,
            podcertificates.REQUESTS: self._pod_certificate,
        }

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation in (CREATE, UPDATE, DELETE) and (resource == _ACCOUNTS or resource in self._rules)

    async def admit(self, a: Attributes) -> None:
        user = a.context.user
        node = node_identity(user)
        if node is None:
            return
        if not node:
            raise forbidden(a, f"could not determine node from user {go_quote(user.name)}")
        if a.resource == _ACCOUNTS:
            await self._token(node, a)
        else:
            self._rules[a.resource](node, a)

    # Pods

    def _pod(self, node: str, a: Attributes) -> None:
        match a.subresource, a.operation:
            case "", "CREATE":
                self._mirror_pod(node, a)
            case "", "DELETE":
                self._expect_bound(a, a.name, node, f"node {go_quote(node)} can only delete pods with")
            case "", _:
                raise forbidden(
                    a, f"unexpected operation {go_quote(a.operation)}, node {go_quote(node)} can only create and "
                    "delete mirror pods",
                )
            case "status", "UPDATE":
                _pod_status(node, a)
            case "status", _:
                raise forbidden(a, f"unexpected operation {go_quote(a.operation)}")
            case "eviction", "CREATE":
                self._eviction(node, a)
            case "eviction", _:
                raise forbidden(a, f"unexpected operation {a.operation}")
            case _:
                raise forbidden(
                    a, f"unexpected pod subresource {go_quote(a.subresource)}, only 'status' and 'eviction' are allowed"
                )

    def _mirror_pod(self, node: str, a: Attributes) -> None:
        pod = a.object or {}
        spec, who = pod.get("spec") or {}, f"node {go_quote(node)}"
        if not is_mirror(pod):
            raise forbidden(
                a, f"pod does not have {go_quote(MIRROR_ANNOTATION)} annotation, {who} can only create mirror pods"
            )
        if spec.get("nodeName") != node:
            raise forbidden(a, f"{who} can only create pods with spec.nodeName set to itself")
        self._owner(node, a, pod["metadata"].get("ownerReferences") or [])
        try:
            reference = api_reference(spec)
        except ValueError as e:
            raise forbidden(a, f"error checking mirror pod for API references: {e}") from None
        if reference:
            raise forbidden(a, f"{who} can not create pods that reference {reference}")

    def _owner(self, node: str, a: Attributes, owners: list[Object]) -> None:
        who = f"node {go_quote(node)}"
        if len(owners) > 1:
            raise forbidden(a, f"{who} can only create pods with a single owner reference set to itself")
        owner = owners[0] if owners else {}
        if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
            raise forbidden(a, f"{who} can only create pods with an owner reference set to itself")
        if not owner.get("controller"):
            raise forbidden(a, f"{who} can only create pods with a controller owner reference set to itself")
        if owner.get("blockOwnerDeletion"):
            raise forbidden(a, f"{who} must not set blockOwnerDeletion on an owner reference")
        known = self._lister.get(_NODES, "", node)
        if known is None:
            raise status.not_found(GroupResource("", "node"), node)
        given, uid = owner.get("uid") or "", known["metadata"].get("uid") or ""
        if given != uid:
            raise forbidden(a, f"node {node} UID mismatch: expected {given} got {uid}")

    def _eviction(self, node: str, a: Attributes) -> None:
        name = a.name or ((a.object or {}).get("metadata") or {}).get("name")
        if not name:
            raise forbidden(a, "could not determine pod from request data")
        self._expect_bound(a, name, node, f"node {node} can only evict pods with")

    def _expect_bound(self, a: Attributes, name: str, node: str, text: str) -> None:
        if self._existing_pod(a.namespace, name)["spec"].get("nodeName") != node:
            raise forbidden(a, f"{text} spec.nodeName set to itself")

    def _existing_pod(self, namespace: str, name: str) -> Object:
        pod = self._lister.get(PODS, namespace, name)
        if pod is None:
            # as a lister says it, in the singular
            raise status.not_found(GroupResource("", "pod"), name)
        return pod

    # The node itself

    def _node(self, node: str, a: Attributes) -> None:
        who = f"node {go_quote(node)}"
        if a.name != node:
            raise forbidden(a, f"{who} is not allowed to modify node {go_quote(a.name)}")
        new, old = a.object or {}, a.old_object or {}
        if a.operation == CREATE:
            if (new.get("spec") or {}).get("configSource") is not None:
                raise forbidden(a, f"{who} is not allowed to create pods with a non-nil configSource")
            labels = nodelabels.forbidden_changes(_labels(new), {})
            if labels:
                raise forbidden(a, f"{who} is not allowed to set the following labels: {', '.join(labels)}")
        elif a.operation == UPDATE:
            _node_update(who, a, new, old)

    # What the node owns

    def _lease(self, node: str, a: Attributes) -> None:
        if a.namespace != _LEASE_NAMESPACE:
            raise forbidden(a, f'can only access leases in the "{_LEASE_NAMESPACE}" system namespace')
        if _written_name(a) != node:
            raise forbidden(a, "can only access node lease with the same name as the requesting node")

    def _csi_node(self, node: str, a: Attributes) -> None:
        if _written_name(a) != node:
            raise forbidden(a, "can only access CSINode with the same name as the requesting node")

    def _slice(self, node: str, a: Attributes) -> None:
        # other requests are for the Node authorizer, which knows the objects that are there
        checked = {CREATE: ("create", a.object), DELETE: ("delete", a.old_object)}.get(a.operation)
        if checked is None:
            return
        verb, written = checked
        if ((written or {}).get("spec") or {}).get("nodeName") != node:
            raise forbidden(a, f"can only {verb} ResourceSlice with the same NodeName as the requesting node")

    def _signing_request(self, node: str, a: Attributes) -> None:
        if self._settings.any_signing_request or a.operation != CREATE:
            return
        spec = (a.object or {}).get("spec") or {}
        if spec.get("signerName") not in _KUBELET_SIGNERS:
            return
        try:
            name = common_name(spec.get("request") or "")
        except ValueError as e:
            raise forbidden(a, f"unable to parse csr: {e}") from None
        if name != f"system:node:{node}":
            raise forbidden(a, f"can only create a node CSR with CN=system:node:{node}")

    def _pod_certificate(self, node: str, a: Attributes) -> None:
        if not self._settings.pod_certificates:
            raise forbidden(a, "PodCertificateRequest feature gate is disabled")
        podcertificates.check_request(node, a, self._lister)

    # Claims and tokens of its pods

    def _claim(self, node: str, a: Attributes) -> None:
        if a.subresource != "status":
            raise forbidden(a, "may only update PVC status")
        if a.operation != UPDATE:
            raise forbidden(a, f"unexpected operation {go_quote(a.operation)}")
        old, new = _rest_of_claim(a.old_object or {}), _rest_of_claim(a.object or {})
        if _comparable(old) != _comparable(new):
            raise forbidden(
                a, f"node {go_quote(node)} is not allowed to update fields other than status.quantity and "
                f"status.conditions: {self._settings.claim_diff(old, new)}",
            )

    async def _token(self, node: str, a: Attributes) -> None:
        """A token is for a pod of the node. The server itself adds the node that the pod runs on."""
        if a.operation != CREATE or a.subresource != "token":
            return
        spec = (a.object or {}).get("spec") or {}
        bound = spec.get("boundObjectRef") or {}
        name, uid = bound.get("name"), bound.get("uid")
        if (bound.get("apiVersion"), bound.get("kind")) != ("v1", "Pod") or not name:
            raise forbidden(a, "node requested token not bound to a pod")
        if not uid:
            raise forbidden(a, "node requested token with a pod binding without a uid")
        pod = self._existing_pod(a.namespace, name)
        if uid != pod["metadata"].get("uid"):
            raise forbidden(
                a, f"the UID in the bound object reference ({uid}) does not match the UID in record. The object might "
                "have been deleted and then recreated",
            )
        if pod["spec"].get("nodeName") != node:
            raise forbidden(a, "node requested token bound to a pod scheduled on a different node")
        if self._settings.may_request_audience is not None:
            text = await audience_error(
                a, pod, spec.get("audiences") or [], self._lister, self._settings.may_request_audience
            )
            if text:
                raise forbidden(a, text)


def _pod_status(node: str, a: Attributes) -> None:
    new, old, who = a.object or {}, a.old_object or {}, f"node {go_quote(node)}"
    if (old.get("spec") or {}).get("nodeName") != node:
        text = f"{who} can only update pod status for pods with spec.nodeName set to itself"  # noqa: S608
        raise forbidden(a, text)
    if _labels(old) != _labels(new):
        raise forbidden(a, f"{who} cannot update labels through pod status")
    new_status, old_status = new.get("status") or {}, old.get("status") or {}
    if (new_status.get("resourceClaimStatuses") or []) != (old_status.get("resourceClaimStatuses") or []):
        # upstream's spelling
        raise forbidden(a, f"{who} cannot update resource claim statues")
    if _extended_claim(new_status) != _extended_claim(old_status):
        raise forbidden(a, f"{who} cannot update extended resource claim status")


def _extended_claim(pod_status: Object) -> tuple[str, list[Object]] | None:
    claim = pod_status.get("extendedResourceClaimStatus")
    return None if claim is None else (claim.get("resourceClaimName") or "", claim.get("requestMappings") or [])


def _node_update(who: str, a: Attributes, new: Object, old: Object) -> None:
    spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    source = spec.get("configSource")
    # old kubelets may drop it with an update of the status
    if source is not None and source != old_spec.get("configSource"):
        raise forbidden(a, f"{who} is not allowed to update configSource to a new non-nil configSource")
    if (spec.get("taints") or []) != (old_spec.get("taints") or []):
        raise forbidden(a, f"{who} is not allowed to modify taints")
    owners, old_owners = (((obj.get("metadata") or {}).get("ownerReferences") or []) for obj in (new, old))
    if owners != old_owners:
        raise forbidden(a, f"{who} is not allowed to modify ownerReferences")
    labels = nodelabels.forbidden_changes(_labels(new), _labels(old))
    if labels:
        raise forbidden(a, f"is not allowed to modify labels: {', '.join(labels)}")


def _labels(obj: Object) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}


def _written_name(a: Attributes) -> str:
    return str(((a.object or {}).get("metadata") or {}).get("name") or "") if a.operation == CREATE else a.name


def _rest_of_claim(claim: Object) -> Object:
    """What a node may not change."""
    metadata = {k: v for k, v in claim["metadata"].items() if k not in ("resourceVersion", "managedFields")}
    left = {k: v for k, v in (claim.get("status") or {}).items() if k not in _CLAIM_STATUS}
    return {**claim, "metadata": metadata, "status": left}


def _comparable(claim: Object) -> Object:
    """Quantities as numbers, and nothing empty (upstream: equality.Semantic)."""
    spec = dict(claim.get("spec") or {})
    resources = spec.pop("resources", None) or {}
    amounts = {
        field: {name: quantity.parse(text) for name, text in (resources.get(field) or {}).items()}
        for field in ("limits", "requests")
    }
    parts: dict[str, Any] = {
        "metadata": claim["metadata"], "spec": spec, "status": claim["status"], "amounts": amounts
    }
    return {name: {k: v for k, v in part.items() if v not in ({}, [])} for name, part in parts.items()}
