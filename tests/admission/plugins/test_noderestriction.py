import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from pilothouse.admission.interface import CREATE, DELETE, UPDATE, Attributes
from pilothouse.admission.plugins.noderestriction import NodeRestriction, Settings
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.registry.internal import internal_diff
from tests.admission.support import PODS, World, attributes, run

NODE = User("system:node:n1", groups=("system:nodes",))
NODES = GroupResource("", "nodes")
CLAIMS = GroupResource("", "persistentvolumeclaims")
ACCOUNTS = GroupResource("", "serviceaccounts")
LEASES = GroupResource("coordination.k8s.io", "leases")
CSI_NODES = GroupResource("storage.k8s.io", "csinodes")
SLICES = GroupResource("resource.k8s.io", "resourceslices")
SIGNING_REQUESTS = GroupResource("certificates.k8s.io", "certificatesigningrequests")

OWNER = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "node-uid", "controller": True}


def ask(
    resource: GroupResource, obj: Any, operation: str = CREATE, *, user: User = NODE, settings: Settings | None = None,
    **kwargs: Any,
) -> StatusError | None:
    """What the plugin says in a world with the nodes n1 and n2, a pod of each, and one of none."""
    found: list[StatusError] = []

    async def test(world: World) -> None:
        await world.put(NODES, {"metadata": {"name": "n1", "uid": "node-uid"}})
        for name, node in (("mine", "n1"), ("theirs", "n2"), ("free", "")):
            spec = {"nodeName": node} if node else {}
            await world.put(PODS, {"metadata": {"name": name, "namespace": "ns", "uid": f"{name}-uid"}, "spec": spec})
        a = attributes(resource, obj, operation, **kwargs)
        a.context.user = user
        plugin = NodeRestriction(world.lister, settings)
        assert plugin.handles(operation, resource, a.subresource)
        try:
            await plugin.admit(a)
        except StatusError as e:
            found.append(e)

    run(test)
    return found[0] if found else None


def expect(error: StatusError | None, text: str, code: int = 403) -> None:
    """`text` is the cause of a refusal, "" for none."""
    if not text:
        assert error is None, error
        return
    assert error is not None
    message = error.message.partition(" is forbidden: ")[2] if code == 403 else error.message
    assert (error.code, message) == (code, text)


def mirror(**changes: Any) -> dict[str, Any]:
    metadata = {
        "name": "m", "namespace": "ns", "annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [OWNER],
    }
    metadata.update(changes.pop("metadata", {}))
    return {"metadata": metadata, "spec": {"nodeName": "n1", "containers": [{"name": "c"}], **changes}}


def owned(**changes: Any) -> dict[str, Any]:
    return mirror(metadata={"ownerReferences": [{**OWNER, **changes}]})


SELF = 'node "n1" can only create pods with an owner reference set to itself'
REFERS = 'node "n1" can not create pods that reference '


@pytest.mark.parametrize(("user", "text"), [
    (User("bob", groups=("system:nodes",)), ""), (User("system:node:n1"), ""), (NODE, "refused"),
    (User("system:node:", groups=("system:nodes",)), 'could not determine node from user "system:node:"'),
])
def test_only_nodes_are_restricted(user: User, text: str) -> None:
    error = ask(PODS, {"metadata": {"name": "p", "namespace": "ns"}, "spec": {}}, user=user)
    if text == "refused":
        assert error is not None
    else:
        expect(error, text)


@pytest.mark.parametrize(("made", "text"), [
    (mirror(), ""),
    (mirror(metadata={"annotations": {}}),
     'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods'),
    (mirror(nodeName="n2"), 'node "n1" can only create pods with spec.nodeName set to itself'),
    (mirror(nodeName=None), 'node "n1" can only create pods with spec.nodeName set to itself'),
    (mirror(metadata={"ownerReferences": []}), SELF),
    (mirror(metadata={"ownerReferences": [OWNER, OWNER]}),
     'node "n1" can only create pods with a single owner reference set to itself'),
    (owned(apiVersion="v2"), SELF), (owned(kind="Pod"), SELF), (owned(name="n2"), SELF),
    (owned(controller=None), 'node "n1" can only create pods with a controller owner reference set to itself'),
    (owned(controller=False), 'node "n1" can only create pods with a controller owner reference set to itself'),
    (owned(blockOwnerDeletion=True), 'node "n1" must not set blockOwnerDeletion on an owner reference'),
    (owned(blockOwnerDeletion=False), ""),
    (owned(uid="other"), "node n1 UID mismatch: expected other got node-uid"),
    (mirror(serviceAccountName="sa"), REFERS + "serviceaccounts"),
    (mirror(imagePullSecrets=[{"name": "s"}]), REFERS + "secrets"),
    (mirror(volumes=[{"name": "v", "configMap": {"name": "c"}}]), REFERS + "configmaps"),
    (mirror(resourceClaims=[{"name": "r"}]), REFERS + "resourceclaims"),
])
def test_mirror_pods(made: dict[str, Any], text: str) -> None:
    expect(ask(PODS, made), text)


def test_a_node_that_is_not_there_creates_no_pods() -> None:
    made = mirror(nodeName="n9", metadata={"ownerReferences": [{**OWNER, "name": "n9"}]})
    user = User("system:node:n9", groups=("system:nodes",))
    expect(ask(PODS, made, user=user), 'node "n9" not found', 404)


@pytest.mark.parametrize(("name", "text", "code"), [
    ("mine", "", 0), ("theirs", 'node "n1" can only delete pods with spec.nodeName set to itself', 403),
    ("free", 'node "n1" can only delete pods with spec.nodeName set to itself', 403),
    ("gone", 'pod "gone" not found', 404),
])
def test_pods_are_deleted(name: str, text: str, code: int) -> None:
    expect(ask(PODS, None, DELETE, name=name, namespace="ns"), text, code)


@pytest.mark.parametrize(("operation", "subresource", "text"), [
    (UPDATE, "", 'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods'),
    (CREATE, "status", 'unexpected operation "CREATE"'), (DELETE, "status", 'unexpected operation "DELETE"'),
    (UPDATE, "eviction", "unexpected operation UPDATE"), (DELETE, "eviction", "unexpected operation DELETE"),
    (CREATE, "binding", "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed"),
])
def test_what_nodes_never_do_to_pods(operation: str, subresource: str, text: str) -> None:
    expect(ask(PODS, mirror(), operation, subresource=subresource), text)


@pytest.mark.parametrize(("name", "text", "code"), [
    ("mine", "", 0), ("theirs", "node n1 can only evict pods with spec.nodeName set to itself", 403),
    ("gone", 'pod "gone" not found', 404), ("", "could not determine pod from request data", 403),
])
@pytest.mark.parametrize("unnamed", [False, True])
def test_evictions(name: str, text: str, code: int, unnamed: bool) -> None:
    eviction = {"metadata": {"namespace": "ns", **({"name": name} if name and unnamed else {})}}
    expect(ask(
        PODS, eviction, subresource="eviction", name="" if unnamed else name, namespace="ns"
    ), text, code)


def _pod(node: str = "n1", labels: Any = None, **status: Any) -> dict[str, Any]:
    metadata = {"name": "p", "namespace": "ns", **({"labels": labels} if labels is not None else {})}
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": status}


@pytest.mark.parametrize(("old", "new", "text"), [
    (_pod(), _pod(phase="Running"), ""), (_pod(labels={}), _pod(), ""),
    (_pod("n2"), _pod(), 'node "n1" can only update pod status for pods with spec.nodeName set to itself'),
    (_pod(), _pod(labels={"a": "b"}), 'node "n1" cannot update labels through pod status'),
    (_pod(labels={"a": "b"}), _pod(), 'node "n1" cannot update labels through pod status'),
    (_pod(), _pod(resourceClaimStatuses=[{"name": "a"}]), 'node "n1" cannot update resource claim statues'),
    (_pod(resourceClaimStatuses=[{"name": "a", "resourceClaimName": "b"}]), _pod(resourceClaimStatuses=[{"name": "a"}]),
     'node "n1" cannot update resource claim statues'),
    (_pod(), _pod(extendedResourceClaimStatus={"resourceClaimName": "c"}),
     'node "n1" cannot update extended resource claim status'),
    (_pod(extendedResourceClaimStatus={"resourceClaimName": "c"}),
     _pod(extendedResourceClaimStatus={"resourceClaimName": "c", "requestMappings": []}), ""),
])
def test_pod_status(old: dict[str, Any], new: dict[str, Any], text: str) -> None:
    expect(ask(PODS, new, UPDATE, subresource="status", old_object=old), text)


def _node(labels: Any = None, **changes: Any) -> dict[str, Any]:
    return {"metadata": {"name": "n1", "labels": labels or {}, **changes.pop("metadata", {})}, "spec": changes}


KEPT = "example.node-restriction.kubernetes.io/a, foo.k8s.io/a, node-role.kubernetes.io/master, other.kubernetes.io/a"
GOOD = {
    "kubernetes.io/hostname": "x", "a.kubelet.kubernetes.io/b": "x", "node.kubernetes.io/c": "x", "mine": "x",
    "example.com/k8s.io": "x",
}
BAD = {**GOOD, **dict.fromkeys(KEPT.split(", "), "x")}


@pytest.mark.parametrize(("new", "old", "text"), [
    (_node(GOOD), None, ""), (_node(BAD), None, f'node "n1" is not allowed to set the following labels: {KEPT}'),
    (_node(configSource={}), None, 'node "n1" is not allowed to create pods with a non-nil configSource'),
    (_node(taints=[{"key": "a"}]), None, ""),
    (_node(GOOD), _node(), ""), (_node(BAD), _node(BAD), ""),
    (_node(), _node(BAD), f"is not allowed to modify labels: {KEPT}"),
    (_node({**BAD, "foo.k8s.io/a": "y"}), _node(BAD), "is not allowed to modify labels: foo.k8s.io/a"),
    (_node(taints=[{"key": "a"}]), _node(), 'node "n1" is not allowed to modify taints'),
    (_node(taints=[]), _node(), ""),
    (_node(metadata={"ownerReferences": [OWNER]}), _node(), 'node "n1" is not allowed to modify ownerReferences'),
    (_node(configSource={"configMap": {}}), _node(),
     'node "n1" is not allowed to update configSource to a new non-nil configSource'),
    (_node(), _node(configSource={"configMap": {}}), ""),
])
def test_nodes(new: dict[str, Any], old: dict[str, Any] | None, text: str) -> None:
    expect(ask(NODES, new, UPDATE if old else CREATE, old_object=old, subresource="status" if old else ""), text)


@pytest.mark.parametrize("operation", [CREATE, UPDATE, DELETE])
def test_other_nodes(operation: str) -> None:
    expect(ask(NODES, None, operation, name="n2"), 'node "n1" is not allowed to modify node "n2"')


@pytest.mark.parametrize(("namespace", "name", "text"), [
    ("kube-node-lease", "n1", ""),
    ("ns", "n1", 'can only access leases in the "kube-node-lease" system namespace'),
    ("kube-node-lease", "n2", "can only access node lease with the same name as the requesting node"),
])
def test_leases(namespace: str, name: str, text: str) -> None:
    lease = {"metadata": {"name": name, "namespace": namespace}}
    for operation, obj in ((CREATE, lease), (UPDATE, lease), (DELETE, None)):
        expect(ask(LEASES, obj, operation, name=name, namespace=namespace), text)


def test_csi_nodes() -> None:
    for name, text in (("n1", ""), ("n2", "can only access CSINode with the same name as the requesting node")):
        expect(ask(CSI_NODES, {"metadata": {"name": name}}), text)
        expect(ask(CSI_NODES, None, DELETE, name=name), text)


@pytest.mark.parametrize("spec", [{"nodeName": "n1"}, {"nodeName": "n2"}, {"allNodes": True}])
def test_resource_slices(spec: dict[str, Any]) -> None:
    slice = {"metadata": {"name": "s"}, "spec": spec}
    own = spec.get("nodeName") == "n1"
    text = "can only {} ResourceSlice with the same NodeName as the requesting node"
    expect(ask(SLICES, slice), "" if own else text.format("create"))
    expect(ask(SLICES, None, DELETE, name="s", old_object=slice), "" if own else text.format("delete"))
    expect(ask(SLICES, slice, UPDATE, old_object=slice), "")


def _request(signer: str, *names: str) -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    pem = made.public_bytes(serialization.Encoding.PEM)
    return {"metadata": {"name": "r"}, "spec": {"signerName": signer, "request": base64.b64encode(pem).decode()}}


OWN_NAME = "can only create a node CSR with CN=system:node:n1"


@pytest.mark.parametrize(("signer", "names", "text"), [
    ("kubernetes.io/kubelet-serving", ["system:node:n1"], ""),
    ("kubernetes.io/kubelet-serving", ["system:node:n2"], OWN_NAME),
    ("kubernetes.io/kube-apiserver-client-kubelet", [], OWN_NAME),
    ("kubernetes.io/kube-apiserver-client-kubelet", ["x", "system:node:n1"], ""), ("example.com/x", ["other"], ""),
])
def test_signing_requests(signer: str, names: list[str], text: str) -> None:
    expect(ask(SIGNING_REQUESTS, _request(signer, *names)), text)
    expect(ask(SIGNING_REQUESTS, _request(signer, *names), settings=Settings(any_signing_request=True)), "")


def test_signing_requests_that_are_none() -> None:
    made = {"metadata": {"name": "r"}, "spec": {"signerName": "kubernetes.io/kubelet-serving", "request": "b29wcw=="}}
    expect(ask(SIGNING_REQUESTS, made), "unable to parse csr: PEM block type must be CERTIFICATE REQUEST")


def _claim(request: str = "1Gi", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "c", "namespace": "ns", "resourceVersion": str(len(status))},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": request}}}, "status": status,
    }


def test_claims() -> None:
    expect(ask(CLAIMS, _claim(), UPDATE), "may only update PVC status")
    kwargs: dict[str, Any] = {"subresource": "status", "old_object": _claim(phase="Bound")}
    expect(ask(CLAIMS, _claim(), CREATE, subresource="status"), 'unexpected operation "CREATE"')
    allowed = _claim("1024Mi", phase="Bound", capacity={"storage": "2Gi"}, conditions=[{"type": "a"}])
    expect(ask(CLAIMS, allowed, UPDATE, **kwargs), "")
    settings = Settings(claim_diff=lambda old, new: internal_diff("core.PersistentVolumeClaim", old, new))
    expect(ask(CLAIMS, _claim(phase="Lost"), UPDATE, settings=settings, **kwargs), (
        'node "n1" is not allowed to update fields other than status.quantity and status.conditions: '
        '@@ -20,7 +20,7 @@\n   "VolumeAttributesClassName": null\n  },\n  "Status": {\n-  "Phase": "Bound",\n'
        '+  "Phase": "Lost",\n   "AccessModes": null,\n   "Capacity": null,\n   "Conditions": null,\n'
    ))


def _token(audiences: list[str] | None = None, **bound: Any) -> dict[str, Any]:
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "mine", "uid": "mine-uid", **bound}
    return {"metadata": {}, "spec": {"audiences": audiences or [], "boundObjectRef": reference}}


@pytest.mark.parametrize(("token", "text", "code"), [
    (_token(), "", 0), ({"metadata": {}, "spec": {}}, "node requested token not bound to a pod", 403),
    (_token(kind="Secret"), "node requested token not bound to a pod", 403),
    (_token(name=""), "node requested token not bound to a pod", 403),
    (_token(uid=""), "node requested token with a pod binding without a uid", 403),
    (_token(name="gone"), 'pod "gone" not found', 404),
    (_token(uid="x"), "the UID in the bound object reference (x) does not match the UID in record. The object might "
     "have been deleted and then recreated", 403),
    (_token(name="theirs", uid="theirs-uid"), "node requested token bound to a pod scheduled on a different node", 403),
    (_token(["a"]), 'audience "a" not found in pod spec volume, system:node:n1 is not authorized to request tokens for '
     "this audience", 403),
    (_token(["fine"]), "", 0),
])
def test_tokens(token: dict[str, Any], text: str, code: int) -> None:
    async def may(context: Context, audience: str, namespace: str, account: str) -> tuple[bool, str]:
        assert (context.user, namespace, account) == (NODE, "ns", "sa")
        return audience in ("", "fine"), ""

    settings = Settings(may_request_audience=may)
    kwargs: dict[str, Any] = {"subresource": "token", "namespace": "ns", "name": "sa"}
    expect(ask(ACCOUNTS, token, settings=settings, **kwargs), text, code)
    expect(ask(ACCOUNTS, token, **{**kwargs, "subresource": ""}), "")


def test_without_the_gate_audiences_do_not_count() -> None:
    expect(ask(ACCOUNTS, _token(["a", "b"]), subresource="token", namespace="ns", name="sa"), "")


def test_it_stands_in_the_chain_when_asked_for() -> None:
    async def test(world: World) -> None:
        a: Attributes = attributes(NODES, {"metadata": {"name": "n2"}})
        a.context.user = NODE
        with pytest.raises(StatusError, match="not allowed to modify node"):
            await world.chain.admit(a)

    run(test, enable=["NodeRestriction"])
