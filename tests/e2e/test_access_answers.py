"""What a real server says to odd questions about who may do what, word by word as kube-apiserver says it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pilothouse.testing.server import TestServer
from tests.e2e.authorization import Client

TOKENS = ("admin-token,admin,1,system:masters", "bob-token,bob,2")
GROUP = "rbac.authorization.k8s.io"
RBAC = f"/apis/{GROUP}/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    with TestServer(tokens=TOKENS) as running:
        yield running


@pytest.fixture(scope="module")
def admin(server: TestServer) -> Client:
    return Client(server, "admin-token")


@pytest.fixture(scope="module")
def bob(server: TestServer, admin: Client) -> Client:
    """He may write roles and bindings, and two of his own bindings lead nowhere."""
    rules = [{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["create"]}]
    create(admin, f"{RBAC}/clusterroles", {"metadata": {"name": "writer"}, "rules": rules})
    everywhere, here = f"{RBAC}/clusterrolebindings", f"{RBAC}/namespaces/default/rolebindings"
    for name, kind, path in (
        ("writer", "ClusterRole", everywhere), ("lost", "ClusterRole", everywhere), ("gone", "Role", here),
    ):
        create(admin, path, {
            "metadata": {"name": name}, "roleRef": {"apiGroup": GROUP, "kind": kind, "name": name},
            "subjects": [{"kind": "User", "name": "bob", "apiGroup": GROUP}],
        })
    return Client(server, "bob-token")


def create(client: Client, path: str, obj: Any) -> Any:
    code, answer = client("POST", path, obj)
    assert code == 201, answer
    return answer


def refused(client: Client, path: str, obj: Any, method: str = "POST") -> tuple[int, str]:
    code, answer = client(method, path, obj)
    return code, answer["message"]


def test_a_review_with_empty_extras(admin: Client) -> None:
    spec = {"user": "x", "extra": {"a": None, "b": []}, "nonResourceAttributes": {}}
    assert create(admin, REVIEWS, {"spec": spec})["status"] == {"allowed": False}


@pytest.mark.parametrize(("token", "status", "expected"), [
    ("bob-token", {"error": "old", "audiences": ["x"]}, {
        "authenticated": True, "error": "old", "audiences": ["https://kubernetes.default.svc"],
        "user": {"username": "bob", "uid": "2", "groups": ["system:authenticated"]},
    }),
    ("nobody", {"authenticated": True, "user": {"username": "x"}}, {
        "user": {"username": "x"}, "error": "invalid bearer token",
    }),
    # what is no credential at all is anonymous, for a review as for a request
    (" bob-token", {}, {
        "authenticated": True, "user": {"username": "system:anonymous", "groups": ["system:unauthenticated"]},
        "audiences": ["https://kubernetes.default.svc"],
    }),
])
def test_a_token_review_that_comes_with_a_status(admin: Client, token: str, status: Any, expected: Any) -> None:
    assert create(admin, TOKEN_REVIEWS, {"spec": {"token": token}, "status": status})["status"] == expected


def test_tokens_that_cannot_be_bound_or_are_for_another_account(admin: Client) -> None:
    account = create(admin, ACCOUNTS, {"metadata": {"name": "robot"}})
    path = f"{ACCOUNTS}/robot/token"

    def bound(**reference: str) -> Any:
        return {"spec": {"boundObjectRef": reference}}

    assert refused(admin, path, bound()) == (400, "cannot bind token to object of type /, Kind=")
    # what cannot be read as a version is none, and a pod is one of the core group
    assert refused(admin, path, bound(apiVersion="a/b/c", kind="Pod", name="x")) == (404, 'pods "x" not found')
    assert refused(admin, path, bound(apiVersion="v1", kind="Pod")) == (400, "Name parameter required.")
    assert refused(admin, path, {"metadata": {"uid": "other"}, "spec": {}}) == (
        409, 'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "robot": the UID in the token '
        f"request (other) does not match the UID of the service account ({account['metadata']['uid']})",
    )
    made = create(admin, path, {"metadata": {"uid": account["metadata"]["uid"]}, "spec": {}})
    header = made["status"]["token"].split(".")[0]
    assert set(json.loads(base64.urlsafe_b64decode(header + "=="))) == {"alg", "kid"}


def forged(token: str, header: Any) -> str:
    _, body, signature = token.split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(("header", "error"), [
    ({"alg": "none"}, "go-jose/go-jose: error in cryptographic primitive"),
    ({"alg": "HS256"}, "go-jose/go-jose: error in cryptographic primitive"),
    ({"alg": "RS256", "crit": ["x"]}, "go-jose/go-jose: error in cryptographic primitive"),
    ({}, "go-jose/go-jose: error in cryptographic primitive"),
    ({"alg": "RS256", "kid": "other"}, "invalid signature, no keys found"),
    ({"alg": "RS256", "kid": ["other"]}, "invalid bearer token"),
    ({"alg": 5}, "invalid bearer token"),
])
def test_forged_tokens(admin: Client, server: TestServer, header: Any, error: str) -> None:
    admin("POST", ACCOUNTS, {"metadata": {"name": "forged"}})
    token = forged(create(admin, f"{ACCOUNTS}/forged/token", {"spec": {}})["status"]["token"], header)
    assert create(admin, TOKEN_REVIEWS, {"spec": {"token": token}})["status"] == {"user": {}, "error": error}
    assert refused(Client(server, token), "/api/v1/namespaces", None, "GET") == (401, "Unauthorized")


def test_what_a_writer_of_roles_does_not_hold(bob: Client) -> None:
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    held = ('user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
            '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}; resolution errors: ')
    role = {"metadata": {"name": "r"}, "rules": [rule]}
    # roles that are not there are told of in the name of what is written
    assert refused(bob, f"{RBAC}/clusterroles", role) == (
        403, f'clusterroles.{GROUP} "r" is forbidden: {held}[clusterroles.{GROUP} "lost" not found]'
    )
    assert refused(bob, f"{RBAC}/namespaces/default/roles", role) == (
        403, f'roles.{GROUP} "r" is forbidden: {held}[[roles.{GROUP} "lost" not found, roles.{GROUP} "gone" not found]]'
    )
    assert refused(bob, "/api/v1/secrets", None, "GET") == (
        403, 'secrets is forbidden: User "bob" cannot list resource "secrets" in API group "" at the cluster scope: '
        f'RBAC: clusterrole.{GROUP} "lost" not found',
    )


@pytest.mark.parametrize(("reference", "code", "message"), [
    ({"kind": "ClusterRole", "name": ""}, 400, "Name parameter required."),
    ({"kind": "ClusterRole", "name": ".."}, 400, 'Name parameter invalid: "..": may not be \'..\''),
    ({"kind": "Role", "name": "x"}, 400, "Namespace parameter required."),
    ({"kind": "ClusterRole", "name": "x"}, 404, f'clusterrolebindings.{GROUP} "x" not found'),
    ({"kind": "Thing", "name": "x"}, 500, 'unsupported role reference kind: "Thing"'),
])
def test_bindings_to_roles_that_cannot_be_looked_up(bob: Client, reference: Any, code: int, message: str) -> None:
    obj = {"metadata": {"name": "y"}, "roleRef": {"apiGroup": GROUP, **reference}}
    assert refused(bob, f"{RBAC}/clusterrolebindings", obj) == (code, message)


def signing_request(organization: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    made = x509.CertificateSigningRequestBuilder(subject).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def test_a_request_for_the_almighty_group_cannot_hide(admin: Client) -> None:
    def asked(pem: bytes) -> Any:
        return {"metadata": {"name": "hidden"}, "spec": {
            "request": base64.b64encode(pem).decode(), "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        }}

    almighty = signing_request("system:masters")
    for pem in (almighty, b"words\n" + almighty, b"x" + signing_request("dev") + almighty):
        assert refused(admin, REQUESTS, asked(pem)) == (
            403, 'certificatesigningrequests.certificates.k8s.io "hidden" is forbidden: use of '
            "kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        )
