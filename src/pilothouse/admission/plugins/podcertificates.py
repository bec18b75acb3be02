"""For whom a node may ask for certificates of pods (upstream: plugin/pkg/admission/noderestriction,
admitPodCertificateRequest)."""

from typing import Final

from pilothouse.admission.interface import CREATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.plugins.pods import PODS, is_mirror
from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource

REQUESTS: Final = GroupResource("certificates.k8s.io", "podcertificaterequests")
_NODES: Final = GroupResource("", "nodes")
_ACCOUNTS: Final = GroupResource("", "serviceaccounts")


def check_request(node: str, a: Attributes, lister: Lister) -> None:
    """Raises StatusError. What may only be a cache that lags behind is no refusal, but an error: 500."""
    if a.operation != CREATE:
        raise forbidden(a, f"unexpected operation {a.operation}")
    if a.subresource:
        raise forbidden(a, f"unexpected subresource {a.subresource}")
    spec = (a.object or {}).get("spec") or {}
    _check_node(node, a, spec, lister)
    pod = _check_pod(a, spec, lister)
    _check_account(a, spec, pod, lister)


def _check_node(node: str, a: Attributes, spec: Object, lister: Lister) -> None:
    name, uid = spec.get("nodeName") or "", spec.get("nodeUID") or ""
    if name != node:
        raise forbidden(
            a, f"PodCertificateRequest.Spec.NodeName={go_quote(name)}, which is not the requesting node "
            f"{go_quote(node)}",
        )
    found = _get(lister, _NODES, "node", "", name, f"node {go_quote(name)}")
    known = found["metadata"].get("uid") or ""
    if known != uid:
        raise status.plain_internal(
            f"PodCertificateRequest for pod {_quoted(a, spec)} names node UID {go_quote(uid)}, inconsistent with the "
            f"running node ({go_quote(known)})"
        )


def _check_pod(a: Attributes, spec: Object, lister: Lister) -> Object:
    shown, uid = _quoted(a, spec), spec.get("podUID") or ""
    pod = _get(lister, PODS, "pod", a.namespace, spec.get("podName") or "", f"pod {shown}")
    known = pod["metadata"].get("uid") or ""
    if uid != known:
        raise status.plain_internal(
            f"PodCertificateRequest for pod {shown} contains pod UID ({go_quote(uid)}) which differs from running pod "
            f"{go_quote(known)}"
        )
    if pod["spec"].get("nodeName") != spec.get("nodeName"):
        node = go_quote(spec.get("nodeName") or "")
        raise forbidden(a, f"pod {shown} is not running on node {node} named in the PodCertificateRequest")
    if is_mirror(pod):
        raise forbidden(a, f"pod {shown} is a mirror pod")
    return pod


def _check_account(a: Attributes, spec: Object, pod: Object, lister: Lister) -> None:
    shown, name = _quoted(a, spec), spec.get("serviceAccountName") or ""
    running = pod["spec"].get("serviceAccountName") or ""
    if name != running:
        raise forbidden(
            a, f"PodCertificateRequest for pod {shown} contains serviceAccountName ({go_quote(name)}) that differs "
            f"from running pod ({go_quote(running)})",
        )
    account = _get(
        lister, _ACCOUNTS, "serviceaccount", a.namespace, name, f"service account {go_quote(f'{a.namespace}/{name}')}"
    )
    uid, known = spec.get("serviceAccountUID") or "", account["metadata"].get("uid") or ""
    if uid != known:
        raise status.plain_internal(
            f"PodCertificateRequest for pod {shown} names service account UID {go_quote(uid)}, which differs from the "
            f"running service account ({go_quote(known)})"
        )


def _quoted(a: Attributes, spec: Object) -> str:
    return go_quote(f"{a.namespace}/{spec.get('podName') or ''}")


def _get(lister: Lister, resource: GroupResource, singular: str, namespace: str, name: str, shown: str) -> Object:
    found = lister.get(resource, namespace, name)
    if found is None:
        missing = status.not_found(GroupResource("", singular), name).message
        raise status.plain_internal(f"while retrieving {shown} named in the PodCertificateRequest: {missing}")
    return found
