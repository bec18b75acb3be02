"""Asking another server whom a token names."""

import asyncio
import json
from typing import Any

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.apimachinery.webhook.caller import Backoff, WebhookError
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.authentication.tokenwebhook import WebhookTokenAuthenticator


class Server:
    """A caller whose answers are given."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    async def post(self, body: bytes) -> bytes:
        self.asked.append(json.loads(body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps({"status": answer}).encode()


async def no_sleep(seconds: float) -> None: ...


def ask(server: Server, *audiences: str, version: str = "v1") -> AuthenticatorResponse | None:
    webhook = WebhookTokenAuthenticator(
        server, version, ["api"], backoff=Backoff(steps=3), sleep=no_sleep,  # type: ignore[arg-type]
    )
    return asyncio.run(webhook.authenticate_token("secret-token", audiences))


BOB = {"username": "bob", "uid": "1", "groups": ["g"], "extra": {"k": ["v"]}}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_question_and_the_answer(version: str) -> None:
    server = Server({"authenticated": True, "user": BOB})
    response = ask(server, "api", "x", version=version)
    assert response == AuthenticatorResponse(User("bob", "1", ("g",), {"k": ("v",)}), ("api",))
    assert server.asked == [{
        "kind": "TokenReview", "apiVersion": f"authentication.k8s.io/{version}", "metadata": {},
        "spec": {"token": "secret-token", "audiences": ["api", "x"]}, "status": {"user": {}},
    }]


@pytest.mark.parametrize(("said", "wanted", "got"), [
    (None, (), ()), (["x"], (), ()), (["x", "y"], ("y", "z"), ("y",)), (None, ("x",), None), (["x"], ("y",), None),
])
def test_audiences(said: Any, wanted: tuple[str, ...], got: tuple[str, ...] | None) -> None:
    response = ask(Server({"authenticated": True, "user": BOB, "audiences": said}), *wanted)
    assert (response.audiences if response else None) == got


def test_no() -> None:
    assert ask(Server({"authenticated": False})) is None
    assert ask(Server({})) is None
    with pytest.raises(AuthenticationError, match=r"^it is old$"):
        ask(Server({"authenticated": False, "error": "it is old"}))


def test_another_try_where_it_may_help() -> None:
    server = Server(WebhookError("busy", 429), WebhookError("oops", 500), {"authenticated": True, "user": BOB})
    assert ask(server) is not None
    failing = Server(*(WebhookError("busy", 429) for _ in range(3)))
    with pytest.raises(AuthenticationError, match="busy"):
        ask(failing)
    refusing = Server(WebhookError("no", 403))
    with pytest.raises(AuthenticationError, match="no"):
        ask(refusing)
    assert len(refusing.asked) == 1


@pytest.mark.parametrize("answer", [
    b"", b"[]", b"null", b"{", {"authenticated": "true"}, {"authenticated": True, "user": []},
    {"authenticated": True, "user": {"username": 1}}, {"authenticated": True, "user": {"groups": "g"}},
    {"authenticated": True, "user": {"groups": [1]}}, {"authenticated": True, "user": {"extra": {"k": "v"}}},
    {"authenticated": True, "audiences": "x"}, {"authenticated": False, "error": {}},
])
def test_answers_that_are_none(answer: Any) -> None:
    with pytest.raises(AuthenticationError, match="the answer is no TokenReview") as raised:
        ask(Server(answer))
    assert "secret-token" not in str(raised.value)


def test_versions() -> None:
    with pytest.raises(ValueError, match='unsupported authentication webhook version "v2", supported versions are'):
        ask(Server(), version="v2")
