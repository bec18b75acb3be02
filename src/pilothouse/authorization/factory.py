"""The authorizer that the configuration asks for (upstream: pkg/kubeapiserver/authorizer, reload.go)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pilothouse.apimachinery.user import SYSTEM_PRIVILEGED_GROUP
from pilothouse.authorization.builtin import AlwaysAllow, AlwaysDeny, PrivilegedGroups
from pilothouse.authorization.instrumented import DecisionMetrics, InstrumentedAuthorizer
from pilothouse.authorization.interface import Authorizer, ResolvingAuthorizer, RuleResolver
from pilothouse.authorization.rbac import RBACAuthorizer
from pilothouse.authorization.union import UnionAuthorizer, UnionRuleResolver

MODES = ("AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerConfiguration:
    """One authorizer of the chain: `type` is one of `MODES`, `make` makes one that has a configuration of its own."""

    type: str
    name: str
    make: Callable[[], ResolvingAuthorizer] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The authorizers that live as long as the server and are fed by it; those of a mode that is not there are None."""

    rbac: RBACAuthorizer | None = field(default_factory=RBACAuthorizer)
    node: ResolvingAuthorizer | None = None
    abac: ResolvingAuthorizer | None = None
    metrics: DecisionMetrics | None = None


def build(chain: Sequence[AuthorizerConfiguration], parts: Parts) -> tuple[Authorizer, RuleResolver]:
    """The union of `chain`, in order, after the group system:masters, which may do everything.

    Raises ValueError for a mode that is unknown, or was not there when the server started.
    """
    metrics = parts.metrics or DecisionMetrics()
    authorizers: list[Authorizer] = [PrivilegedGroups(SYSTEM_PRIVILEGED_GROUP)]
    resolvers: list[RuleResolver] = []
    for configuration in chain:
        authorizer = _one(configuration, parts)
        authorizers.append(InstrumentedAuthorizer(authorizer, configuration.type, configuration.name, metrics))
        resolvers.append(authorizer)
    return UnionAuthorizer(authorizers), UnionRuleResolver(resolvers)


def of_modes(modes: Sequence[str], webhook: Callable[[], ResolvingAuthorizer] | None = None) -> list[
    AuthorizerConfiguration
]:
    """The chain of --authorization-mode; `webhook` makes the one that its own flags describe."""
    return [
        AuthorizerConfiguration(type=mode, name="default", make=webhook) if mode == "Webhook"
        else AuthorizerConfiguration(type=mode, name=mode.lower())
        for mode in modes
    ]


def _one(configuration: AuthorizerConfiguration, parts: Parts) -> ResolvingAuthorizer:
    if configuration.make is not None:
        return configuration.make()
    known: dict[str, ResolvingAuthorizer | None] = {
        "AlwaysAllow": AlwaysAllow(), "AlwaysDeny": AlwaysDeny(), "RBAC": parts.rbac, "Node": parts.node,
        "ABAC": parts.abac,
    }
    if configuration.type not in known:
        raise ValueError(f"unknown authorization mode {configuration.type} specified")
    authorizer = known[configuration.type]
    if authorizer is None:
        raise ValueError(
            f"authorizer type {configuration.type} is not allowed if it was not enabled at initial server startup"
        )
    return authorizer
