import asyncio
import base64
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from pilothouse.apimachinery.user import User
from pilothouse.authentication.boundtoken import BoundTokenValidator
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.authentication.serviceaccount import ServiceAccountAuthenticator, Stored
from pilothouse.authentication.serviceaccountmetrics import ServiceAccountMetrics
from pilothouse.observability.metrics import Registry

NOW = 1_800_000_000.0
ISSUER = "https://issuer.example"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


class Cluster:
    """What is stored, and the authenticator over it."""

    def __init__(self) -> None:
        self.stored = {("serviceaccounts", "ns", "robot"): Stored("u-1")}
        self.now = NOW
        self.lookups = 0
        self.metrics = Registry()
        counts = ServiceAccountMetrics(self.metrics)
        self.authenticator = ServiceAccountAuthenticator(
            [ISSUER], lambda: [("rsa", RSA.public_key()), ("ec", EC.public_key())], ["api"],
            BoundTokenValidator(self.lookup, clock=lambda: self.now, metrics=counts), counts,
        )

    def lookup(self, resource: str, namespace: str, name: str) -> Stored | None:
        self.lookups += 1
        return self.stored.get((resource, namespace, name))

    def response(self, token: str, *audiences: str) -> AuthenticatorResponse | None:
        return asyncio.run(self.authenticator.authenticate_token(token, audiences))

    def user(self, token: str, *audiences: str) -> User | None:
        response = self.response(token, *audiences)
        return response.user if response else None

    def refusal(self, token: str) -> str:
        with pytest.raises(AuthenticationError) as raised:
            self.user(token)
        return str(raised.value)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def sign(key: PrivateKeyTypes = RSA, algorithm: str = "RS256", kid: str = "", bound: Any = None, **claims: Any) -> str:
    kubernetes = {"namespace": "ns", "serviceaccount": {"name": "robot", "uid": "u-1"}, **(bound or {})}
    payload = {"iss": ISSUER, "aud": ["api"], "exp": NOW + 600, "iat": NOW, "nbf": NOW,
               "sub": "system:serviceaccount:ns:robot", "kubernetes.io": kubernetes, **claims}
    return jwt.encode(payload, key, algorithm, {"kid": kid} if kid else None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "algorithm", "kid"), [
    (RSA, "RS256", ""), (RSA, "RS256", "rsa"), (RSA, "RS512", "rsa"), (RSA, "PS384", "rsa"),
    (EC, "ES256", ""), (EC, "ES256", "ec"),
])
def test_tokens_of_every_kind_of_key(cluster: Cluster, key: PrivateKeyTypes, algorithm: str, kid: str) -> None:
    assert cluster.user(sign(key, algorithm, kid)) == User(
        "system:serviceaccount:ns:robot", "u-1", ("system:serviceaccounts", "system:serviceaccounts:ns"),
    )


def test_what_a_token_is_bound_to_stands_in_extra(cluster: Cluster) -> None:
    cluster.stored["pods", "ns", "web"] = Stored("p-1")
    bound = {"pod": {"name": "web", "uid": "p-1"}, "node": {"name": "n", "uid": "n-1"}}
    user = cluster.user(sign(bound=bound, jti="j-1"))
    assert user is not None
    assert user.extra == {
        "authentication.kubernetes.io/pod-name": ("web",), "authentication.kubernetes.io/pod-uid": ("p-1",),
        "authentication.kubernetes.io/credential-id": ("JTI=j-1",),
        "authentication.kubernetes.io/node-name": ("n",), "authentication.kubernetes.io/node-uid": ("n-1",),
    }


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.e30.c", "a.W10.c", "é.é.é", sign(iss="other")])
def test_tokens_of_others_are_no_business_of_ours(cluster: Cluster, token: str) -> None:
    assert cluster.user(token) is None


def test_signatures(cluster: Cluster) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    wrong = "go-jose/go-jose: error in cryptographic primitive"
    assert cluster.refusal(sign(stranger, kid="rsa")) == wrong
    assert cluster.refusal(sign(stranger)) == wrong
    assert cluster.refusal(sign(kid="unknown")) == "invalid signature, no keys found"
    head, body, _ = sign(kid="rsa").split(".")
    assert cluster.refusal(f"{head}.{body}.") == wrong
    assert cluster.refusal(jwt.encode({"iss": ISSUER}, "x" * 32, "HS256", {"kid": "rsa"})) == wrong
    assert cluster.refusal(jwt.encode({"iss": ISSUER}, None, "none", {"kid": "rsa"})) == wrong
    assert cluster.refusal(f".{body}.") == wrong


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


@pytest.mark.parametrize("edited", [
    "{head}.{body}.{signature}=", "{head}.{body}.{signature}+", "{head}.{body}.{signature}A/A",
    *(f"{head}.{{body}}.{{signature}}" for head in (
        part([]), part({"alg": "RS256", "kid": 5}), part({"alg": ["RS256"]}), part({"alg": "RS256"})[:-3], "eA",
    )),
])
def test_what_cannot_be_read_is_no_token(cluster: Cluster, edited: str) -> None:
    head, body, signature = sign(kid="rsa").split(".")
    assert cluster.user(edited.format(head=head, body=body, signature=signature)) is None


def test_claims_that_are_null(cluster: Cluster) -> None:
    assert cluster.user(sign(exp=None, nbf=None, iat=None)) is not None
    assert cluster.refusal(sign(aud=None)).endswith("value to unmarshal to Audience")
    assert cluster.refusal(sign(aud="")) == 'token audiences [""] is invalid for the target audiences ["api"]'
    assert cluster.refusal(sign(bound={"pod": {}})) == "service account token has been invalidated"


def test_audiences(cluster: Cluster) -> None:
    assert cluster.user(sign(aud="api")) is not None
    assert cluster.user(sign(aud=[])) is not None
    assert cluster.refusal(sign(aud=["other", "more"])) == (
        'token audiences ["other" "more"] is invalid for the target audiences ["api"]'
    )


def test_times_are_looked_at_every_time(cluster: Cluster) -> None:
    token = sign()
    assert cluster.user(token) is not None
    cluster.now = NOW + 600 + 59
    assert cluster.user(token) is not None
    cluster.now = NOW + 600 + 61
    assert cluster.refusal(token) == "service account token has expired"
    cluster.now = NOW - 61
    assert cluster.refusal(token) == "service account token is not valid yet"
    assert cluster.refusal(sign(nbf=0)) == "service account token is issued in the future"


def test_the_service_account_must_be_the_same_one(cluster: Cluster) -> None:
    token = sign()
    assert cluster.user(token) is not None
    key = ("serviceaccounts", "ns", "robot")
    cluster.stored[key] = Stored("u-2")
    assert cluster.refusal(token) == "service account UID (u-2) does not match claim (u-1)"
    cluster.stored[key] = Stored("u-1", NOW - 59)
    assert cluster.user(token) is not None
    cluster.stored[key] = Stored("u-1", NOW - 61)
    assert cluster.refusal(token) == "service account ns/robot has been deleted"
    del cluster.stored[key]
    assert cluster.refusal(token) == 'serviceaccounts "robot" not found'


@pytest.mark.parametrize(("kind", "key"), [
    ("secret", ("secrets", "ns", "x")), ("pod", ("pods", "ns", "x")), ("node", ("nodes", "", "x")),
])
def test_a_token_dies_with_what_it_is_bound_to(cluster: Cluster, kind: str, key: tuple[str, str, str]) -> None:
    token = sign(bound={kind: {"name": "x", "uid": "b-1"}})
    assert cluster.refusal(token) == "service account token has been invalidated"
    cluster.stored[key] = Stored("b-1")
    assert cluster.user(token) is not None
    cluster.stored[key] = Stored("b-2")
    assert cluster.refusal(token) == f"{kind} UID (b-2) does not match service account {kind} ref claim (b-1)"
    cluster.stored[key] = Stored("b-1", NOW - 61)
    assert cluster.refusal(token) == "service account token has been invalidated"


def test_claims_that_are_not_kubernetes(cluster: Cluster) -> None:
    assert cluster.refusal(sign(**{"kubernetes.io": "x"})) == "service account token claims could not be validated"


def test_audiences_that_are_asked_for(cluster: Cluster) -> None:
    response = cluster.response(sign(aud=["vault", "api", "x"]), "x", "vault")
    assert response is not None
    assert response.audiences == ("x", "vault")
    with pytest.raises(AuthenticationError, match=r'^token audiences \["api"\] is invalid for the target audiences'):
        cluster.user(sign(), "vault")


def test_a_token_without_audiences_is_told_of(cluster: Cluster) -> None:
    response = cluster.response(sign(aud=[]))
    assert response is not None
    assert response.annotations == {"authentication.k8s.io/legacy-token": "system:serviceaccount:ns:robot"}
    assert b"serviceaccount_legacy_tokens_total 1" in cluster.metrics.render()


def test_overdue_tokens_are_counted(cluster: Cluster) -> None:
    fresh = cluster.response(sign(bound={"warnafter": NOW}))
    assert fresh is not None
    assert fresh.annotations == {}
    stale = cluster.response(sign(bound={"warnafter": NOW - 5}))
    assert stale is not None
    assert stale.annotations == {"authentication.k8s.io/stale-token":
                                 "subject: system:serviceaccount:ns:robot, seconds after warning threshold: 5"}
    assert b"serviceaccount_stale_tokens_total 1\n" in cluster.metrics.render()
    assert b"serviceaccount_valid_tokens_total 1\n" in cluster.metrics.render()


@pytest.mark.parametrize("claims", [
    {"exp": "soon"}, {"nbf": [1]}, {"iat": True}, {"aud": {"a": 1}}, {"aud": [1]}, {"jti": 7},
    {"bound": {"warnafter": "x"}}, {"bound": {"pod": "web"}}, {"bound": {"pod": {"name": 1}}},
    {"bound": {"serviceaccount": []}}, {"bound": {"namespace": 1}},
])
def test_claims_of_wrong_types_are_refused(cluster: Cluster, claims: Any) -> None:
    assert cluster.refusal(sign(**claims))


def test_a_header_that_must_be_understood(cluster: Cluster) -> None:
    header = {"kid": "rsa", "crit": ["exp"]}
    token = jwt.api_jws.encode(b'{"iss":"https://issuer.example"}', RSA, "RS256", header)
    assert cluster.refusal(token) == "go-jose/go-jose: error in cryptographic primitive"
