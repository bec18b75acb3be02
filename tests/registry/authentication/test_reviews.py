import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from tests.registry.cluster import USER, Cluster, Object, run
from tests.registry.support import NOW_TEXT

GROUP = "authentication.k8s.io"


class Tokens:
    async def authenticate_token(self, token: str) -> AuthenticatorResponse | None:
        if token == "broken":
            raise AuthenticationError("it is broken")
        if token == "account":
            return AuthenticatorResponse(User("sa", extra={"k": ("v",)}), ("vault",))
        return AuthenticatorResponse(User("bob", "u", ("g",))) if token == "bob" else None


BOB = {"username": "bob", "uid": "u", "groups": ["g", "system:authenticated"]}


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ({"token": "bob"}, {"authenticated": True, "user": BOB, "audiences": ["api"]}),
        ({"token": "bob", "audiences": ["other"]}, {"user": {}, "error": "invalid bearer token"}),
        ({"token": "nobody"}, {"user": {}, "error": "invalid bearer token"}),
        ({"token": "broken"}, {"user": {}, "error": "it is broken"}),
        (
            {"token": "account", "audiences": ["vault", "x"]},
            {
                "authenticated": True, "audiences": ["vault"],
                "user": {"username": "sa", "groups": ["system:authenticated"], "extra": {"k": ["v"]}},
            },
        ),
        ({"token": "account"}, {"user": {}, "error": "invalid bearer token"}),
    ],
)
def test_tokens(spec: Object, status: Object) -> None:
    async def test(cluster: Cluster) -> None:
        answer = await cluster.review(GROUP, "tokenreviews", {"metadata": {}, "spec": spec})
        assert answer["status"] == status

    run(test, token_authenticator=Tokens())


def test_no_token() -> None:
    async def test(cluster: Cluster) -> None:
        with pytest.raises(StatusError, match="token is required for TokenReview in authentication"):
            await cluster.review(GROUP, "tokenreviews", {"metadata": {}, "spec": {"token": ""}})

    run(test, token_authenticator=Tokens())


def test_oneself() -> None:
    async def test(cluster: Cluster) -> None:
        answer = await cluster.review(GROUP, "selfsubjectreviews", {"metadata": {}})
        assert answer["metadata"] == {"creationTimestamp": NOW_TEXT}
        assert answer["status"]["userInfo"]["username"] == USER.name

    run(test)
