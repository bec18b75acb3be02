"""Who may act as whom, by every mode."""

import asyncio
from collections.abc import Iterable

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import NODE_NAME_KEY, User
from pilothouse.authorization.impersonation import Impersonated, Impersonation
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision

BOB = User("bob", groups=("dev",))
AGENT = User("system:serviceaccount:kube-system:agent", extra={NODE_NAME_KEY: ("n1",), "x.io/y": ("z",)})


class Allows:
    """Allows what is listed, as "verb resource[/subresource] [namespace/]name", and keeps what it was asked."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = set(allowed)
        self.asked: list[str] = []
        self.users: list[User] = []

    async def authorize(self, a: Attributes) -> tuple[Decision, str]:
        resource = f"{a.resource}/{a.subresource}" if a.subresource else a.resource
        text = f"{a.verb} {resource} {a.namespace + '/' if a.namespace else ''}{a.name}"
        self.asked.append(text)
        self.users.append(a.user)
        if "error" in self.allowed:
            raise AuthorizationError("out of order")
        return (Decision.ALLOW, "") if text in self.allowed else (Decision.NO_OPINION, "no rule")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def check(
    impersonation: Impersonation, wanted: User, requestor: User = BOB, verb: str = "list"
) -> Impersonated:
    attributes = Attributes(requestor, verb, resource="pods", namespace="ns")
    return asyncio.run(impersonation.check(wanted, attributes))


def refused(impersonation: Impersonation, wanted: User, requestor: User = BOB) -> str:
    with pytest.raises(StatusError) as e:
        check(impersonation, wanted, requestor)
    assert e.value.code == 403
    return e.value.message


def test_the_old_right_still_allows() -> None:
    allows = Allows(["impersonate users eve", "impersonate groups ops"])
    found = check(Impersonation(allows), User("eve", groups=("ops",)))
    assert found == Impersonated(User("eve", groups=("ops", "system:authenticated")))
    assert found.mode == "legacy"
    assert allows.asked == [
        "impersonate-on:user-info:list pods ns/", "impersonate users eve", "impersonate groups ops",
    ]
    assert allows.users[0] is BOB


def test_the_last_mode_is_tried_first() -> None:
    allows = Allows(["impersonate users eve"])
    impersonation = Impersonation(allows)
    check(impersonation, User("eve"))
    allows.asked.clear()
    check(impersonation, User("eve"))
    assert allows.asked == ["impersonate users eve"]


@pytest.mark.parametrize(
    ("wanted", "groups"),
    [
        (User("eve"), ("system:authenticated",)),
        (User("eve", groups=("system:unauthenticated",)), ("system:unauthenticated",)),
        (User("eve", groups=("system:authenticated", "a")), ("system:authenticated", "a")),
        (User("system:anonymous"), ("system:unauthenticated",)),
        (User("system:serviceaccount:ns:sa"),
         ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated")),
        (User("system:serviceaccount:ns:sa", groups=("g",)), ("g", "system:authenticated")),
        # no service account's name, so a plain user
        (User("system:serviceaccount:ns"), ("system:authenticated",)),
    ],
)
def test_groups_that_follow(wanted: User, groups: tuple[str, ...]) -> None:
    class All:
        async def authorize(self, a: Attributes) -> tuple[Decision, str]:
            return Decision.ALLOW, ""

    for constrained in (False, True):
        assert check(Impersonation(All(), constrained=constrained), wanted).user.groups == groups


def test_refusals_name_the_first_mode_that_applies() -> None:
    assert refused(Impersonation(Allows([])), User("eve")) == (
        'pods is forbidden: User "bob" cannot impersonate-on:user-info:list resource "pods" in API group "" in the '
        'namespace "ns": no rule'
    )
    assert refused(Impersonation(Allows([]), constrained=False), User("eve")) == (
        'users "eve" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster '
        'scope: no rule'
    )
    assert refused(Impersonation(Allows(["error"])), User("eve")).endswith("out of order")


def test_each_extra_value_and_the_uid_are_asked_for() -> None:
    allows = Allows([
        "impersonate users eve", "impersonate uids u1", "impersonate userextras/a.io/k v1",
        "impersonate userextras/a.io/k v2",
    ])
    wanted = User("eve", "u1", (), {"a.io/k": ("v1", "v2")})
    found = check(Impersonation(allows, constrained=False), wanted)
    assert found.user == User("eve", "u1", ("system:authenticated",), {"a.io/k": ("v1", "v2")})
    allows.allowed.remove("impersonate userextras/a.io/k v2")
    assert 'userextras.authentication.k8s.io "v2" is forbidden' in refused(
        Impersonation(allows, constrained=False), wanted
    )


def test_a_constrained_user_needs_both_rights() -> None:
    on, user = "impersonate-on:user-info:list pods ns/", "impersonate:user-info users eve"
    found = check(Impersonation(Allows([on, user])), User("eve"))
    assert (found.constraint, found.mode) == ("impersonate:user-info", "user-info")
    assert "impersonate:user-info" in refused(Impersonation(Allows([on])), User("eve"))
    assert "impersonate-on:user-info:list" in refused(Impersonation(Allows([user])), User("eve"))


def test_many_groups_are_asked_for_at_once() -> None:
    allows = Allows([
        "impersonate-on:user-info:list pods ns/", "impersonate:user-info users eve", "impersonate:user-info groups *",
        "impersonate:user-info userextras/* *",
    ])
    wanted = User("eve", groups=("a", "b", "c", "d"), extra={"a.io/k": ("1", "2", "3", "4")})
    assert check(Impersonation(allows), wanted).constraint == "impersonate:user-info"
    allows.allowed.remove("impersonate:user-info groups *")
    allows.allowed |= {f"impersonate:user-info groups {name}" for name in "abcd"}
    assert check(Impersonation(allows), wanted).constraint == "impersonate:user-info"


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (User("eve", groups=("",)), "impersonating the empty string group is not allowed"),
        (User("eve", groups=("system:masters",)), "impersonating the system:masters group is not allowed"),
        (User("eve", extra={"": ("v",)}), "impersonating the empty string key in extra is not allowed"),
        (User("eve", extra={"k": ("v",)}), "impersonating an invalid key in extra is not allowed: extra.key: Invalid"
         ' value: "k": must be a domain-prefixed path (such as "acme.io/foo")'),
        (User("eve", extra={"a.io/K": ("v",)}), 'impersonating a non-lowercase key in extra is not allowed: "a.io/K"'),
        (User("eve", extra={"a.io/k": ()}), "impersonating empty values in extra is not allowed"),
        (User("eve", extra={"a.io/k": ("",)}), "impersonating the empty string value in extra is not allowed"),
    ],
)
def test_what_no_constrained_mode_allows(wanted: User, text: str) -> None:
    allows = Allows(["impersonate-on:user-info:list pods ns/", "impersonate:user-info users eve"])
    assert refused(Impersonation(allows), wanted).endswith(text)


def test_nodes_and_service_accounts_have_modes_of_their_own() -> None:
    node = User("system:node:n1")
    allows = Allows(["impersonate-on:arbitrary-node:list pods ns/", "impersonate:arbitrary-node nodes n1"])
    found = check(Impersonation(allows), node)
    assert found.constraint == "impersonate:arbitrary-node"
    assert found.user.groups == ("system:nodes", "system:authenticated")
    account = User("system:serviceaccount:ns:sa")
    allows = Allows(["impersonate-on:serviceaccount:list pods ns/", "impersonate:serviceaccount serviceaccounts ns/sa"])
    assert check(Impersonation(allows), account).constraint == "impersonate:serviceaccount"
    # with groups it is neither, and the old right is needed
    assert "cannot impersonate resource" in refused(Impersonation(allows), User(account.name, groups=("g",)))


def test_an_agent_acts_as_its_own_node_only() -> None:
    allows = Allows(["impersonate-on:associated-node:list pods ns/", "impersonate:associated-node nodes *"])
    impersonation = Impersonation(allows)
    assert check(impersonation, User("system:node:n1"), AGENT).constraint == "impersonate:associated-node"
    assert allows.users[0].extra == {
        "authentication.kubernetes.io/associated-node-keys": (NODE_NAME_KEY, "x.io/y")
    }
    assert "arbitrary-node" in refused(impersonation, User("system:node:n2"), AGENT)
    assert "arbitrary-node" in refused(impersonation, User("system:node:n1"), BOB)


def test_constrained_answers_are_remembered_for_ten_seconds() -> None:
    allows = Allows(["impersonate-on:user-info:list pods ns/", "impersonate:user-info users eve"])
    clock = Clock()
    impersonation = Impersonation(allows, clock=clock)
    check(impersonation, User("eve"))
    allows.asked.clear()
    check(impersonation, User("eve"))
    assert allows.asked == []
    with pytest.raises(StatusError):
        # another verb is another question
        check(impersonation, User("eve"), verb="delete")
    allows.allowed.clear()
    clock.now += 10
    refused(impersonation, User("eve"))
