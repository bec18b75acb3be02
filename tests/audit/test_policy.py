"""Policies: which rule decides, and what files are refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.audit.support import request

from pilothouse.apimachinery.user import User
from pilothouse.audit.policy import LEVELS, Policy, load_policy

BOB = User("bob", groups=("dev",))


def level(url: str, *rules: dict[str, Any], user: User | None = BOB, method: str = "GET") -> str:
    policy = Policy({"rules": [{"level": "Metadata", **rule} for rule in rules]})
    return LEVELS[policy.evaluate(user, request(method, url).context.request_info).level]


def matches(url: str, rule: dict[str, Any], **rest: Any) -> bool:
    return level(url, rule, **rest) == "Metadata"


POD = "/api/v1/namespaces/ns/pods/p"
DEPLOYMENT = "/apis/apps/v1/namespaces/ns/deployments/d"


def test_the_first_match_decides() -> None:
    assert level(POD, {"level": "None", "users": ["bob"]}, {"level": "Request"}) == "None"
    assert level(POD, {"level": "None", "users": ["eve"]}, {"level": "Request"}) == "Request"
    assert level(POD, {"users": ["eve"]}) == "None"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, True),
        ({"users": ["bob"]}, True), ({"users": ["eve"]}, False),
        ({"userGroups": ["ops", "dev"]}, True), ({"userGroups": ["ops"]}, False),
        ({"verbs": ["get"]}, True), ({"verbs": ["list"]}, False),
        ({"namespaces": ["ns"]}, True), ({"namespaces": ["other"]}, False),
        ({"nonResourceURLs": ["*"]}, False),
        ({"resources": [{"group": ""}]}, True), ({"resources": [{"group": "*"}]}, True),
        ({"resources": [{"group": "apps"}]}, False),
        ({"resources": [{"resources": ["pods"]}]}, True), ({"resources": [{"resources": ["*"]}]}, True),
        ({"resources": [{"resources": ["pods/*"]}]}, True), ({"resources": [{"resources": ["pods/status"]}]}, False),
        ({"resources": [{"resources": ["*/status"]}]}, False),
        ({"resources": [{"resources": ["pods"], "resourceNames": ["p"]}]}, True),
        ({"resources": [{"resources": ["pods"], "resourceNames": ["q"]}]}, False),
    ],
)
def test_rules_of_a_pod(rule: dict[str, Any], expected: bool) -> None:
    assert matches(POD, rule) is expected


def test_subresources() -> None:
    for resources, expected in (
        (["pods"], False), (["pods/status"], True), (["*/status"], True), (["pods/*"], True), (["*"], True),
    ):
        assert matches(f"{POD}/status", {"resources": [{"resources": resources}]}) is expected


def test_paths() -> None:
    for urls, expected in (
        (["/healthz"], True), (["/health*"], True), (["*"], True), (["/livez"], False), (["/healthz/*"], False),
    ):
        assert matches("/healthz", {"nonResourceURLs": urls}) is expected
    assert not matches("/healthz", {"resources": [{"group": "*"}]})


def test_nobody() -> None:
    assert not matches(POD, {"users": ["bob"]}, user=None)
    assert not matches(POD, {"userGroups": ["dev"]}, user=None)
    assert matches(POD, {}, user=None)


def test_stages_and_managed_fields() -> None:
    policy = Policy({
        "omitStages": ["RequestReceived"], "omitManagedFields": True, "rules": [
            {"level": "Metadata", "users": ["eve"], "omitStages": ["Panic"], "omitManagedFields": False},
            {"level": "Metadata"},
        ],
    })
    info = request().context.request_info
    config = policy.evaluate(User("eve"), info)
    assert (config.omit_stages, config.omit_managed_fields) == ({"RequestReceived", "Panic"}, False)
    config = policy.evaluate(BOB, info)
    assert (config.omit_stages, config.omit_managed_fields) == ({"RequestReceived"}, True)


def written(tmp_path: Path, **spec: Any) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump({"apiVersion": "audit.k8s.io/v1", "kind": "Policy"} | spec))
    return path


def test_a_file(tmp_path: Path) -> None:
    policy, strict = load_policy(written(tmp_path, rules=[{"level": "Request", "users": ["bob"], "colour": "red"}]))
    assert strict == 'strict decoding error: unknown field "rules[0].colour"'
    assert policy.evaluate(BOB, request().context.request_info).level == LEVELS.index("Request")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, "loaded illegal policy with 0 rules"),
        ({"kind": "Other"}, 'no kind "Other" is registered for version "audit.k8s.io/v1"'),
        ({"rules": [{}]}, "rules[0].level: Required value"),
        ({"rules": [{"level": "All"}]},
         'level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"'),
        ({"rules": [{"level": "None", "nonResourceURLs": ["x", "/a*b"]}]},
         '[rules[0].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a \'/\' character, '
         'rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards \'*\' must be the final '
         "character of the rule]"),
        ({"rules": [{"level": "None", "nonResourceURLs": ["*"], "namespaces": ["a"]}]},
         "rules cannot apply to both regular resources and non-resource URLs"),
        ({"rules": [{"level": "None", "resources": [{"resourceNames": ["a"]}]}]},
         "resources.resourceNames: Invalid value: [\"a\"]: using resourceNames requires at least one resource"),
        ({"rules": [{"level": "None", "resources": [{"group": "apps/v1"}]}]}, "resources.group: Invalid value"),
        ({"omitStages": ["Late"], "rules": [{"level": "None"}]},
         "allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic"),
        ({"rules": "x"}, "cannot unmarshal string into Go struct field Policy.rules"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, spec: dict[str, Any], text: str) -> None:
    path = written(tmp_path, **spec)
    with pytest.raises(ValueError, match="from file") as e:
        load_policy(path)
    assert text in str(e.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"failed to read file path .*: no such file or directory"):
        load_policy(tmp_path / "none")
