"""Authorizers without a policy (upstream: k8s.io/apiserver pkg/authorization/authorizerfactory)."""

from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, Decision, NonResourceRule, ResourceRule, Rules

_NO_OPINION = (Decision.NO_OPINION, "")
_ALLOW = (Decision.ALLOW, "")
_EVERYTHING = Rules(
    (ResourceRule(("*",), ("*",), ("*",)),),
    (NonResourceRule(("*",), ("*",)),),
)


class AlwaysAllow:
    """Allows everything, without a reason."""

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        return _ALLOW

    def rules_for(self, user: User, namespace: str) -> Rules:
        return _EVERYTHING


class AlwaysDeny:
    """Allows nothing. Upstream's says NoOpinion, not Deny: an authorizer after it may still allow."""

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        return Decision.NO_OPINION, "Everything is forbidden."

    def rules_for(self, user: User, namespace: str) -> Rules:
        return Rules()


class PrivilegedGroups:
    """Allows everything to the members of some groups, before any policy is asked."""

    def __init__(self, *groups: str) -> None:
        self._groups = frozenset(groups)

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        return _NO_OPINION if self._groups.isdisjoint(attributes.user.groups) else _ALLOW
