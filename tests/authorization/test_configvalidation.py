import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilothouse.authorization.configuration import (
    AuthorizationConfiguration,
    ConfiguredAuthorizer,
    WebhookConfiguration,
)
from pilothouse.authorization.configvalidation import load_file, load_valid, validate

SECOND = 1_000_000_000
GOOD = WebhookConfiguration(
    timeout=5 * SECOND, review_version="v1", failure_policy="NoOpinion", connection_type="KubeConfigFile",
    kubeconfig_file=__file__,
)
RBAC = ConfiguredAuthorizer(type="RBAC", name="rbac")
HEAD = b"apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n"


def texts(*authorizers: ConfiguredAuthorizer) -> list[str]:
    return [str(error) for error in validate(AuthorizationConfiguration(authorizers))]


def webhook(name: str = "w", webhook: WebhookConfiguration | None = GOOD) -> ConfiguredAuthorizer:
    return ConfiguredAuthorizer(type="Webhook", name=name, webhook=webhook)


@pytest.mark.parametrize(("authorizers", "expected"), [
    ([], ["authorizers: Required value: at least one authorization mode must be defined"]),
    ([RBAC, webhook("a"), webhook("b.c")], []),
    ([ConfiguredAuthorizer(name="x")], ["authorizers[0].type: Required value"]),
    ([ConfiguredAuthorizer(type="Dance", name="x")],
     ['authorizers[0].type: Unsupported value: "Dance": supported values: "ABAC", "AlwaysAllow", "AlwaysDeny", "Node", '
      '"RBAC", "Webhook"']),
    ([RBAC, RBAC], ['authorizers[1].type: Duplicate value: "RBAC"']),
    ([ConfiguredAuthorizer(type="RBAC")], ["authorizers[0].name: Required value"]),
    ([webhook("a"), webhook("a")], ['authorizers[1].name: Duplicate value: "a"']),
    ([webhook("A")],
     ['authorizers[0].name: Invalid value: "A": authorizer name is invalid: a lowercase RFC 1123 subdomain must '
      "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
      "character (e.g. 'example.com', regex used for validation is "
      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]),
    ([webhook(webhook=None)], ["authorizers[0].webhook: Required value: required when type=Webhook"]),
    ([ConfiguredAuthorizer(type="RBAC", name="rbac", webhook=GOOD)],
     ['authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook']),
])
def test_authorizers(authorizers: list[ConfiguredAuthorizer], expected: list[str]) -> None:
    assert texts(*authorizers) == expected


@pytest.mark.parametrize(("changes", "expected"), [
    ({"timeout": 0}, "timeout: Required value"),
    ({"timeout": 31 * SECOND}, 'timeout: Invalid value: "31s": must be > 0s and <= 30s'),
    ({"timeout": -SECOND}, 'timeout: Invalid value: "-1s": must be > 0s and <= 30s'),
    ({"authorized_ttl": -SECOND}, 'authorizedTTL: Invalid value: "-1s": must be > 0s'),
    ({"unauthorized_ttl": -90 * SECOND}, 'unauthorizedTTL: Invalid value: "-1m30s": must be > 0s'),
    ({"review_version": ""}, "subjectAccessReviewVersion: Required value"),
    ({"review_version": "v2"},
     'subjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", "v1beta1"'),
    ({"condition_version": "v1beta1"},
     'matchConditionSubjectAccessReviewVersion: Unsupported value: "v1beta1": supported values: "v1"'),
    ({"conditions": ("true",)},
     "matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified"),
    ({"failure_policy": ""}, "failurePolicy: Required value"),
    ({"failure_policy": "Fail"}, 'failurePolicy: Unsupported value: "Fail": supported values: "NoOpinion", "Deny"'),
    ({"connection_type": ""}, "connectionInfo.type: Required value"),
    ({"connection_type": "Other", "kubeconfig_file": None},
     'connectionInfo.type: Unsupported value: {"Type":"Other","KubeConfigFile":null}: supported values: '
     '"InClusterConfig", "KubeConfigFile"'),
    ({"connection_type": "InClusterConfig"},
     f'connectionInfo.kubeConfigFile: Invalid value: "{__file__}": can only be set when type=KubeConfigFile'),
    ({"kubeconfig_file": None}, "connectionInfo.kubeConfigFile: Required value"),
    ({"kubeconfig_file": "a"}, 'connectionInfo.kubeConfigFile: Invalid value: "a": must be an absolute path'),
    ({"kubeconfig_file": "/no/file"},
     'connectionInfo.kubeConfigFile: Invalid value: "/no/file": error loading file: stat /no/file: no such file or '
     "directory"),
    ({"kubeconfig_file": "/"}, 'connectionInfo.kubeConfigFile: Invalid value: "/": must be a regular file'),
])
def test_webhooks(changes: dict[str, Any], expected: str) -> None:
    # upstream's paths leave the word "webhook" out
    assert texts(webhook(webhook=replace(GOOD, **changes))) == [f"authorizers[0].{expected}"]


@pytest.mark.parametrize(("conditions", "expected"), [
    (["request.user == 'a'", "has(request.resourceAttributes)"], []),
    (["  "], ["[0].expression: Required value"]),
    (["true", "true"], ['[1].expression: Duplicate value: "true"']),
    (["request.user"], ['[0].expression: Invalid value: "request.user": must evaluate to bool but got string']),
    (["request.nobody == ''"], [
        "[0].expression: Invalid value: \"request.nobody == ''\": compilation failed: ERROR: <input>:1:8: undefined "
        "field 'nobody'\n | request.nobody == ''\n | .......^",
    ]),
    (["true"] * 65, [": Too many: 65: must have at most 64 items"]),
])
def test_match_conditions(conditions: list[str], expected: list[str]) -> None:
    given = replace(GOOD, condition_version="v1", conditions=tuple(conditions))
    assert texts(webhook(webhook=given)) == [f"authorizers[0].matchConditions{text}" for text in expected]


@pytest.mark.parametrize(("authorizers", "required", "text"), [
    ("[{type: RBAC, name: x}]", (), "^expected name rbac for authorizer RBAC instead of x$"),
    ("[{type: RBAC, name: rbac}]", ("Node", "ABAC", "RBAC"), r"^missing required types: \[ABAC Node\]$"),
    ("[{}, {type: A}]", (), r"^\[authorizers\[0\]\.type: Required value, authorizers\[1\]\.type: Unsupported value"),
    ("[{a: b}]", (), '^failed to load AuthorizationConfiguration from file: strict decoding error: unknown field'),
])
def test_files(authorizers: str, required: tuple[str, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        load_valid(HEAD + f"authorizers: {authorizers}\n".encode(), required)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    with pytest.raises(ValueError, match=re.escape(f"open {path}: no such file or directory")):
        load_file(str(path))
    path.write_bytes(HEAD + b"authorizers: [{type: AlwaysAllow, name: alwaysallow}]\n")
    configuration, data = load_file(str(path))
    assert (configuration.types, data) == ({"AlwaysAllow"}, path.read_bytes())
