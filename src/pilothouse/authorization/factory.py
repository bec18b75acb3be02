"""The authorizer that `--authorization-mode` asks for (upstream: pkg/kubeapiserver/authorizer)."""

from collections.abc import Sequence

from pilothouse.apimachinery.user import SYSTEM_PRIVILEGED_GROUP
from pilothouse.authorization.builtin import AlwaysAllow, AlwaysDeny, PrivilegedGroups
from pilothouse.authorization.interface import Authorizer, RuleResolver
from pilothouse.authorization.rbac import RBACAuthorizer
from pilothouse.authorization.union import UnionAuthorizer, UnionRuleResolver


def build(modes: Sequence[str], rbac: RBACAuthorizer) -> tuple[Authorizer, RuleResolver]:
    """The union of `modes`, in order, after the group system:masters, which may do everything.

    `rbac` is used when the mode RBAC is among them; the caller feeds it. Raises ValueError for an unknown mode.
    """
    authorizers: list[Authorizer] = [PrivilegedGroups(SYSTEM_PRIVILEGED_GROUP)]
    resolvers: list[RuleResolver] = []
    for mode in modes:
        authorizer: AlwaysAllow | AlwaysDeny | RBACAuthorizer
        match mode:
            case "AlwaysAllow":
                authorizer = AlwaysAllow()
            case "AlwaysDeny":
                authorizer = AlwaysDeny()
            case "RBAC":
                authorizer = rbac
            case _:
                raise ValueError(f"unknown authorization mode {mode} specified")
        authorizers.append(authorizer)
        resolvers.append(authorizer)
    return UnionAuthorizer(authorizers), UnionRuleResolver(resolvers)
