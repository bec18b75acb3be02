import asyncio

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authorization.builtin import AlwaysAllow
from pilothouse.authorization.factory import AuthorizerConfiguration, Parts, build, of_modes
from pilothouse.authorization.instrumented import DecisionMetrics
from pilothouse.authorization.interface import Attributes, AuthorizationError, Authorizer, Decision
from pilothouse.authorization.rbac import RBACAuthorizer
from pilothouse.authorization.union import UnionAuthorizer
from pilothouse.observability.metrics import Registry

ALICE = User("alice")
MASTER = User("root", groups=("system:masters",))


def decide(authorizer: Authorizer, user: User) -> tuple[Decision, str]:
    return asyncio.run(authorizer.authorize(Attributes(user, "get", resource="pods")))


@pytest.mark.parametrize(("modes", "decision"), [
    (["RBAC"], (Decision.NO_OPINION, "")),
    (["RBAC", "AlwaysAllow"], (Decision.ALLOW, "")),
    (["AlwaysDeny"], (Decision.NO_OPINION, "Everything is forbidden.")),
    (["AlwaysDeny", "AlwaysAllow"], (Decision.ALLOW, "")),
    (["AlwaysDeny", "RBAC"], (Decision.NO_OPINION, "Everything is forbidden.")),
])
def test_modes(modes: list[str], decision: tuple[Decision, str]) -> None:
    authorizer, _ = build(of_modes(modes), Parts())
    assert decide(authorizer, ALICE) == decision
    assert decide(authorizer, MASTER) == (Decision.ALLOW, "")


def test_unknown_modes() -> None:
    with pytest.raises(ValueError, match="unknown authorization mode Dance specified"):
        build(of_modes(["Dance"]), Parts())
    with pytest.raises(ValueError, match="authorizer type Node is not allowed if it was not enabled at initial"):
        build(of_modes(["Node"]), Parts())


def test_authorizers_with_a_configuration_of_their_own() -> None:
    chain = [AuthorizerConfiguration(type="Webhook", name="mine", make=AlwaysAllow)]
    assert decide(build(chain, Parts())[0], ALICE) == (Decision.ALLOW, "")


def test_final_decisions_are_counted() -> None:
    registry = Registry()
    authorizer, _ = build(of_modes(["AlwaysDeny", "AlwaysAllow"]), Parts(metrics=DecisionMetrics(registry)))
    decide(authorizer, ALICE)
    decide(authorizer, MASTER)
    lines = registry.render().decode()
    name = "apiserver_authorization_decisions_total"
    assert f'{name}{{decision="allowed",name="alwaysallow",type="AlwaysAllow"}} 1' in lines


class Fixed:
    def __init__(self, decision: Decision | str, reason: str = "", *, final: bool = False) -> None:
        self.decision, self.reason, self.final = decision, reason, final

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        if isinstance(self.decision, str):
            raise AuthorizationError(self.decision, final=self.final)
        return self.decision, self.reason


def union(*authorizers: Fixed) -> UnionAuthorizer:
    return UnionAuthorizer(authorizers)


def test_the_first_decision_counts_with_its_own_reason_only() -> None:
    none, deny, allow = (Fixed(d, d.name) for d in (Decision.NO_OPINION, Decision.DENY, Decision.ALLOW))
    assert decide(union(none, deny, allow), ALICE) == (Decision.DENY, "DENY")
    assert decide(union(none, allow, deny), ALICE) == (Decision.ALLOW, "ALLOW")
    assert decide(union(none, none), ALICE) == (Decision.NO_OPINION, "NO_OPINION\nNO_OPINION")


def test_an_error_matters_only_when_nobody_decides() -> None:
    assert decide(union(Fixed("broken"), Fixed(Decision.ALLOW)), ALICE) == (Decision.ALLOW, "")
    with pytest.raises(AuthorizationError, match=r"^\[broken, worse\]$"):
        decide(union(Fixed("broken"), Fixed(Decision.NO_OPINION, "x"), Fixed("worse"), Fixed("broken")), ALICE)
    with pytest.raises(AuthorizationError, match=r"^closed$"):
        decide(union(Fixed("closed", final=True), Fixed(Decision.ALLOW)), ALICE)


def test_the_rules_of_all_modes_are_joined() -> None:
    rbac = RBACAuthorizer()
    rbac.apply("ClusterRoleBinding", "", "b", {
        "roleRef": {"kind": "ClusterRole", "name": "gone"}, "subjects": [{"kind": "User", "name": "alice"}],
    })
    _, resolver = build(of_modes(["RBAC", "AlwaysAllow"]), Parts(rbac=rbac))
    rules = resolver.rules_for(ALICE, "ns")
    assert [r.resources for r in rules.resource_rules] == [("*",)]
    assert [r.non_resource_urls for r in rules.non_resource_rules] == [("*",)]
    assert len(rules.errors) == 1
