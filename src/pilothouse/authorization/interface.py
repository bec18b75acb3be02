"""Who may do what: the protocol of authorizers (upstream: k8s.io/apiserver pkg/authorization/authorizer)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from pilothouse.apimachinery.user import User

if TYPE_CHECKING:
    from pilothouse.apimachinery.requestinfo import RequestInfo


class Decision(Enum):
    """What an authorizer says. In a union ALLOW and DENY are final; NO_OPINION asks the next one."""

    DENY = "deny"
    ALLOW = "allow"
    NO_OPINION = "no opinion"


@dataclass(slots=True)
class Attributes:
    """What is asked for.

    For a request that is no resource request only `user`, `verb` and `path` count. The selectors are the
    raw query texts; only authorizers that understand selectors parse them.
    """

    user: User
    verb: str
    is_resource_request: bool = True
    path: str = ""
    api_group: str = ""
    api_version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""

    @classmethod
    def of_request(cls, user: User, info: RequestInfo) -> Attributes:
        return cls(
            user, info.verb, info.is_resource_request, info.path, info.api_group, info.api_version,
            info.namespace, info.resource, info.subresource, info.name, info.field_selector, info.label_selector,
        )


class AuthorizationError(Exception):
    """An authorizer could not decide. Unless another one of the union allows the request, it answers 500.

    `final` is for one that denies what it cannot decide: then no other is asked. `reason` is what those say of the
    request that could decide, but had no opinion.
    """

    def __init__(self, message: str, *, final: bool = False, reason: str = "") -> None:
        super().__init__(message)
        self.final = final
        self.reason = reason


class Authorizer(Protocol):
    """Decides on a request.

    Returns the decision and its reason ("" when there is none to tell); the reason of a refusal reaches the
    client. Raises AuthorizationError when it cannot decide, which counts as NO_OPINION in a union.
    """

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]: ...


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """One line of a SelfSubjectRulesReview about resources."""

    verbs: tuple[str, ...]
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NonResourceRule:
    """One line of a SelfSubjectRulesReview about paths."""

    verbs: tuple[str, ...]
    non_resource_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """All that a user may do in a namespace, as far as it can be listed.

    `incomplete` is True when an authorizer cannot list its rules; `errors` are the texts of what went wrong
    (their `aggregate` is the review's evaluationError).
    """

    resource_rules: Sequence[ResourceRule] = ()
    non_resource_rules: Sequence[NonResourceRule] = ()
    incomplete: bool = False
    errors: Sequence[str] = ()


class RuleResolver(Protocol):
    """Lists what a user may do in `namespace`, cluster-wide rules included (upstream: RuleResolver)."""

    def rules_for(self, user: User, namespace: str) -> Rules: ...


class ResolvingAuthorizer(Authorizer, RuleResolver, Protocol):
    """One that can be in the chain: it decides, and lists its rules as far as it can."""
