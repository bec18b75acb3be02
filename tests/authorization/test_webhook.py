"""The webhook authorizer against a real server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from tests.apimachinery.webhook.support import serving

from pilothouse.apimachinery.user import User
from pilothouse.apimachinery.webhook.caller import Caller
from pilothouse.apimachinery.webhook.kubeconfig import ClientConfig
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.authorization.webhook import WebhookAuthorizer, WebhookConfig
from pilothouse.authorization.webhookmetrics import WebhookMetrics
from pilothouse.observability.metrics import Registry

Test = Callable[["Asked"], Awaitable[None]]
PODS = Attributes(User("bob", groups=("dev",)), "get", namespace="ns", resource="pods", name="p")


class Condition:
    """A match condition whose answer a test sets; None cannot be evaluated."""

    answer: bool | None = True

    async def matches(self, spec: dict[str, Any]) -> bool:
        if self.answer is None:
            raise ValueError("cannot tell")
        return self.answer


class Asked:
    """A webhook whose answers a test sets, and an authorizer that asks it."""

    def __init__(self) -> None:
        self.reviews: list[Any] = []
        self.status: Any = {"allowed": True}
        self.code = 200
        self.now = 0.0
        self.registry = Registry()
        self.condition = Condition()
        self.authorizer: WebhookAuthorizer

    async def answer(self, request: web.Request) -> web.Response:
        self.reviews.append(await request.json())
        if self.code != 200:
            return web.Response(status=self.code)
        return web.json_response({"status": self.status})


def run(test: Test, **config: Any) -> None:
    async def sleep(seconds: float) -> None: ...

    async def go() -> None:
        asked = Asked()
        async with serving(asked.answer) as url:
            caller = Caller(ClientConfig(url))
            asked.authorizer = WebhookAuthorizer(
                caller, WebhookConfig(**config), metrics=WebhookMetrics(asked.registry), sleep=sleep,
                clock=lambda: asked.now, conditions=asked.condition,
            )
            await test(asked)
            await caller.close()

    asyncio.run(go())


def test_answers() -> None:
    async def test(asked: Asked) -> None:
        for status, expected in (
            ({"allowed": True, "reason": "yes"}, (Decision.ALLOW, "yes")),
            ({"allowed": False, "reason": "hm"}, (Decision.NO_OPINION, "hm")),
            ({"allowed": False, "denied": True, "reason": "no"}, (Decision.DENY, "no")),
            ({}, (Decision.NO_OPINION, "")),
        ):
            asked.status = status
            assert await asked.authorizer.authorize(PODS) == expected
        review = asked.reviews[0]
        assert (review["kind"], review["apiVersion"]) == ("SubjectAccessReview", "authorization.k8s.io/v1")
        assert review["spec"]["groups"] == ["dev"]
        assert 'webhook_evaluations_total{name="default",result="success"} 4' in asked.registry.render().decode()

    run(test, authorized_seconds=0.0, unauthorized_seconds=0.0)


def test_the_old_version_names_groups_otherwise() -> None:
    async def test(asked: Asked) -> None:
        await asked.authorizer.authorize(PODS)
        assert asked.reviews[0]["apiVersion"] == "authorization.k8s.io/v1beta1"
        assert asked.reviews[0]["spec"]["group"] == ["dev"]

    run(test, version="v1beta1")


def test_answers_are_remembered_for_a_while() -> None:
    async def test(asked: Asked) -> None:
        for _ in range(3):
            await asked.authorizer.authorize(PODS)
        assert len(asked.reviews) == 1
        asked.now, asked.status = 11.0, {"allowed": False}
        for _ in range(3):
            assert (await asked.authorizer.authorize(PODS))[0] is Decision.NO_OPINION
        assert len(asked.reviews) == 2
        asked.now = 17.0
        await asked.authorizer.authorize(PODS)
        assert len(asked.reviews) == 3
        large = Attributes(PODS.user, "get", resource="pods", name="x" * 10000)
        for _ in range(2):
            await asked.authorizer.authorize(large)
        assert len(asked.reviews) == 5

    run(test, authorized_seconds=10.0, unauthorized_seconds=5.0)


@pytest.mark.parametrize(("on_error", "final"), [(Decision.NO_OPINION, False), (Decision.DENY, True)])
def test_a_server_that_is_broken(on_error: Decision, final: bool) -> None:
    async def test(asked: Asked) -> None:
        asked.code = 500
        with pytest.raises(AuthorizationError) as e:
            await asked.authorizer.authorize(PODS)
        assert e.value.final is final
        assert len(asked.reviews) == 5
        asked.code, asked.status = 200, {"allowed": "yes"}
        with pytest.raises(AuthorizationError, match=r"status\.allowed is no bool"):
            await asked.authorizer.authorize(PODS)
        failed_open = "evaluations_fail_open_total{" in asked.registry.render().decode()
        assert failed_open is not final

    run(test, on_error=on_error)


def test_both_answers_at_once_are_none() -> None:
    async def test(asked: Asked) -> None:
        asked.status = {"allowed": True, "denied": True}
        with pytest.raises(AuthorizationError, match="both allow and deny") as e:
            await asked.authorizer.authorize(PODS)
        assert e.value.final

    run(test)


def test_conditions_say_when_it_is_asked() -> None:
    async def test(asked: Asked) -> None:
        asked.condition.answer = False
        assert await asked.authorizer.authorize(PODS) == (Decision.NO_OPINION, "")
        asked.condition.answer = None
        with pytest.raises(AuthorizationError, match="cannot tell"):
            await asked.authorizer.authorize(PODS)
        assert asked.reviews == []
        asked.condition.answer = True
        assert (await asked.authorizer.authorize(PODS))[0] is Decision.ALLOW

    run(test)


def test_rules_cannot_be_listed() -> None:
    async def test(asked: Asked) -> None:
        assert asked.authorizer.rules_for(PODS.user, "ns").incomplete

    run(test)
