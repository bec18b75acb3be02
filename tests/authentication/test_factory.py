"""The whole of authentication: what a request's credentials make of it."""

import asyncio
from pathlib import Path

import pytest

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import User
from pilothouse.authentication.factory import Authentication, build
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse

ANONYMOUS = User("system:anonymous", groups=("system:unauthenticated",))
ALICE = User("alice", "1", ("dev", "system:authenticated"))


@pytest.fixture
def authentication(tmp_path: Path) -> Authentication:
    path = tmp_path / "tokens.csv"
    path.write_text("alice-token,alice,1,dev\nodd-token,odd,2,system:unauthenticated\nanon-token,system:anonymous,3\n")
    return build(token_auth_file=str(path))


def authenticate(authentication: Authentication, *headers: str) -> User | None:
    request = Request("GET", "/", headers=[(b"authorization", header.encode()) for header in headers])
    response = asyncio.run(authentication.requests.authenticate(request))
    return response.user if response else None


@pytest.mark.parametrize(("headers", "user"), [
    ([], ANONYMOUS),
    (["Bearer alice-token"], ALICE),
    (["bearer alice-token"], ALICE),
    (["  Bearer alice-token trailing words"], ALICE),
    (["Bearer alice-token", "Bearer wrong"], ALICE),
    (["Basic YWRtaW46YWRtaW4="], ANONYMOUS),
    (["Bearer"], ANONYMOUS),
    (["Bearer  alice-token"], ANONYMOUS),
    (["Bearer odd-token"], User("odd", "2", ("system:unauthenticated",))),
    (["Bearer anon-token"], User("system:anonymous", "3")),
])
def test_headers(authentication: Authentication, headers: list[str], user: User) -> None:
    assert authenticate(authentication, *headers) == user


def test_a_wrong_token_is_never_anonymous(authentication: Authentication) -> None:
    with pytest.raises(AuthenticationError, match=r"^invalid bearer token$"):
        authenticate(authentication, "Bearer wrong")
    with pytest.raises(AuthenticationError, match=r"^invalid bearer token$"):
        authenticate(build(), "Bearer any")


def test_without_anonymous_there_is_nobody() -> None:
    assert authenticate(build(anonymous=False)) is None


def test_the_space_before_a_token_is_warned_about(authentication: Authentication) -> None:
    request = Request("GET", "/", headers=[(b"authorization", b"Bearer  alice-token")])
    asyncio.run(authentication.requests.authenticate(request))
    assert request.context.warnings == [
        "the provided Authorization header contains extra space before the bearer token, and is ignored"
    ]


def test_a_repeated_request_gets_the_same_response(authentication: Authentication) -> None:
    request = Request("GET", "/", headers=[(b"authorization", b"Bearer alice-token")])

    async def test() -> None:
        first = await authentication.requests.authenticate(request)
        assert await authentication.requests.authenticate(request) is first

    asyncio.run(test())


def test_further_token_authenticators_are_asked_in_order(tmp_path: Path) -> None:
    class Failing:
        async def authenticate_token(self, token: str) -> AuthenticatorResponse | None:
            raise AuthenticationError("not mine")

    class Knowing:
        async def authenticate_token(self, token: str) -> AuthenticatorResponse | None:
            return AuthenticatorResponse(User("sa", "3")) if token == "known" else None

    both = build(token_authenticators=[Failing(), Knowing()])
    assert authenticate(both, "Bearer known") == User("sa", "3", ("system:authenticated",))
    with pytest.raises(AuthenticationError, match=r"^not mine$"):
        authenticate(both, "Bearer unknown")


def test_files_that_are_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        build(token_auth_file="/no/such/file")
