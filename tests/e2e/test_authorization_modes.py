"""Node, ABAC and webhook authorization of a real server, asked over TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.authorization import Client

TOKENS = ("admin-token,admin,1,system:masters", "node-token,system:node:n1,2,system:nodes", "bob-token,bob,3,dev")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    policy = tmp_path_factory.mktemp("abac") / "policy.jsonl"
    policy.write_text(
        '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"bob",'
        '"namespace":"default","resource":"configmaps","apiGroup":"*","readonly":true}}\n'
    )
    flags = ["--authorization-mode=Node,ABAC", f"--authorization-policy-file={policy}"]
    with TestServer(flags, tokens=TOKENS) as running:
        yield running


def test_a_node_reads_what_its_pods_refer_to(server: TestServer) -> None:
    admin, node = Client(server, "admin-token"), Client(server, "node-token")
    secrets = "/api/v1/namespaces/default/secrets"
    for name in ("used", "unused"):
        assert admin("POST", secrets, {"metadata": {"name": name}})[0] == 201
    code, refused = node("GET", f"{secrets}/used")
    assert (code, refused["message"]) == (
        403, 'secrets "used" is forbidden: User "system:node:n1" cannot get resource "secrets" in API group "" in the '
        "namespace \"default\": no relationship found between node 'n1' and this object\nNo policy matched.",
    )
    account = {"metadata": {"name": "default"}}
    assert admin("POST", "/api/v1/namespaces/default/serviceaccounts", account)[0] in (201, 409)
    pod = {"metadata": {"name": "p"}, "spec": {
        "nodeName": "n1", "containers": [{"name": "c", "image": "i"}], "imagePullSecrets": [{"name": "used"}],
    }}
    code, made = admin("POST", "/api/v1/namespaces/default/pods", pod)
    assert code == 201, made
    assert node("GET", f"{secrets}/used")[0] == 200
    assert node("GET", f"{secrets}/unused")[0] == 403
    assert node("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1")[1]["items"][0]["metadata"]["name"] == "p"
    assert node("GET", "/api/v1/pods")[0] == 403
    assert node("GET", "/api/v1/services")[0] == 200
    assert admin("DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0")[0] == 200
    assert node("GET", f"{secrets}/used")[0] == 403


def test_policies_of_a_file(server: TestServer) -> None:
    bob = Client(server, "bob-token")
    assert bob("GET", "/api/v1/namespaces/default/configmaps")[0] == 200
    assert bob("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "x"}})[0] == 403
    code, refused = bob("GET", "/api/v1/namespaces/default/secrets")
    assert (code, refused["message"].endswith(": No policy matched.")) == (403, True)


def test_policies_that_do_not_parse_keep_the_server_from_starting(tmp_path: Path) -> None:
    from pilothouse.testing.server import StartError

    policy = tmp_path / "policy.jsonl"
    policy.write_text("{}\n{oops\n")
    flags = ["--authorization-mode=ABAC", f"--authorization-policy-file={policy}"]
    with pytest.raises(StartError, match=r"policy\.jsonl, line 2"), TestServer(flags):
        pass
