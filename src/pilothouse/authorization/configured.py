"""The authorizer that a configuration file describes, which may change while the server runs (upstream:
pkg/kubeapiserver/authorizer/reload.go).

What is good replaces what is in force; what is bad is told and counted, and changes nothing. Authorizers other than
webhooks live as long as the server: one that was there at start must stay, and none can be added.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.filewatch import watch
from pilothouse.apimachinery.user import User
from pilothouse.apimachinery.webhook.caller import Caller
from pilothouse.authorization import factory
from pilothouse.authorization.configuration import AuthorizationConfiguration, WebhookConfiguration
from pilothouse.authorization.configvalidation import load_valid
from pilothouse.authorization.factory import AuthorizerConfiguration, Parts
from pilothouse.authorization.interface import Attributes, Authorizer, Decision, RuleResolver, Rules
from pilothouse.authorization.webhook import Conditions, WebhookAuthorizer, WebhookConfig
from pilothouse.authorization.webhookmetrics import WebhookMetrics
from pilothouse.observability.configmetrics import FAILURE, SUCCESS, ConfigurationMetrics
from pilothouse.observability.logging import log

_LINGER_SECONDS = 60.0
"""How long requests that are with old webhooks may take to end there."""


@dataclass(frozen=True, slots=True)
class Built:
    """One configuration's authorizers."""

    authorizer: Authorizer
    rules: RuleResolver
    callers: tuple[Caller, ...]

    async def close(self) -> None:
        for caller in self.callers:
            await caller.close()


def build(configuration: AuthorizationConfiguration, parts: Parts) -> Built:
    """Raises ValueError for a kubeconfig that cannot be used, or a type that was not there at start."""
    chain: list[AuthorizerConfiguration] = []
    callers: list[Caller] = []
    for authorizer in configuration.authorizers:
        if authorizer.webhook is None:
            chain.append(AuthorizerConfiguration(type=authorizer.type, name=authorizer.name))
            continue
        caller = _caller(authorizer.webhook)
        callers.append(caller)
        make = partial(_webhook, authorizer.name, authorizer.webhook, caller)
        chain.append(AuthorizerConfiguration(type=authorizer.type, name=authorizer.name, make=make))
    union, rules = factory.build(chain, parts)
    return Built(union, rules, tuple(callers))


def _caller(webhook: WebhookConfiguration) -> Caller:
    if webhook.kubeconfig_file is None:
        # upstream has no answer for this: it panics
        raise ValueError("connectionInfo type InClusterConfig is not allowed for kube-apiserver")
    return Caller.of_file(Path(webhook.kubeconfig_file), webhook.timeout / duration.SECOND)


def _webhook(name: str, webhook: WebhookConfiguration, caller: Caller) -> WebhookAuthorizer:
    conditions: Conditions | None = None
    if webhook.conditions:
        from pilothouse.authorization.matchconditions import MatchConditions

        conditions = MatchConditions(name, webhook.conditions)
    return WebhookAuthorizer(caller, WebhookConfig(
        name=name, version=webhook.review_version,
        authorized_seconds=webhook.authorized_ttl / duration.SECOND if webhook.cache_authorized else 0.0,
        unauthorized_seconds=webhook.unauthorized_ttl / duration.SECOND if webhook.cache_unauthorized else 0.0,
        on_error=Decision.DENY if webhook.failure_policy == "Deny" else Decision.NO_OPINION,
    ), conditions=conditions, metrics=WebhookMetrics())


class ReloadingAuthorizer:
    """Asks the authorizers of the newest good configuration."""

    def __init__(
        self, path: Path, data: bytes, configuration: AuthorizationConfiguration, parts: Parts,
        metrics: ConfigurationMetrics, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`data` is the file that `configuration` comes from. Raises ValueError as `build` does."""
        self._path = path
        self._data = data
        self._configuration = configuration
        self._parts = parts
        self._metrics = metrics
        self._clock = clock
        self._required = configuration.types - {"Webhook"}
        self._current = build(configuration, parts)
        self._lingering: list[tuple[Built, float]] = []
        metrics.applied(_text(data))

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        return await self._current.authorizer.authorize(attributes)

    def rules_for(self, user: User, namespace: str) -> Rules:
        return self._current.rules.rules_for(user, namespace)

    async def run(self) -> None:
        """Follow the file, until cancelled."""
        await watch(self._path, self.check)

    async def check(self) -> None:
        """Read the file, and apply what is new."""
        await self._close_old()
        try:
            data = await asyncio.to_thread(self._path.read_bytes)
            if data == self._data:
                return
            log.info("found new authorization config data")
            # even if it is bad: it will not become better by itself
            self._data = data
            found = await asyncio.to_thread(self._load, data)
        except (OSError, ValueError) as error:
            log.error("reloading authorization config", error, path=str(self._path))
            self._metrics.reloaded(FAILURE)
            return
        if found is None:
            return
        self._lingering.append((self._current, self._clock() + _LINGER_SECONDS))
        self._current = found
        log.info("reloaded authz config")
        self._metrics.reloaded(SUCCESS)
        self._metrics.applied(_text(data))

    def _load(self, data: bytes) -> Built | None:
        """None when the file means the same as before. Raises ValueError. Compiling expressions takes a while: this
        runs in a thread."""
        configuration = load_valid(data, self._required)
        if configuration == self._configuration:
            return None
        self._configuration = configuration
        return build(configuration, self._parts)

    async def _close_old(self) -> None:
        now = self._clock()
        over = [old for old, until in self._lingering if until <= now]
        self._lingering = [entry for entry in self._lingering if entry[1] > now]
        for old in over:
            await old.close()

    async def close(self) -> None:
        for old in [*(old for old, _ in self._lingering), self._current]:
            await old.close()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
