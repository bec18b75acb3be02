from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import (
    Attributes,
    AuthorizationError,
    Decision,
    NonResourceRule,
    ResourceRule,
    Rules,
)
from tests.registry.cluster import USER, Cluster, Object, context, run

GROUP = "authorization.k8s.io"


class Authorizer:
    """Remembers what it was asked; answers by the verb."""

    def __init__(self) -> None:
        self.asked: list[Attributes] = []

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        self.asked.append(attributes)
        if attributes.verb == "break":
            raise AuthorizationError("broken")
        if attributes.verb == "get":
            return Decision.ALLOW, "because"
        return (Decision.DENY, "never") if attributes.verb == "delete" else (Decision.NO_OPINION, "")


def resource(verb: str = "get", **attributes: Any) -> Object:
    return {"resourceAttributes": {"namespace": "ns", "verb": verb, "resource": "pods", **attributes}}


async def ask(cluster: Cluster, kind: str, spec: Object, **metadata: Any) -> Object:
    body = {"metadata": metadata, "spec": spec}
    return (await cluster.review(GROUP, kind, body, context()))["status"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ("get", {"allowed": True, "reason": "because"}),
        ("delete", {"allowed": False, "denied": True, "reason": "never"}),
        ("list", {"allowed": False}),
        ("break", {"allowed": False, "evaluationError": "broken"}),
    ],
)
def test_decisions(verb: str, status: Object) -> None:
    authorizer = Authorizer()

    async def test(cluster: Cluster) -> None:
        assert await ask(cluster, "selfsubjectaccessreviews", resource(verb)) == status
        assert authorizer.asked[0].user is USER
        assert authorizer.asked[0].api_version == "*"

    run(test, authorizer=authorizer)


def test_of_others() -> None:
    authorizer = Authorizer()

    async def test(cluster: Cluster) -> None:
        spec = {"user": "bob", "groups": ["g"], "extra": {"k": ["v"]}, "nonResourceAttributes": {"path": "/x"}}
        await ask(cluster, "subjectaccessreviews", spec)
        asked = authorizer.asked[0]
        assert asked.user == User("bob", "", ("g",), {"k": ("v",)})
        assert (asked.is_resource_request, asked.path) == (False, "/x")

    run(test, authorizer=authorizer)


def test_selectors() -> None:
    authorizer = Authorizer()

    async def test(cluster: Cluster) -> None:
        spec = resource(
            fieldSelector={"requirements": [{"key": "a", "operator": "In", "values": ["b"]}]},
            labelSelector={"requirements": [{"key": "c", "operator": "Exists"}, {"key": "d", "operator": "Odd"}]},
        )
        status = await ask(cluster, "selfsubjectaccessreviews", spec)
        assert status["evaluationError"] == (
            "spec.resourceAttributes.labelSelector partially ignored due to parse error"
        )
        assert (authorizer.asked[0].field_selector, authorizer.asked[0].label_selector) == ("a=b", "c")
        status = await ask(cluster, "selfsubjectaccessreviews", resource(fieldSelector={"rawSelector": "x"}))
        assert status["evaluationError"] == "spec.resourceAttributes.fieldSelector ignored due to parse error"

    run(test, authorizer=authorizer)


@pytest.mark.parametrize(
    ("kind", "spec", "metadata", "text"),
    [
        ("selfsubjectaccessreviews", {}, {}, "exactly one of nonResourceAttributes or resourceAttributes"),
        ("subjectaccessreviews", resource(), {}, "spec.user: Invalid value: \"\": at least one of user or group"),
        ("selfsubjectaccessreviews", {**resource(), "nonResourceAttributes": {"path": "/"}}, {},
         "cannot be specified in combination with resourceAttributes"),
        ("selfsubjectaccessreviews", resource(), {"name": "x"}, 'metadata: Invalid value: {"name":"x"}: must be empty'),
        ("localsubjectaccessreviews", {**resource(namespace="other"), "user": "u"}, {},
         'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace'),
        ("selfsubjectaccessreviews", resource(fieldSelector={}), {}, "requirements or rawSelector is required"),
        ("selfsubjectaccessreviews", resource(fieldSelector={"requirements": [{"operator": "In"}]}), {},
         "[spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified, "
         "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when"),
        ("selfsubjectaccessreviews", resource(labelSelector={"requirements": [
            {"key": "a", "operator": "In", "values": ["b c"]}
        ]}), {}, 'labelSelector.requirements[0].values[0]: Invalid value: "b c": a valid label must be'),
    ],
)
def test_refusals(kind: str, spec: Object, metadata: Object, text: str) -> None:
    async def test(cluster: Cluster) -> None:
        with pytest.raises(StatusError) as e:
            await ask(cluster, kind, spec, **metadata)
        assert e.value.message.startswith('.authorization.k8s.io "" is invalid: ')
        assert text in e.value.message
        assert "kind" not in (e.value.details or {})

    run(test)


def test_rules() -> None:
    class Resolver:
        def rules_for(self, user: User, namespace: str) -> Rules:
            return Rules(
                (ResourceRule(("get",), ("",), ("pods",)),), (NonResourceRule(("get",), ("/healthz",)),), True, ("x",)
            )

    async def test(cluster: Cluster) -> None:
        status = await ask(cluster, "selfsubjectrulesreviews", {"namespace": "ns"})
        assert status == {
            "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}],
            "incomplete": True, "evaluationError": "x",
        }
        with pytest.raises(StatusError, match="no namespace on request"):
            await ask(cluster, "selfsubjectrulesreviews", {})

    run(test, rule_resolver=Resolver())
