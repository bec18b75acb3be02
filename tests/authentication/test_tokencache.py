"""What is remembered of tokens, and for how long."""

import asyncio

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.authentication.tokencache import CachingTokenAuthenticator, TokenCacheMetrics
from pilothouse.observability.metrics import Registry


class Delegate:
    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        self.asked.append((token, audiences))
        await self.gate.wait()
        if token == "wrong":
            raise AuthenticationError("it is wrong")
        if token == "bug":
            raise ZeroDivisionError
        return AuthenticatorResponse(User(token)) if token.startswith("good") else None


class Cache:
    def __init__(self, success: float = 10.0, failure: float = 5.0, errors: bool = True) -> None:
        self.now = 100.0
        self.delegate = Delegate()
        self.registry = Registry()
        self.cache = CachingTokenAuthenticator(
            self.delegate, success_seconds=success, failure_seconds=failure, cache_errors=errors,
            metrics=TokenCacheMetrics(self.registry), clock=lambda: self.now,
        )

    async def ask(self, token: str, *audiences: str) -> str:
        try:
            response = await self.cache.authenticate_token(token, audiences)
        except AuthenticationError as error:
            return str(error)
        return response.user.name if response else "unknown"


def test_answers_are_remembered_for_their_time() -> None:
    cache = Cache()

    async def test() -> None:
        for _ in range(2):
            assert await cache.ask("good") == "good"
            assert await cache.ask("unknown") == "unknown"
            assert await cache.ask("wrong") == "it is wrong"
        assert [token for token, _ in cache.delegate.asked] == ["good", "unknown", "wrong"]
        cache.now += 5
        for token in ("good", "unknown", "wrong"):
            await cache.ask(token)
        assert [token for token, _ in cache.delegate.asked[3:]] == ["unknown", "wrong"]
        cache.now += 5
        await cache.ask("good")
        assert cache.delegate.asked[-1][0] == "good"

    asyncio.run(test())
    text = cache.registry.render().decode()
    assert 'authentication_token_cache_request_total{status="hit"} 4' in text
    assert 'authentication_token_cache_request_total{status="miss"} 6' in text
    assert 'authentication_token_cache_fetch_total{status="error"} 2' in text
    assert 'authentication_token_cache_fetch_total{status="ok"} 4' in text
    assert 'authentication_token_cache_active_fetch_count{status="in_flight"} 0' in text
    assert 'authentication_token_cache_active_fetch_count{status="blocked"} 0' in text


@pytest.mark.parametrize("token", ["unknown", "wrong"])
def test_failures_may_be_asked_for_every_time(token: str) -> None:
    cache = Cache(failure=0)

    async def test() -> None:
        await cache.ask(token)
        await cache.ask(token)
        assert len(cache.delegate.asked) == 2

    asyncio.run(test())


def test_errors_may_be_exempt() -> None:
    cache = Cache(errors=False)

    async def test() -> None:
        for token in ("wrong", "wrong", "unknown", "unknown"):
            await cache.ask(token)
        assert [token for token, _ in cache.delegate.asked] == ["wrong", "wrong", "unknown"]

    asyncio.run(test())


def test_audiences_belong_to_the_question() -> None:
    cache = Cache()

    async def test() -> None:
        for audiences in ((), ("a",), ("a", "b"), ("ab",), ("a",), ("b", "a")):
            await cache.ask("good", *audiences)
        assert [audiences for _, audiences in cache.delegate.asked] == [(), ("a",), ("a", "b"), ("ab",), ("b", "a")]

    asyncio.run(test())


def test_who_asks_at_the_same_time_shares_one_look_even_if_the_first_goes_away() -> None:
    cache = Cache()

    async def test() -> None:
        cache.delegate.gate.clear()
        first, second = (asyncio.create_task(cache.ask("good")) for _ in range(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        cache.delegate.gate.set()
        assert await second == "good"
        assert len(cache.delegate.asked) == 1

    asyncio.run(test())


def test_a_bug_lets_nobody_in() -> None:
    cache = Cache()
    assert asyncio.run(cache.ask("bug")) == "Internal error occurred: authentication failed unexpectedly"


def test_tokens_are_not_kept() -> None:
    cache = Cache()

    async def test() -> None:
        await cache.ask("good-secret")
        kept = repr(vars(cache.cache)) + repr(vars(cache.cache._records))
        assert "good-secret" not in kept.replace("User(name='good-secret'", "")

    asyncio.run(test())
