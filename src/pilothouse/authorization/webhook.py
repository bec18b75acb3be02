"""Asking another server (upstream: k8s.io/apiserver plugin/pkg/authorizer/webhook)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from pilothouse.apimachinery.expiring import Expiring
from pilothouse.apimachinery.user import User
from pilothouse.apimachinery.webhook.caller import Backoff, Caller, WebhookError, with_backoff
from pilothouse.authorization.accessreview import review_spec
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision, Rules
from pilothouse.observability.logging import log

if TYPE_CHECKING:
    from pilothouse.authorization.webhookmetrics import WebhookMetrics

_CACHED = 8192
_MAX_CACHED_BYTES = 10000
"""Questions whose parts the client chose and that are larger are not remembered (upstream: shouldCache)."""
BACKOFF = Backoff(0.5)
VERSIONS = ("v1", "v1beta1")


class Conditions(Protocol):
    """When the webhook is asked at all (upstream: authorization/cel, CELMatcher)."""

    async def matches(self, spec: dict[str, Any]) -> bool:
        """False if a condition is false for this access review. Raises ValueError when none is but some fail."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig:
    """`authorized_seconds` and `unauthorized_seconds` are how long answers are remembered; 0: not at all."""

    name: str = "default"
    version: str = "v1"
    authorized_seconds: float = 300.0
    unauthorized_seconds: float = 30.0
    on_error: Decision = Decision.NO_OPINION
    """DENY fails closed."""


class WebhookAuthorizer:
    """Posts SubjectAccessReviews. With a server that does not answer nothing is decided: the next authorizer is
    asked, or with `config.on_error` DENY none."""

    def __init__(
        self, caller: Caller, config: WebhookConfig, *, conditions: Conditions | None = None,
        metrics: WebhookMetrics | None = None, backoff: Backoff = BACKOFF,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._caller = caller
        self._config = config
        self._conditions = conditions
        self._metrics = metrics
        self._backoff = backoff
        self._sleep = sleep
        self._clock = clock
        self._answers: Expiring[bytes, dict[str, Any]] = Expiring(_CACHED, clock)

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        spec = review_spec(attributes)
        try:
            if self._conditions is not None and not await self._conditions.matches(spec):
                return Decision.NO_OPINION, ""
            status = await self._status(attributes, spec)
        except (ValueError, WebhookError) as error:
            log.error("Failed to make webhook authorizer request", error, name=self._config.name)
            raise AuthorizationError(str(error), final=self._config.on_error is Decision.DENY) from None
        reason = status.get("reason") or ""
        if status.get("denied"):
            if status.get("allowed"):
                text = "webhook subject access review returned both allow and deny response"
                raise AuthorizationError(text, final=True)
            return Decision.DENY, reason
        return (Decision.ALLOW if status.get("allowed") else Decision.NO_OPINION), reason

    async def _status(self, attributes: Attributes, spec: dict[str, Any]) -> dict[str, Any]:
        """The status of the review, remembered or asked for. Raises WebhookError."""
        key = orjson.dumps(spec, option=orjson.OPT_SORT_KEYS)
        known = self._answers.get(key)
        if known is not None:
            return known
        try:
            status = await with_backoff(lambda: self._ask(spec), self._backoff, sleep=self._sleep)
        except WebhookError as error:
            if self._metrics is not None and self._config.on_error is Decision.NO_OPINION:
                self._metrics.failed_open(self._config.name, _result(error))
            raise
        config = self._config
        seconds = config.authorized_seconds if status.get("allowed") else config.unauthorized_seconds
        if seconds and _controlled_bytes(attributes) < _MAX_CACHED_BYTES:
            self._answers.set(key, status, seconds)
        return status

    async def _ask(self, spec: dict[str, Any]) -> dict[str, Any]:
        start, result = self._clock(), "error"
        try:
            status = self._read(await self._caller.post(self._body(spec)))
            result = "success"
            return status
        except WebhookError as error:
            result = _result(error)
            raise
        except asyncio.CancelledError:
            result = "canceled"
            raise
        finally:
            if self._metrics is not None:
                self._metrics.evaluated(self._config.name, result, self._clock() - start)

    def _body(self, spec: dict[str, Any]) -> bytes:
        if self._config.version == "v1beta1" and "groups" in spec:
            # the one field that was renamed
            spec = {("group" if key == "groups" else key): value for key, value in spec.items()}
        return orjson.dumps({
            "kind": "SubjectAccessReview", "apiVersion": f"authorization.k8s.io/{self._config.version}",
            "metadata": {}, "spec": spec, "status": {"allowed": False},
        })

    def _read(self, data: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(data)
            status = answer.get("status") or {}
            for field, kind in (("allowed", bool), ("denied", bool), ("reason", str)):
                if not isinstance(status.get(field, kind()), kind):
                    raise TypeError(f"status.{field} is no {kind.__name__}")
        except (ValueError, TypeError, AttributeError) as e:
            raise WebhookError(f"the answer is no SubjectAccessReview: {e}") from None
        found: dict[str, Any] = status
        return found

    def rules_for(self, user: User, namespace: str) -> Rules:
        return Rules(incomplete=True, errors=("webhook authorizer does not support user rule resolution",))


def _result(error: WebhookError) -> str:
    return "timeout" if error.timed_out else "error"


def _controlled_bytes(a: Attributes) -> int:
    return sum(map(len, (
        a.namespace, a.verb, a.api_group, a.api_version, a.resource, a.subresource, a.name, a.path,
    )))
