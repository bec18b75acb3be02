from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.status import StatusError
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from tests.registry.cluster import Cluster, Object, run

GROUP = "admissionregistration.k8s.io"
ANN = "&{ann ann-uid [dev system:authenticated] map[]}"
NEEDED = 'does not have "get" permission for all groups, versions and resources'
RULE = {"apiGroups": ["x.y"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["z"]}


class Readers:
    """Allows what it was told to, and remembers what it was asked."""

    def __init__(self, *resources: str) -> None:
        self.resources = resources
        self.asked: list[Attributes] = []

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        self.asked.append(attributes)
        if attributes.resource in self.resources:
            return Decision.ALLOW, ""
        if attributes.resource == "broken":
            raise AuthorizationError("no authorizer is left")
        return Decision.NO_OPINION, "reasons are not told"


def resource_of(gvk: GroupVersionKind) -> str:
    return {"ConfigMap": "configmaps", "Broken": "broken"}.get(gvk.kind, "")


def policy(kind: str = "ConfigMap", version: str = "v1") -> Object:
    return {"metadata": {"name": "p"}, "spec": {
        "paramKind": {"apiVersion": version, "kind": kind}, "matchConstraints": {"resourceRules": [RULE]},
        "validations": [{"expression": "true"}],
    }}


def binding(**ref: Any) -> Object:
    return {"metadata": {"name": "b"}, "spec": {
        "policyName": "p", "validationActions": ["Deny"],
        "paramRef": {"parameterNotFoundAction": "Allow", **(ref or {"name": "x", "namespace": "ns"})},
    }}


def refused(test: Callable[[Cluster], Awaitable[None]], authorizer: Readers) -> None:
    run(test, authorizer=authorizer, resource_of=resource_of)


async def message(create: Awaitable[Object]) -> str:
    with pytest.raises(StatusError) as e:
        await create
    assert e.value.code == 422
    return e.value.message.partition("Forbidden: ")[2]


@pytest.mark.parametrize(("kind", "version", "expected"), [
    ("ConfigMap", "v1", f'user {ANN} must have "get" permission on all objects of the referenced paramKind '
     "(kind=ConfigMap, apiVersion=v1)"),
    ("Broken", "v1", "no authorizer is left"),
])
def test_whoever_writes_a_policy_must_be_able_to_read_its_parameters(kind: str, version: str, expected: str) -> None:
    authorizer = Readers()

    async def test(cluster: Cluster) -> None:
        create = cluster.create("validatingadmissionpolicies", policy(kind, version), group=GROUP)
        assert await message(create) == expected

    refused(test, authorizer)
    asked = authorizer.asked[0]
    assert (asked.verb, asked.name, asked.namespace, asked.api_group, asked.api_version) == ("get", "*", "*", "", "v1")


def test_a_param_kind_that_stays_is_not_asked_about() -> None:
    authorizer = Readers("configmaps")

    async def test(cluster: Cluster) -> None:
        await cluster.create("validatingadmissionpolicies", policy(), group=GROUP)
        authorizer.resources = ()

        def label(obj: Object) -> None:
            obj["metadata"]["labels"] = {"a": "b"}

        await cluster.update("validatingadmissionpolicies", "p", label, group=GROUP)

    refused(test, authorizer)
    assert len(authorizer.asked) == 1


@pytest.mark.parametrize(("stored", "expected"), [
    (None, f"unable to get policy p to determine minimum required permissions and user {ANN} {NEEDED}"),
    (policy("Odd"), "unable to resolve paramKind &{v1 Odd} to determine minimum required permissions and "
     f"user {ANN} {NEEDED}"),
    (policy(), f'user {ANN} does not have "get" permission on the object referenced by paramRef'),
    (policy("Broken"), "failed to authorize request: no authorizer is left"),
])
def test_whoever_binds_a_policy_must_be_able_to_read_the_parameters(stored: Object | None, expected: str) -> None:
    authorizer = Readers("configmaps", "broken", "*")

    async def test(cluster: Cluster) -> None:
        if stored is not None:
            await cluster.create("validatingadmissionpolicies", stored, group=GROUP)
        authorizer.resources = ()
        create = cluster.create("validatingadmissionpolicybindings", binding(), group=GROUP)
        assert await message(create) == expected

    refused(test, authorizer)


def test_parameters_that_a_selector_finds_are_listed() -> None:
    authorizer = Readers()

    async def test(cluster: Cluster) -> None:
        create = cluster.create("validatingadmissionpolicybindings", binding(selector={}), group=GROUP)
        assert 'does not have "list" permission' in await message(create)

    refused(test, authorizer)
    assert authorizer.asked[0].verb == "list"


def test_mutating_bindings_tell_user_and_verb_in_the_wrong_order() -> None:
    async def test(cluster: Cluster) -> None:
        mutation = {"patchType": "JSONPatch", "jsonPatch": {"expression": '[JSONPatch{op: "remove", path: "/spec"}]'}}
        mutating = {"metadata": {"name": "p"}, "spec": {
            "matchConstraints": {"resourceRules": [RULE]}, "reinvocationPolicy": "Never", "mutations": [mutation],
        }}
        await cluster.create("mutatingadmissionpolicies", mutating, group=GROUP)
        bound = binding()
        del bound["spec"]["validationActions"]
        create = cluster.create("mutatingadmissionpolicybindings", bound, group=GROUP)
        text = f'user get does not have "{ANN}" permission on the object referenced by paramRef'
        assert await message(create) == text

    refused(test, Readers())
