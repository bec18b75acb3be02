"""The whole of authentication: what a request's credentials make of it."""

import asyncio
from pathlib import Path

import pytest

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import User
from pilothouse.authentication.anonymous import AnonymousAuthenticator
from pilothouse.authentication.factory import build
from pilothouse.authentication.interface import AuthenticationError, Authenticator, AuthenticatorResponse

ANONYMOUS = User("system:anonymous", groups=("system:unauthenticated",))
ALICE = User("alice", "1", ("dev", "system:authenticated"))


@pytest.fixture
def authentication(tmp_path: Path) -> Authenticator:
    path = tmp_path / "tokens.csv"
    path.write_text("alice-token,alice,1,dev\nodd-token,odd,2,system:unauthenticated\nanon-token,system:anonymous,3\n")
    return build(token_auth_file=str(path), audiences=["api"], anonymous=AnonymousAuthenticator())


def authenticate(authentication: Authenticator, *headers: str) -> User | None:
    request = Request("GET", "/", headers=[(b"authorization", header.encode()) for header in headers])
    response = asyncio.run(authentication.authenticate(request))
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
def test_headers(authentication: Authenticator, headers: list[str], user: User) -> None:
    assert authenticate(authentication, *headers) == user


def test_a_wrong_token_is_never_anonymous(authentication: Authenticator) -> None:
    with pytest.raises(AuthenticationError, match=r"^invalid bearer token$"):
        authenticate(authentication, "Bearer wrong")
    with pytest.raises(AuthenticationError, match=r"^invalid bearer token$"):
        authenticate(build(anonymous=AnonymousAuthenticator()), "Bearer any")


def test_without_anonymous_there_is_nobody() -> None:
    assert authenticate(build()) is None


def test_the_space_before_a_token_is_warned_about(authentication: Authenticator) -> None:
    request = Request("GET", "/", headers=[(b"authorization", b"Bearer  alice-token")])
    asyncio.run(authentication.authenticate(request))
    assert request.context.warnings == [
        "the provided Authorization header contains extra space before the bearer token, and is ignored"
    ]


def test_a_repeated_request_gets_the_same_response(authentication: Authenticator) -> None:
    request = Request("GET", "/", headers=[(b"authorization", b"Bearer alice-token")])

    async def test() -> None:
        first = await authentication.authenticate(request)
        assert await authentication.authenticate(request) is first

    asyncio.run(test())


def test_further_token_authenticators_are_asked_in_order(tmp_path: Path) -> None:
    class Failing:
        async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
            raise AuthenticationError("not mine")

    class Knowing:
        async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
            return AuthenticatorResponse(User("sa", "3")) if token == "known" else None

    both = build(service_accounts=[Failing()], webhook=Knowing())
    assert authenticate(both, "Bearer known") == User("sa", "3", ("system:authenticated",))
    with pytest.raises(AuthenticationError, match=r"^not mine$"):
        authenticate(both, "Bearer unknown")


def test_files_that_are_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        build(token_auth_file="/no/such/file")


def request(*headers: tuple[bytes, bytes], path: str = "/", audiences: tuple[str, ...] = ()) -> Request:
    made = Request("GET", path, headers=list(headers))
    made.context.audiences = audiences
    return made


def test_a_static_token_is_for_this_server_only(authentication: Authenticator) -> None:
    bearer = (b"authorization", b"Bearer alice-token")

    async def test() -> None:
        response = await authentication.authenticate(request(bearer, audiences=("x", "api")))
        assert response is not None
        assert response.audiences == ("api",)
        with pytest.raises(AuthenticationError, match=r"^invalid bearer token$"):
            await authentication.authenticate(request(bearer, audiences=("vault",)))

    asyncio.run(test())


def test_anonymous_at_some_paths_only() -> None:
    some = build(anonymous=AnonymousAuthenticator(["/livez"]))
    assert asyncio.run(some.authenticate(request(path="/livez"))) is not None
    assert asyncio.run(some.authenticate(request(path="/livez/ping"))) is None


SOCKET = [(b"connection", b"keep-alive, Upgrade"), (b"upgrade", b"WebSocket")]
PREFIX = b"base64url.bearer.authorization.k8s.io."
TOKEN = PREFIX + b"YWxpY2UtdG9rZW4"


def test_a_token_among_the_protocols_of_a_websocket(authentication: Authenticator) -> None:
    asked = request(*SOCKET, (b"sec-websocket-protocol", TOKEN + b", v4.channel.k8s.io"),
                    (b"sec-websocket-protocol", b"v5.channel.k8s.io"))
    response = asyncio.run(authentication.authenticate(asked))
    assert response is not None
    assert response.user == ALICE
    assert asked.headers == [*SOCKET, (b"sec-websocket-protocol", b"v4.channel.k8s.io,v5.channel.k8s.io")]


@pytest.mark.parametrize(("protocols", "error"), [
    (TOKEN, "missing additional subprotocol"),
    (TOKEN + b"," + TOKEN + b",x", "multiple base64.bearer.authorization tokens specified"),
    (PREFIX + b"!,x", "invalid base64.bearer.authorization token encoding"),
    (PREFIX + b"_w,x", "invalid base64.bearer.authorization token"),
    (PREFIX + b"eA,x", "invalid bearer token"),
])
def test_wrong_tokens_among_protocols(authentication: Authenticator, protocols: bytes, error: str) -> None:
    with pytest.raises(AuthenticationError) as raised:
        asyncio.run(authentication.authenticate(request(*SOCKET, (b"sec-websocket-protocol", protocols))))
    assert str(raised.value) == error


def test_protocols_without_a_websocket_are_no_credential(authentication: Authenticator) -> None:
    response = asyncio.run(authentication.authenticate(request((b"sec-websocket-protocol", TOKEN + b",x"))))
    assert response is not None
    assert response.user == ANONYMOUS
