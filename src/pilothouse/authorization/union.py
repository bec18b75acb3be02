"""Several authorizers as one (upstream: k8s.io/apiserver pkg/authorization/union)."""

from collections.abc import Sequence

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import (
    Attributes,
    AuthorizationError,
    Authorizer,
    Decision,
    RuleResolver,
    Rules,
)


class UnionAuthorizer:
    """Asks one after the other; the first ALLOW or DENY counts, with its own reason only.

    Without one: NO_OPINION with all reasons, or AuthorizationError if any of them failed.
    """

    def __init__(self, authorizers: Sequence[Authorizer]) -> None:
        self._authorizers = tuple(authorizers)

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        reasons: list[str] = []
        errors: list[Exception] = []
        for authorizer in self._authorizers:
            try:
                decision, reason = await authorizer.authorize(attributes)
            except AuthorizationError as error:
                if error.final:
                    raise
                errors.append(error)
                decision, reason = Decision.NO_OPINION, error.reason
            if decision is not Decision.NO_OPINION:
                return decision, reason
            if reason:
                reasons.append(reason)
        if errors:
            raise AuthorizationError(aggregate(errors), reason="\n".join(reasons))
        return Decision.NO_OPINION, "\n".join(reasons)


class UnionRuleResolver:
    """The rules of all, joined in order."""

    def __init__(self, resolvers: Sequence[RuleResolver]) -> None:
        self._resolvers = tuple(resolvers)

    def rules_for(self, user: User, namespace: str) -> Rules:
        found = [resolver.rules_for(user, namespace) for resolver in self._resolvers]
        return Rules(
            tuple(rule for rules in found for rule in rules.resource_rules),
            tuple(rule for rules in found for rule in rules.non_resource_rules),
            any(rules.incomplete for rules in found),
            tuple(error for rules in found for error in rules.errors),
        )
