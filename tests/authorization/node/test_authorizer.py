import asyncio
from typing import Any

import pytest
from tests.authorization.node.test_graph import pod, volume

from pilothouse.apimachinery.user import User, node_identity
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.authorization.node.authorizer import NodeAuthorizer
from pilothouse.authorization.node.graph import Graph
from pilothouse.controlplane.authorization import node_rules

NODE = User("system:node:n1", groups=("system:nodes", "system:authenticated"))


@pytest.fixture(scope="module")
def authorizer() -> NodeAuthorizer:
    graph = Graph()
    graph.observe("pods", pod(), deleted=False)
    graph.observe("persistentvolumes", volume(), deleted=False)
    for kind in ("volumeattachments", "resourceslices"):
        graph.observe(kind, {"metadata": {"name": "mine"}, "spec": {"nodeName": "n1"}}, deleted=False)
    return NodeAuthorizer(graph, node_rules(), pod_certificates=True)


def ask(authorizer: NodeAuthorizer, text: str, user: User = NODE, **more: Any) -> tuple[bool, str]:
    """`text`: "verb group/resource[/subresource] [namespace/]name"."""
    verb, what, *where = text.split()
    group, resource, *sub = what.split("/")
    namespace, _, name = where[0].rpartition("/") if where else ("", "", "")
    decision, reason = asyncio.run(authorizer.authorize(Attributes(
        user, verb, api_group=group, namespace=namespace, resource=resource, subresource="".join(sub), name=name,
        **more,
    )))
    assert decision is not Decision.DENY
    return decision is Decision.ALLOW, reason


UNRELATED = "no relationship found between node 'n1' and this object"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("get /secrets ns/s1", None), ("list /secrets ns/s1", None), ("get /secrets ns/other", UNRELATED),
        ("get /secrets other/s1", UNRELATED), ("list /secrets ns/", "No Object name found"),
        ("list /secrets", "can only read namespaced object of this type"),
        ("update /secrets ns/s1", "can only read resources of this type"),
        ("get /secrets/x ns/s1", "cannot read subresource"),
        ("watch /configmaps ns/c1", None), ("get /persistentvolumes pv", None),
        ("list /persistentvolumes pv", "can only get individual resources of this type"),
        ("get /persistentvolumes/status pv", "cannot get subresource"),
        ("get /persistentvolumeclaims ns/data", None), ("patch /persistentvolumeclaims/status ns/data", None),
        ("get /persistentvolumeclaims/status ns/data", "can only get/update/patch this type"),
        ("get resource.k8s.io/resourceclaims ns/claim", None), ("get storage.k8s.io/volumeattachments mine", None),
        ("get storage.k8s.io/volumeattachments other", UNRELATED),
        ("create /serviceaccounts/token ns/sa", None), ("create /serviceaccounts/token ns/default", UNRELATED),
        ("get /serviceaccounts ns/sa", None),
        ("list /serviceaccounts ns/sa", "can only create tokens for individual service accounts"),
        ("create /serviceaccounts ns/sa", "can only create token subresource of serviceaccount"),
        ("update coordination.k8s.io/leases kube-node-lease/n1", None),
        ("create coordination.k8s.io/leases kube-node-lease/", None),
        ("update coordination.k8s.io/leases kube-node-lease/n2",
         "can only access node lease with the same name as the requesting node"),
        ("get coordination.k8s.io/leases kube-system/n1",
         'can only access leases in the "kube-node-lease" system namespace'),
        ("list coordination.k8s.io/leases kube-node-lease/",
         "can only get, create, update, patch, or delete a node lease"),
        ("get storage.k8s.io/csinodes n1", None),
        ("get storage.k8s.io/csinodes n2", "can only access CSINode with the same name as the requesting node"),
        ("list storage.k8s.io/csinodes", "can only get, create, update, patch, or delete a CSINode"),
        ("get storage.k8s.io/csinodes/x n1", "cannot authorize CSINode subresources"),
        ("create resource.k8s.io/resourceslices", None), ("get resource.k8s.io/resourceslices mine", None),
        ("delete resource.k8s.io/resourceslices other", UNRELATED),
        ("list resource.k8s.io/resourceslices",
         "can only list/watch/deletecollection resourceslices with nodeName field selector"),
        ("get /nodes n1", None), ("update /nodes n2", None), ("patch /nodes/status n1", None),
        ("get /nodes n2", "node 'n1' cannot read 'n2', only its own Node object"),
        ("list /nodes", "node 'n1' cannot read all nodes, only its own Node object"), ("delete /nodes n1", ""),
        ("get /pods ns/p", None), ("get /pods ns/q", UNRELATED), ("create /pods ns/", None),
        ("delete /pods ns/q", None), ("patch /pods/status ns/q", None), ("create /pods/eviction ns/q", None),
        ("list /pods", "can only list/watch pods with spec.nodeName field selector"), ("update /pods ns/p", ""),
        ("watch /pods ns/p", None),
        ("create certificates.k8s.io/podcertificaterequests ns/", None),
        ("delete certificates.k8s.io/podcertificaterequests ns/x", "nodes may not delete podcertificaterequests"),
        # by the rules of system:node
        ("list /services", None), ("create /events ns/", None), ("get node.k8s.io/runtimeclasses x", None),
        ("delete /services ns/x", ""), ("list apps/deployments", ""),
    ],
)
def test_what_a_node_may(authorizer: NodeAuthorizer, text: str, reason: str | None) -> None:
    assert ask(authorizer, text) == (reason is None, reason or "")


def test_lists_of_its_own(authorizer: NodeAuthorizer) -> None:
    for what in ("/pods", "resource.k8s.io/resourceslices", "certificates.k8s.io/podcertificaterequests"):
        assert ask(authorizer, f"list {what}", field_selector="spec.nodeName=n1,a!=b")[0]
        for other in ("spec.nodeName=n2", "spec.nodeName!=n1", "metadata.name=x", "nonsense"):
            assert not ask(authorizer, f"watch {what}", field_selector=other)[0]


def test_certificates_of_pods_need_their_gate() -> None:
    ungated = NodeAuthorizer(Graph(), node_rules())
    assert ask(ungated, "create certificates.k8s.io/podcertificaterequests ns/") == (False, "")


def test_who_is_a_node(authorizer: NodeAuthorizer) -> None:
    assert node_identity(NODE) == "n1"
    assert node_identity(User("system:node:n1")) is None
    assert node_identity(User("bob", groups=("system:nodes",))) is None
    assert ask(authorizer, "get /secrets ns/s1", User("bob")) == (False, "")
    nameless = User("system:node:", groups=("system:nodes",))
    assert ask(authorizer, "get /secrets ns/s1", nameless) == (False, 'unknown node for user "system:node:"')
    other = User("system:node:n2", groups=("system:nodes",))
    assert not ask(authorizer, "get /secrets ns/s1", other)[0]
    assert authorizer.rules_for(NODE, "ns").incomplete
    assert not authorizer.rules_for(User("bob"), "ns").incomplete
