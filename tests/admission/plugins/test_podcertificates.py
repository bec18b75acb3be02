from typing import Any

import pytest

from pilothouse.admission.interface import CREATE, UPDATE
from pilothouse.admission.plugins.noderestriction import NodeRestriction, Settings
from pilothouse.admission.plugins.podcertificates import REQUESTS
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from tests.admission.support import PODS, World, attributes, run

NODE = User("system:node:n1", groups=("system:nodes",))
GOOD = {
    "nodeName": "n1", "nodeUID": "node-uid", "podName": "p", "podUID": "p-uid", "serviceAccountName": "sa",
    "serviceAccountUID": "sa-uid",
}


def ask(operation: str = CREATE, subresource: str = "", enabled: bool = True, **changes: str) -> tuple[int, str]:
    """(code, cause); (0, "") for an admitted request."""
    found: list[tuple[int, str]] = []

    async def test(world: World) -> None:
        await world.put(GroupResource("", "nodes"), {"metadata": {"name": "n1", "uid": "node-uid"}})
        account = {"metadata": {"name": "sa", "namespace": "ns", "uid": "sa-uid"}}
        await world.put(GroupResource("", "serviceaccounts"), account)
        mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
        for name, node, more in (("p", "n1", {}), ("far", "n2", {}), ("mirror", "n1", mirror)):
            metadata = {"name": name, "namespace": "ns", "uid": f"{name}-uid", **more}
            await world.put(PODS, {"metadata": metadata, "spec": {"nodeName": node, "serviceAccountName": "sa"}})
        made: dict[str, Any] = {"metadata": {"name": "r", "namespace": "ns"}, "spec": {**GOOD, **changes}}
        a = attributes(REQUESTS, made, operation, subresource=subresource)
        a.context.user = NODE
        try:
            await NodeRestriction(world.lister, Settings(pod_certificates=enabled)).admit(a)
        except StatusError as e:
            found.append((e.code, e.message.rpartition(" is forbidden: ")[2]))

    run(test)
    return found[0] if found else (0, "")


@pytest.mark.parametrize(("changes", "code", "text"), [
    ({}, 0, ""),
    ({"nodeName": "n2"}, 403, 'PodCertificateRequest.Spec.NodeName="n2", which is not the requesting node "n1"'),
    ({"nodeUID": "x"}, 500,
     'PodCertificateRequest for pod "ns/p" names node UID "x", inconsistent with the running node ("node-uid")'),
    ({"podName": "gone"}, 500,
     'while retrieving pod "ns/gone" named in the PodCertificateRequest: pod "gone" not found'),
    ({"podUID": "x"}, 500,
     'PodCertificateRequest for pod "ns/p" contains pod UID ("x") which differs from running pod "p-uid"'),
    ({"podName": "far", "podUID": "far-uid"}, 403,
     'pod "ns/far" is not running on node "n1" named in the PodCertificateRequest'),
    ({"podName": "mirror", "podUID": "mirror-uid"}, 403, 'pod "ns/mirror" is a mirror pod'),
    ({"serviceAccountName": "other"}, 403,
     'PodCertificateRequest for pod "ns/p" contains serviceAccountName ("other") that differs from running pod ("sa")'),
    ({"serviceAccountUID": "x"}, 500,
     'PodCertificateRequest for pod "ns/p" names service account UID "x", which differs from the running service '
     'account ("sa-uid")'),
])
def test_requests(changes: dict[str, str], code: int, text: str) -> None:
    assert ask(**changes) == (code, text)


def test_an_account_that_is_gone() -> None:
    async def test(world: World) -> None:
        pod = {"metadata": {"name": "p", "namespace": "ns", "uid": "p-uid"}, "spec": {
            "nodeName": "n1", "serviceAccountName": "gone",
        }}
        await world.put(GroupResource("", "nodes"), {"metadata": {"name": "n1", "uid": "node-uid"}})
        await world.put(PODS, pod)
        a = attributes(REQUESTS, {
            "metadata": {"name": "r", "namespace": "ns"}, "spec": {**GOOD, "serviceAccountName": "gone"},
        })
        a.context.user = NODE
        text = 'service account "ns/gone" named in the PodCertificateRequest: serviceaccount "gone" not found'
        with pytest.raises(StatusError, match=text):
            await NodeRestriction(world.lister, Settings(pod_certificates=True)).admit(a)

    run(test)


def test_what_nodes_never_do() -> None:
    assert ask(UPDATE) == (403, "unexpected operation UPDATE")
    assert ask(CREATE, "status") == (403, "unexpected subresource status")
    assert ask(enabled=False) == (403, "PodCertificateRequest feature gate is disabled")
