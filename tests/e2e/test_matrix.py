"""Every authenticator with a valid, an invalid and no credential; every authorizer with each of its answers."""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from pilothouse.testing.server import StartError, TestServer
from pilothouse.transport import certificates
from tests.issuer import StandInIssuer

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
BOOTSTRAP = "abcdef.0123456789abcdef"
ANONYMOUS, REFUSED, NO_CONNECTION = "system:anonymous", "401", "no connection"


@dataclass
class Credentials:
    """What a request brings: headers, and a file with a client certificate and its key."""

    headers: dict[str, str] = field(default_factory=dict)
    certificate: Path | None = None


def bearer(token: str) -> Credentials:
    return Credentials({"Authorization": f"Bearer {token}"})


def call(
    server: TestServer, credentials: Credentials, method: str = "GET", path: str = "/", body: Any = None
) -> tuple[int, Any]:
    """(code, what was answered; text as a message). Raises OSError where there is no connection."""
    context = ssl.create_default_context(cafile=str(server.ca_file))
    if credentials.certificate is not None:
        context.load_cert_chain(credentials.certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)
    try:
        connection.request(
            method, path, None if body is None else json.dumps(body),
            {"Content-Type": "application/json", **credentials.headers},
        )
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text.startswith("{") else {"message": text}
    except http.client.HTTPException as error:
        raise OSError(str(error)) from None
    finally:
        connection.close()


def who(server: TestServer, credentials: Credentials) -> str:
    try:
        code, answer = call(server, credentials, "POST", REVIEW, {})
    except OSError:
        return NO_CONNECTION
    if code == 403 and ANONYMOUS in answer["message"]:
        # who is nobody may not ask who he is
        return ANONYMOUS
    return str(answer["status"]["userInfo"]["username"]) if code == 201 else str(code)


class Authority:
    def __init__(self, directory: Path, name: str) -> None:
        self._file = directory / f"{name}.pem"
        self._now = time.time()
        pem, key = certificates.authority(self._now - 60, self._now + 3600, name)
        self._authority = certificates.load_authority(pem, key)
        self.file = directory / f"{name}.crt"
        self.file.write_bytes(pem)

    def client(self, user: str) -> Path:
        pair = certificates.client(self._authority, user, (), self._now - 60, self._now + 3600)
        path = self._file.with_name(f"{self._file.stem}-{user}.pem")
        path.write_bytes(b"".join(pair))
        return path


@dataclass
class Cluster:
    server: TestServer
    issuer: StandInIssuer
    users: Authority
    proxies: Authority
    strangers: Authority

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        code, answer = call(self.server, bearer(self.server.token), method, path, body)
        assert code in (200, 201), answer
        return answer


def review_tokens(review: Any) -> Any:
    token = review["spec"]["token"]
    if token == "broken":
        return None
    if token == "known":
        return {"status": {"authenticated": True, "user": {"username": "webhook-user"}}}
    return {"status": {"authenticated": False}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("matrix")
    users, proxies, strangers = (Authority(directory, name) for name in ("users", "proxies", "strangers"))
    with StandInIssuer(directory) as issuer:
        issuer.posts["/tokens"] = review_tokens
        flags = [
            f"--client-ca-file={users.file}", f"--requestheader-client-ca-file={proxies.file}",
            "--requestheader-allowed-names=proxy", "--requestheader-username-headers=X-Remote-User",
            "--enable-bootstrap-token-auth", f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=client",
            f"--oidc-ca-file={issuer.ca}", "--oidc-username-prefix=oidc:",
            f"--authentication-token-webhook-config-file={issuer.kubeconfig('/tokens')}",
            "--authentication-token-webhook-version=v1",
        ]
        with TestServer(flags) as server:
            made = Cluster(server, issuer, users, proxies, strangers)
            prepare(made)
            yield made


def prepare(cluster: Cluster) -> None:
    cluster.admin("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "robot"}})
    data = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true"}
    cluster.admin("POST", "/api/v1/namespaces/kube-system/secrets", {
        "metadata": {"name": "bootstrap-token-abcdef"}, "type": "bootstrap.kubernetes.io/token", "stringData": data,
    })
    deadline = time.monotonic() + 20
    while who(cluster.server, bearer(cluster.issuer.sign())) == REFUSED:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def bound_token(cluster: Cluster) -> str:
    path = "/api/v1/namespaces/default/serviceaccounts/robot/token"
    return str(cluster.admin("POST", path, {"spec": {}})["status"]["token"])


def secret_token(cluster: Cluster, key: Any = None) -> str:
    """A token in a Secret, as kube-controller-manager's tokens controller makes it."""
    account = cluster.admin("GET", "/api/v1/namespaces/default/serviceaccounts/robot")
    prefix = "kubernetes.io/serviceaccount"
    claims = {
        "iss": prefix.replace(".io", ""), "sub": "system:serviceaccount:default:robot",
        f"{prefix}/namespace": "default",
        f"{prefix}/secret.name": "robot-token", f"{prefix}/service-account.name": "robot",
        f"{prefix}/service-account.uid": account["metadata"]["uid"],
    }
    return jwt.encode(claims, key or (cluster.server.data_dir / "pki" / "sa.key").read_text(), "RS256")


STRANGER = rsa.generate_private_key(65537, 2048)


def test_nobody(cluster: Cluster) -> None:
    assert who(cluster.server, Credentials()) == ANONYMOUS


def test_request_headers(cluster: Cluster) -> None:
    headers = {"X-Remote-User": "front"}
    server, proxies = cluster.server, cluster.proxies
    assert who(server, Credentials(headers, proxies.client("proxy"))) == "front"
    assert who(server, Credentials(headers, proxies.client("other"))) == REFUSED
    assert who(server, Credentials(headers, cluster.users.client("jane"))) == "jane"
    assert who(server, Credentials(headers)) == ANONYMOUS
    assert who(server, Credentials({"x-REMOTE-user": "front"})) == ANONYMOUS
    assert who(server, Credentials(headers, cluster.strangers.client("proxy"))) == NO_CONNECTION
    # the proxy's certificate without headers: no user of ours
    assert who(server, Credentials({}, proxies.client("proxy"))) == REFUSED


def test_client_certificates(cluster: Cluster) -> None:
    assert who(cluster.server, Credentials({}, cluster.users.client("jane"))) == "jane"
    # OpenSSL ends the handshake where kube-apiserver would answer 401 (docs/deviations.md)
    assert who(cluster.server, Credentials({}, cluster.strangers.client("jane"))) == NO_CONNECTION


def test_the_token_file(cluster: Cluster) -> None:
    assert who(cluster.server, bearer(cluster.server.token)) == "admin"
    assert who(cluster.server, bearer(cluster.server.token + "x")) == REFUSED
    assert who(cluster.server, Credentials({"Authorization": cluster.server.token})) == ANONYMOUS


def test_a_token_among_the_protocols_of_a_websocket(cluster: Cluster) -> None:
    def offers(*protocols: str, **more: str) -> Credentials:
        return Credentials({
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
            "Sec-WebSocket-Protocol": ", ".join(protocols), **more,
        })

    def encoded(token: str) -> str:
        text = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
        return f"base64url.bearer.authorization.k8s.io.{text}"

    good, bad = encoded(cluster.server.token), encoded("x")
    path = "/api/v1/namespaces/default"
    assert call(cluster.server, offers(good, "v5.channel.k8s.io"), "GET", path)[0] == 200
    assert call(cluster.server, offers(bad, "v5.channel.k8s.io"), "GET", path)[0] == 401
    assert call(cluster.server, offers(good), "GET", path)[0] == 401
    assert call(cluster.server, offers("v5.channel.k8s.io"), "GET", path)[0] == 403
    without_upgrade = offers(good, "v5.channel.k8s.io")
    del without_upgrade.headers["Upgrade"]
    assert call(cluster.server, without_upgrade, "GET", path)[0] == 403


def test_tokens_of_service_accounts(cluster: Cluster) -> None:
    token = bound_token(cluster)
    assert who(cluster.server, bearer(token)) == "system:serviceaccount:default:robot"
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for wrong in (
        f"{head}.{body}.{signature[:-4]}AAAA", f"{none}.{body}.", f"{none}.{body}.{signature}",
        jwt.encode(claims, STRANGER, "RS256"),
        jwt.encode(claims, "x" * 32, "HS256", {"kid": jwt.get_unverified_header(token)["kid"]}),
    ):
        assert who(cluster.server, bearer(wrong)) == REFUSED
    key = (cluster.server.data_dir / "pki" / "sa.key").read_text()
    for changed in (
        {"exp": int(time.time()) - 61}, {"nbf": int(time.time()) + 120}, {"aud": ["vault"]}, {"iss": "https://x"},
    ):
        assert who(cluster.server, bearer(jwt.encode({**claims, **changed}, key, "RS256"))) == REFUSED


def test_the_documents_of_the_issuer_verify_its_tokens(cluster: Cluster) -> None:
    configuration = cluster.admin("GET", "/.well-known/openid-configuration")
    assert configuration["issuer"] == "https://kubernetes.default.svc"
    assert configuration["jwks_uri"].endswith("/openid/v1/jwks")
    keys = jwt.PyJWKSet.from_dict(cluster.admin("GET", "/openid/v1/jwks"))
    token = bound_token(cluster)
    claims = jwt.decode(
        token, keys[jwt.get_unverified_header(token)["kid"]], configuration["id_token_signing_alg_values_supported"],
        audience=configuration["issuer"], issuer=configuration["issuer"],
    )
    assert claims["sub"] == "system:serviceaccount:default:robot"


def test_tokens_in_secrets(cluster: Cluster) -> None:
    token = secret_token(cluster)
    assert who(cluster.server, bearer(token)) == REFUSED
    path = "/api/v1/namespaces/default/secrets"
    cluster.admin("POST", path, {
        "metadata": {"name": "robot-token", "annotations": {"kubernetes.io/service-account.name": "robot"}},
        "type": "kubernetes.io/service-account-token", "stringData": {"token": token},
    })
    assert who(cluster.server, bearer(token)) == "system:serviceaccount:default:robot"
    labels = cluster.admin("GET", f"{path}/robot-token")["metadata"]["labels"]
    assert labels == {"kubernetes.io/legacy-token-last-used": time.strftime("%Y-%m-%d", time.gmtime())}
    assert who(cluster.server, bearer(secret_token(cluster, STRANGER))) == REFUSED


def test_bootstrap_tokens(cluster: Cluster) -> None:
    assert who(cluster.server, bearer(BOOTSTRAP)) == "system:bootstrap:abcdef"
    assert who(cluster.server, bearer(BOOTSTRAP[:-1] + "0")) == REFUSED
    assert who(cluster.server, bearer("bcdefg" + BOOTSTRAP[6:])) == REFUSED


def test_tokens_of_an_openid_issuer(cluster: Cluster) -> None:
    issuer = cluster.issuer
    assert who(cluster.server, bearer(issuer.sign())) == "oidc:jane"
    for wrong in (issuer.sign(STRANGER), issuer.sign(aud="x"), issuer.sign(exp=1), issuer.sign(iss="https://x")):
        assert who(cluster.server, bearer(wrong)) == REFUSED


def test_tokens_that_a_webhook_knows(cluster: Cluster) -> None:
    assert who(cluster.server, bearer("known")) == "webhook-user"
    assert who(cluster.server, bearer("unknown")) == REFUSED
    assert who(cluster.server, bearer("broken")) == REFUSED


def test_oversized_tokens_and_secrets_in_logs(cluster: Cluster) -> None:
    assert who(cluster.server, bearer("x" * 100_000)) == REFUSED
    log = cluster.server.log
    for secret in (cluster.server.token, BOOTSTRAP, "0123456789abcdef", "xxxxxxxx", bound_token(cluster)[:40]):
        assert secret not in log


@dataclass
class Authorized:
    """A server with users named by their tokens, and a webhook that decides by names."""

    server: TestServer

    def ask(self, user: str, path: str) -> tuple[int, str]:
        """(code, message)."""
        code, answer = call(self.server, bearer(f"{user}-token"), "GET", path)
        return code, answer.get("message", "")


USERS = ("admin", "abac", "allowed", "denied", "broken", "broken-bound", "bound", "dangling", "nobody")
TOKENS = (
    *(f"{user}-token,{user},{user}-uid,{'system:masters' if user == 'admin' else ''}" for user in USERS),
    "node-token,system:node:n1,n1-uid,system:nodes",
)
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def review_access(review: Any) -> Any:
    user = review["spec"].get("user", "")
    if user.startswith("broken"):
        return None
    return {"status": {"allowed": user == "allowed", "denied": user == "denied", "reason": "because"}}


def bind(server: TestServer, role: str, *users: str) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    code, answer = call(server, bearer("admin-token"), "POST", path, {
        "metadata": {"name": f"{role}-{users[0]}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user} for user in users],
    })
    assert code == 201, answer


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authorized]:
    directory = tmp_path_factory.mktemp("authorizers")
    policy = directory / "policy.jsonl"
    policy.write_text(
        '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"abac",'
        '"namespace":"default","resource":"configmaps","apiGroup":"*","readonly":true}}\n'
    )
    with StandInIssuer(directory) as webhook:
        webhook.posts["/access"] = review_access
        flags = [
            "--authorization-mode=Node,ABAC,Webhook,RBAC", f"--authorization-policy-file={policy}",
            f"--authorization-webhook-config-file={webhook.kubeconfig('/access')}",
        ]
        with TestServer(flags, tokens=TOKENS) as server:
            bind(server, "cluster-admin", "bound", "denied", "broken-bound")
            bind(server, "no-such-role", "dangling")
            yield Authorized(server)


FORBIDDEN = (
    'configmaps is forbidden: User "{}" cannot list resource "configmaps" in API group "" in the namespace "default"'
)


@pytest.mark.parametrize(("user", "path", "code", "message"), [
    # Node: allow, and no opinion with a reason
    ("node", "/api/v1/services", 200, ""),
    ("node", "/api/v1/namespaces/default/secrets/s", 403, "no relationship found between node 'n1' and this object"),
    # ABAC: allow, no opinion
    ("abac", CONFIG_MAPS, 200, ""),
    ("abac", "/api/v1/namespaces/default/secrets", 403, "No policy matched."),
    # Webhook: allow; deny, which is final, whatever RBAC says; no opinion; an error, which decides nothing
    ("allowed", CONFIG_MAPS, 200, ""),
    ("denied", CONFIG_MAPS, 403, FORBIDDEN.format("denied") + ": because"),
    ("nobody", CONFIG_MAPS, 403, FORBIDDEN.format("nobody") + ": No policy matched.\nbecause"),
    ("broken-bound", CONFIG_MAPS, 200, ""),
    ("broken", CONFIG_MAPS, 500, 'Internal Server Error: "/api/v1/namespaces/default/configmaps": '),
    # RBAC: allow, no opinion (above), an error, which is a reason
    ("bound", CONFIG_MAPS, 200, ""),
    ("dangling", CONFIG_MAPS, 403, 'RBAC: clusterrole.rbac.authorization.k8s.io "no-such-role" not found'),
    # before all of them: system:masters
    ("admin", CONFIG_MAPS, 200, ""),
])
def test_a_chain_of_authorizers(chain: Authorized, user: str, path: str, code: int, message: str) -> None:
    got, text = chain.ask(user, path)
    assert (got, message in text) == (code, True), text


@pytest.mark.parametrize(("modes", "users"), [
    ("AlwaysAllow", {"nobody": 200, "bound": 200, "admin": 200}),
    ("AlwaysDeny", {"nobody": 403, "bound": 403, "admin": 200}),
    ("AlwaysDeny,RBAC", {"nobody": 403, "bound": 200, "admin": 200}),
    ("RBAC,AlwaysAllow", {"nobody": 200, "bound": 200, "admin": 200}),
])
def test_authorizers_that_always_say_the_same(modes: str, users: dict[str, int]) -> None:
    with TestServer([f"--authorization-mode={modes}"], tokens=TOKENS) as server:
        bind(server, "cluster-admin", "bound")
        asked = Authorized(server)
        assert {user: asked.ask(user, CONFIG_MAPS)[0] for user in users} == users
        # with AlwaysAllow nobody is anonymous (upstream: ApplyAuthorization)
        assert who(server, Credentials()) == (REFUSED if "AlwaysAllow" in modes else ANONYMOUS)
        message = asked.ask("nobody", CONFIG_MAPS)[1]
        assert ("Everything is forbidden." in message) == ("AlwaysDeny" in modes)


def test_keys_and_issuers_are_rotated(tmp_path: Path) -> None:
    """Tokens of the old key and the old issuer hold; new ones are signed with the new key for the new issuer."""
    pairs = []
    for name in ("old", "new"):
        public, private = certificates.rsa_pair()
        (tmp_path / f"{name}.pub").write_bytes(public)
        (tmp_path / f"{name}.key").write_bytes(private)
        pairs.append(private)
    keys = tmp_path / "keys.pem"
    keys.write_bytes((tmp_path / "new.pub").read_bytes() + (tmp_path / "old.pub").read_bytes())
    flags = [
        f"--service-account-key-file={keys}", f"--service-account-signing-key-file={tmp_path / 'new.key'}",
        "--service-account-issuer=https://new.example", "--service-account-issuer=https://old.example",
    ]
    path = "/api/v1/namespaces/default/serviceaccounts"
    with TestServer(flags) as server:
        admin = bearer(server.token)
        assert call(server, admin, "POST", path, {"metadata": {"name": "robot"}})[0] == 201
        code, made = call(server, admin, "POST", f"{path}/robot/token", {"spec": {}})
        assert code == 201
        token = made["status"]["token"]
        assert who(server, bearer(token)) == "system:serviceaccount:default:robot"
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["iss"] == "https://new.example"
        assert claims["aud"] == ["https://new.example", "https://old.example"]
        old = {**claims, "iss": "https://old.example", "aud": ["https://old.example"]}
        assert who(server, bearer(jwt.encode(old, pairs[0], "RS256"))) == "system:serviceaccount:default:robot"
        assert who(server, bearer(jwt.encode({**old, "iss": "https://x"}, pairs[0], "RS256"))) == REFUSED
        keys_shown = call(server, admin, path="/openid/v1/jwks")[1]["keys"]
        assert len(keys_shown) == 2


@pytest.mark.parametrize("flag", ["--service-account-key-file", "--service-account-signing-key-file"])
def test_files_without_keys_keep_the_server_from_starting(tmp_path: Path, flag: str) -> None:
    (tmp_path / "empty").write_text("nothing")
    with pytest.raises(StartError, match="does not contain a"), TestServer([f"{flag}={tmp_path / 'empty'}"]):
        pass


def test_without_anonymous_access_nobody_gets_in() -> None:
    with TestServer(["--anonymous-auth=false"]) as server:
        assert who(server, Credentials()) == REFUSED
        assert call(server, Credentials(), path="/livez") == (401, {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
            "reason": "Unauthorized", "code": 401,
        })
