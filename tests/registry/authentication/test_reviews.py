import pytest

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from tests.registry.cluster import USER, Cluster, Object, run
from tests.registry.support import NOW_TEXT

GROUP = "authentication.k8s.io"


class Requests:
    """What the whole chain of authenticators makes of a token."""

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        token = (request.header(b"authorization") or "").removeprefix("Bearer ")
        wanted = request.context.audiences
        if token == "account":
            common = tuple(a for a in wanted if a == "vault")
            if not common:
                raise AuthenticationError("not for you")
            return AuthenticatorResponse(User("sa", extra={"k": ("v",)}), common)
        if token == "bob" and "api" in wanted:
            return AuthenticatorResponse(User("bob", "u", ("g",)), ("api",))
        if token == "careless":
            return AuthenticatorResponse(User("bob"))
        if token == "nothing":
            return None
        raise AuthenticationError("invalid bearer token")


BOB = {"username": "bob", "uid": "u", "groups": ["g"]}


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ({"token": "bob"}, {"authenticated": True, "user": BOB, "audiences": ["api"]}),
        ({"token": "bob", "audiences": ["other"]}, {"user": {}, "error": "invalid bearer token"}),
        ({"token": "nobody"}, {"user": {}, "error": "invalid bearer token"}),
        ({"token": "nothing"}, {"user": {}}),
        (
            {"token": "account", "audiences": ["vault", "x"]},
            {
                "authenticated": True, "audiences": ["vault"],
                "user": {"username": "sa", "extra": {"k": ["v"]}},
            },
        ),
        ({"token": "account"}, {"user": {}, "error": "not for you"}),
    ],
)
def test_tokens(spec: Object, status: Object) -> None:
    async def test(cluster: Cluster) -> None:
        answer = await cluster.review(GROUP, "tokenreviews", {"metadata": {}, "spec": spec})
        assert answer["status"] == status

    run(test, authenticator=Requests())


def test_an_authenticator_that_forgets_audiences_is_not_believed() -> None:
    async def test(cluster: Cluster) -> None:
        with pytest.raises(StatusError, match="error validating audiences") as raised:
            await cluster.review(GROUP, "tokenreviews", {"metadata": {}, "spec": {"token": "careless"}})
        assert raised.value.code == 500

    run(test, authenticator=Requests())


def test_no_token() -> None:
    async def test(cluster: Cluster) -> None:
        with pytest.raises(StatusError, match="token is required for TokenReview in authentication"):
            await cluster.review(GROUP, "tokenreviews", {"metadata": {}, "spec": {"token": ""}})

    run(test, authenticator=Requests())


def test_oneself() -> None:
    async def test(cluster: Cluster) -> None:
        answer = await cluster.review(GROUP, "selfsubjectreviews", {"metadata": {}})
        assert answer["metadata"] == {"creationTimestamp": NOW_TEXT}
        assert answer["status"]["userInfo"]["username"] == USER.name

    run(test)
