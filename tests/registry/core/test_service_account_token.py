from collections.abc import Mapping
from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.authentication.defaults import default_token_request
from tests.registry.cluster import Cluster, Object, pod, run
from tests.registry.support import NOW


class Issuer:
    """Keeps the claims instead of signing them."""

    claims: Mapping[str, Any]

    def issue(self, claims: Mapping[str, Any]) -> str:
        self.claims = claims
        return "token"


def request(**spec: Any) -> Object:
    return {"metadata": {}, "spec": {"audiences": None, "expirationSeconds": None, "boundObjectRef": None, **spec}}


async def ask(cluster: Cluster, body: Object) -> Object:
    default_token_request(body)
    return await cluster.call("serviceaccounts", "token", "sa", body)


async def refused(awaitable: Any) -> StatusError:
    with pytest.raises(StatusError) as e:
        await awaitable
    return e.value


def test_a_plain_token() -> None:
    issuer = Issuer()

    async def test(cluster: Cluster) -> None:
        account = await cluster.create("serviceaccounts", {"metadata": {"name": "sa"}})
        answer = await ask(cluster, request())
        assert answer["status"] == {"token": "token", "expirationTimestamp": "2023-11-14T23:13:20Z"}
        assert answer["spec"]["expirationSeconds"] == 3600
        assert answer["spec"]["audiences"] == ["api"]
        uid = account["metadata"]["uid"]
        assert answer["metadata"]["uid"] == uid
        claims = dict(issuer.claims)
        assert len(claims.pop("jti")) == 36
        assert claims == {
            "aud": ["api"], "exp": int(NOW) + 3600, "iat": int(NOW), "nbf": int(NOW),
            "sub": "system:serviceaccount:ns:sa",
            "kubernetes.io": {"namespace": "ns", "serviceaccount": {"name": "sa", "uid": uid}},
        }

    run(test, token_issuer=issuer)


@pytest.mark.parametrize("most", [0, 86400])
def test_a_pods_token_names_its_node_and_lives_on(most: int) -> None:
    """For a year, whatever --service-account-max-token-expiration says."""
    issuer = Issuer()

    async def test(cluster: Cluster) -> None:
        await cluster.create("serviceaccounts", {"metadata": {"name": "sa"}})
        bound = await cluster.create("pods", pod(serviceAccountName="sa", nodeName="n"))
        ref = {"kind": "Pod", "apiVersion": "v1", "name": "p"}
        answer = await ask(cluster, request(expirationSeconds=3607, boundObjectRef=ref))
        assert answer["status"]["expirationTimestamp"] == "2023-11-14T23:13:27Z"
        private = issuer.claims["kubernetes.io"]
        assert private["pod"] == {"name": "p", "uid": bound["metadata"]["uid"]}
        assert private["node"] == {"name": "n"}
        assert private["warnafter"] == int(NOW) + 3607
        assert issuer.claims["exp"] == int(NOW) + 365 * 24 * 3600

    run(test, token_issuer=issuer, max_token_expiration=most)


def test_a_secrets_token_of_another_audience() -> None:
    issuer = Issuer()

    async def test(cluster: Cluster) -> None:
        await cluster.create("serviceaccounts", {"metadata": {"name": "sa"}})
        secret = await cluster.create("secrets", {"metadata": {"name": "s"}})
        ref = {"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": secret["metadata"]["uid"]}
        await ask(cluster, request(audiences=["vault"], boundObjectRef=ref))
        assert issuer.claims["aud"] == ["vault"]
        assert issuer.claims["kubernetes.io"]["secret"]["name"] == "s"
        error = await refused(ask(cluster, request(boundObjectRef={**ref, "uid": "other"})))
        assert "the UID in the bound object reference (other) does not match the UID in record" in error.message

    run(test, token_issuer=issuer)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (request(expirationSeconds=599), 422, "may not specify a duration less than 10 minutes"),
        (request(expirationSeconds=2**32 + 1), 422, "may not specify a duration larger than 2^32 seconds"),
        ({"metadata": {"name": "other"}, "spec": {}}, 422, "must match the service account name if specified"),
        ({"metadata": {"uid": "x"}, "spec": {}}, 409, "the UID in the token request (x) does not match"),
        (request(boundObjectRef={"kind": "Job", "apiVersion": "batch/v1", "name": "j"}), 400,
         "cannot bind token to object of type batch/v1, Kind=Job"),
        (request(boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "p"}), 400,
         'cannot bind token for serviceaccount "sa" to pod running with different serviceaccount name.'),
        (request(boundObjectRef={"kind": "Node", "apiVersion": "v1", "name": "gone"}), 404, 'nodes "gone" not found'),
    ],
)
def test_refusals(body: Object, code: int, text: str) -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("serviceaccounts", {"metadata": {"name": "sa"}})
        await cluster.create("pods", pod())
        error = await refused(ask(cluster, body))
        assert error.code == code
        assert text in error.message

    run(test, token_issuer=Issuer())


def test_the_servers_limit() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("serviceaccounts", {"metadata": {"name": "sa"}})
        assert (await ask(cluster, request(expirationSeconds=90000)))["spec"]["expirationSeconds"] == 7200

    run(test, token_issuer=Issuer(), max_token_expiration=7200)


def test_without_a_key() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("serviceaccounts", {"metadata": {"name": "sa"}})
        assert (await refused(ask(cluster, request()))).code == 500

    run(test)
