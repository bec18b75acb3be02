"""Policies: which rule decides, and what files are refused."""

import re
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
        ({"kind": "Other"}, 'failed decoding: no kind "Other" is registered for version "audit.k8s.io/v1" in scheme '
         '"k8s.io/apiserver/pkg/audit/scheme.go:30"'),
        ({"apiVersion": "audit.k8s.io/v1beta1"}, 'no kind "Policy" is registered for version "audit.k8s.io/v1beta1"'),
        ({"kind": "Event"}, "failed decoding: converting (v1.Event) to (audit.Policy): unknown conversion"),
        ({"apiVersion": ""}, "unknown group version field audit.k8s.io/__internal, Kind=Policy in policy"),
        ({"rules": [None]}, "rules[0].level: Required value"),
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
        ({"rules": "x"}, "failed decoding: json: cannot unmarshal string into Go struct field Policy.rules of type "
         "[]v1.PolicyRule"),
        ({"rules": [{"level": 1}]}, "failed decoding: json: cannot unmarshal number into Go struct field "
         "PolicyRule.rules.level of type v1.Level"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, spec: dict[str, Any], text: str) -> None:
    path = written(tmp_path, **spec)
    with pytest.raises(ValueError, match="from file") as e:
        load_policy(path)
    assert text in str(e.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "unknown group version field audit.k8s.io/__internal, Kind=Policy in policy"),
        ("rules: [{level: None}]", "unknown group version field audit.k8s.io/__internal, Kind=Policy in policy"),
        ("rules:\n- level: None\n users: []\n", "failed decoding: yaml: line 2: did not find expected key"),
        ("{a", "failed decoding: couldn't get version/kind; json parse error: invalid character 'a' looking for"),
        ("- a", "failed decoding: couldn't get version/kind; json parse error: json: cannot unmarshal array into Go"),
    ],
)
def test_documents_that_are_refused(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(f"{path}")) as e:
        load_policy(path)
    assert str(e.value).startswith(error)


def test_a_kind_that_is_not_said_is_a_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("apiVersion: audit.k8s.io/v1\nrules: [{level: Request}]")
    assert load_policy(path)[0].evaluate(BOB, request().context.request_info).level == LEVELS.index("Request")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"failed to read file path .*: read {tmp_path}: is a directory"):
        load_policy(tmp_path)


def test_decisions_are_remembered_by_what_rules_look_at() -> None:
    policy = Policy({"rules": [
        {"level": "Request", "resources": [{"group": "", "resources": ["pods"], "resourceNames": ["p"]}]},
        {"level": "None", "userGroups": ["ops"]}, {"level": "RequestResponse", "nonResourceURLs": ["/healthz*"]},
        {"level": "Metadata", "users": ["bob"]},
    ]})
    asked = [
        ("GET", POD, BOB, "Request"), ("GET", POD[:-1] + "q", BOB, "Metadata"),
        ("GET", DEPLOYMENT, BOB, "Metadata"), ("GET", DEPLOYMENT, User("bob", groups=("ops",)), "None"),
        ("GET", DEPLOYMENT, User("eve"), "None"), ("GET", "/healthz", User("eve"), "RequestResponse"),
        ("GET", "/healthz/x", None, "RequestResponse"), ("GET", "/livez", None, "None"),
        ("GET", "/healthz/" + "x" * 500, BOB, "RequestResponse"), ("DELETE", DEPLOYMENT, None, "None"),
    ]
    for method, url, user, expected in asked * 2:
        info = request(method, url).context.request_info
        assert LEVELS[policy.evaluate(user, info).level] == expected, (method, url, user)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"failed to read file path .*: no such file or directory"):
        load_policy(tmp_path / "none")
