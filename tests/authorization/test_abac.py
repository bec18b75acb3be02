import asyncio
from pathlib import Path

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authorization.abac import ABACAuthorizer, Policy, load
from pilothouse.authorization.interface import Attributes, Decision

BOB = User("bob", groups=("dev", "system:authenticated"))


def allows(policy: Policy, a: Attributes) -> bool:
    return asyncio.run(ABACAuthorizer([policy]).authorize(a))[0] is Decision.ALLOW


def pods(verb: str = "get", user: User = BOB, namespace: str = "ns") -> Attributes:
    return Attributes(user, verb, namespace=namespace, resource="pods")


def path(text: str, verb: str = "get") -> Attributes:
    return Attributes(BOB, verb, False, text)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), False),
        (Policy("bob", resource="pods", namespace="ns"), True),
        (Policy("*", resource="*", namespace="*", api_group="*"), True),
        (Policy("eve", resource="*", namespace="*"), False),
        (Policy(group="dev", resource="pods", namespace="ns"), True),
        (Policy("bob", "ops", resource="pods", namespace="ns"), False),
        (Policy("bob", "*", resource="pods", namespace="ns"), True),
        (Policy("bob", resource="pods", namespace="other"), False),
        (Policy("bob", resource="pods", namespace="ns", api_group="apps"), False),
        (Policy("bob", resource="services", namespace="ns"), False),
        (Policy("bob", path="*"), False),
    ],
)
def test_resources(policy: Policy, expected: bool) -> None:
    assert allows(policy, pods()) is expected


def test_read_only() -> None:
    policy = Policy("bob", read_only=True, resource="*", namespace="*")
    assert [allows(policy, pods(verb)) for verb in ("get", "list", "watch", "delete")] == [True, True, True, False]


def test_paths() -> None:
    for text, expected in (("/healthz", True), ("/health*", True), ("*", True), ("/livez", False), ("", False)):
        assert allows(Policy("bob", path=text), path("/healthz")) is expected


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.jsonl"
    file.write_text(
        "# a comment\n\n"
        '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"bob",'
        '"namespace":"ns","resource":"pods","apiGroup":"*","readonly":true}}\n'
        '{"user":"eve","resource":"secrets"}\n'
        '{"readonly":true}\n'
    )
    authorizer = load(file)

    def decide(a: Attributes) -> tuple[Decision, str]:
        return asyncio.run(authorizer.authorize(a))

    assert decide(pods()) == (Decision.ALLOW, "")
    assert decide(pods("delete")) == (Decision.NO_OPINION, "No policy matched.")
    assert decide(Attributes(User("eve"), "delete", namespace="any", resource="secrets"))[0] is Decision.ALLOW
    # the last line is for everybody who is authenticated
    assert decide(pods("get", User("x", groups=("system:authenticated",)), "other"))[0] is Decision.ALLOW
    assert decide(path("/metrics"))[0] is Decision.ALLOW
    assert decide(pods("get", User("x"), "other"))[0] is Decision.NO_OPINION
    rules = authorizer.rules_for(BOB, "ns")
    assert [(r.verbs, r.resources) for r in rules.resource_rules] == [
        (("get", "list", "watch"), ("pods",)), (("get", "list", "watch"), ("*",))
    ]
    assert [r.non_resource_urls for r in rules.non_resource_rules] == [("*",)]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "line 1: {: "), ("[]", "the line is no object"),
        ('{"apiVersion":"v2","kind":"Policy"}', 'no kind "Policy" is registered for version "v2"'),
        ('{"user":7}', "PolicySpec.user of type string"), ('{"readonly":"yes"}', "PolicySpec.readonly of type bool"),
        ('{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":[1]}', "Policy.spec"),
    ],
)
def test_lines_that_are_refused(tmp_path: Path, line: str, text: str) -> None:
    file = tmp_path / "policy.jsonl"
    file.write_text(line)
    with pytest.raises(ValueError, match=r"error reading policy file .*, line 1") as e:
        load(file)
    assert text in str(e.value)
