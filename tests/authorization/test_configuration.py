import re

import pytest

from pilothouse.authorization.configuration import (
    AuthorizationConfiguration,
    ConfiguredAuthorizer,
    WebhookConfiguration,
    load,
)

FILE = """
apiVersion: apiserver.config.k8s.io/{version}
kind: AuthorizationConfiguration
authorizers:
- type: Webhook
  name: first.example.com
  webhook:
    authorizedTTL: 1m
    cacheUnauthorizedRequests: false
    timeout: 3s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: Deny
    connectionInfo: {{type: KubeConfigFile, kubeConfigFile: /etc/webhook.yaml}}
    matchConditions:
    - expression: has(request.resourceAttributes)
- {{type: RBAC, name: rbac}}
"""
SECOND = 1_000_000_000


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
def test_a_file(version: str) -> None:
    configuration = load(FILE.format(version=version).encode())
    assert configuration == AuthorizationConfiguration((
        ConfiguredAuthorizer(type="Webhook", name="first.example.com", webhook=WebhookConfiguration(
            authorized_ttl=60 * SECOND, cache_authorized=True, unauthorized_ttl=30 * SECOND, cache_unauthorized=False,
            timeout=3 * SECOND, review_version="v1", condition_version="v1", failure_policy="Deny",
            connection_type="KubeConfigFile", kubeconfig_file="/etc/webhook.yaml",
            conditions=("has(request.resourceAttributes)",),
        )),
        ConfiguredAuthorizer(type="RBAC", name="rbac"),
    ))
    assert configuration.types == {"Webhook", "RBAC"}


def test_nothing_is_an_empty_configuration() -> None:
    assert load(b"") == AuthorizationConfiguration()


HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n"


@pytest.mark.parametrize(("document", "text"), [
    (HEAD + "authorizers: [{type: RBAC, kind: x}]", 'strict decoding error: unknown field "authorizers[0].kind"'),
    (HEAD + "metadata: {name: x}", 'strict decoding error: unknown field "metadata"'),
    (HEAD + "authorizers: []\nauthorizers: []", 'line 4: key "authorizers" already set in map'),
    (HEAD + "authorizers: [{webhook: {timeout: 5}}]", "cannot unmarshal"),
    (HEAD + "authorizers: [{webhook: {timeout: x}}]", 'time: invalid duration "x"'),
    (HEAD.replace("/v1", "/v2"), 'no kind "AuthorizationConfiguration" is registered for version'),
    (HEAD.replace("Authoriz", "Authentic"), "no kind"),
])
def test_strictness(document: str, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        load(document.encode())
