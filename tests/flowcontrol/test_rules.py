from typing import Any

import pytest
from tests.flowcontrol.support import info, schema

from pilothouse.apimachinery.user import User
from pilothouse.flowcontrol.rules import Schema

BOB = User("bob", groups=("dev",))
ACCOUNT = User("system:serviceaccount:ns:sa")


def matches(user: User = BOB, url: str = "/api/v1/namespaces/ns/pods/p", **rule: Any) -> bool:
    return Schema(schema("s", "l", **rule)).matches(user, info("GET", url))


def group(name: str) -> dict[str, Any]:
    return {"kind": "Group", "group": {"name": name}}


def account(namespace: str, name: str) -> dict[str, Any]:
    return {"kind": "ServiceAccount", "serviceAccount": {"namespace": namespace, "name": name}}


@pytest.mark.parametrize(
    ("subject", "user", "expected"),
    [
        ({"kind": "User", "user": {"name": "*"}}, BOB, True),
        ({"kind": "User", "user": {"name": "eve"}}, BOB, False),
        (group("dev"), BOB, True), (group("*"), BOB, True), (group("ops"), BOB, False),
        (account("ns", "sa"), ACCOUNT, True), (account("ns", "*"), ACCOUNT, True), (account("ns", "x"), ACCOUNT, False),
        (account("n", "*"), ACCOUNT, False), (account("ns", "*"), BOB, False),
        ({"kind": "Other"}, BOB, False),
    ],
)
def test_subjects(subject: dict[str, Any], user: User, expected: bool) -> None:
    assert matches(user, subjects=[subject]) is expected


@pytest.mark.parametrize(
    ("change", "url", "expected"),
    [
        ({}, "/api/v1/namespaces/ns/pods/p", True),
        ({"verbs": ["list"]}, "/api/v1/namespaces/ns/pods/p", False),
        ({"verbs": ["get", "list"]}, "/api/v1/namespaces/ns/pods/p", True),
        ({"apiGroups": [""]}, "/api/v1/namespaces/ns/pods/p", True),
        ({"apiGroups": ["apps"]}, "/api/v1/namespaces/ns/pods/p", False),
        ({"resources": ["pods"]}, "/api/v1/namespaces/ns/pods/p", True),
        ({"resources": ["pods"]}, "/api/v1/namespaces/ns/pods/p/status", False),
        ({"resources": ["pods/status"]}, "/api/v1/namespaces/ns/pods/p/status", True),
        ({"namespaces": ["other"]}, "/api/v1/namespaces/ns/pods/p", False),
        ({"clusterScope": False}, "/api/v1/nodes", False),
        ({"clusterScope": True, "namespaces": []}, "/api/v1/nodes", True),
        ({}, "/healthz", False),
    ],
)
def test_resources(change: dict[str, Any], url: str, expected: bool) -> None:
    rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True} | change
    assert matches(url=url, resourceRules=[rule]) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/healthz", True), ("*", True), ("/health*", False), ("/healthz/*", False), ("/livez", False), ("/", True)],
)
def test_paths(path: str, expected: bool) -> None:
    rule = {"verbs": ["get"], "nonResourceURLs": [path]}
    assert matches(url="/healthz", nonResourceRules=[rule]) is expected
