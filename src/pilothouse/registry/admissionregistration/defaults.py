"""Defaults of admissionregistration.k8s.io/v1 (upstream: pkg/apis/admissionregistration/v1/defaults.go)."""

from typing import Any

Object = dict[str, Any]


def default_validating_webhooks(configuration: Object) -> None:
    for webhook in configuration.get("webhooks") or ():
        _default_webhook(webhook)


def default_mutating_webhooks(configuration: Object) -> None:
    for webhook in configuration.get("webhooks") or ():
        _default_webhook(webhook)
        webhook.setdefault("reinvocationPolicy", "Never")


def default_policy(policy: Object) -> None:
    """ValidatingAdmissionPolicies and MutatingAdmissionPolicies."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    _default_match(spec.get("matchConstraints"))


def default_policy_binding(binding: Object) -> None:
    _default_match((binding.get("spec") or {}).get("matchResources"))


def default_alpha_binding(binding: Object) -> None:
    """v1alpha1 also says what happens without a parameter."""
    default_policy_binding(binding)
    reference = (binding.get("spec") or {}).get("paramRef")
    if reference is not None:
        reference.setdefault("parameterNotFoundAction", "Deny")


def _default_webhook(webhook: Object) -> None:
    service = (webhook.get("clientConfig") or {}).get("service")
    if service is not None:
        service.setdefault("port", 443)
    webhook.setdefault("failurePolicy", "Fail")
    webhook.setdefault("matchPolicy", "Equivalent")
    webhook.setdefault("namespaceSelector", {})
    webhook.setdefault("objectSelector", {})
    webhook.setdefault("timeoutSeconds", 10)
    for rule in webhook.get("rules") or ():
        rule.setdefault("scope", "*")


def _default_match(match: Object | None) -> None:
    if match is None:
        return
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    for name in ("resourceRules", "excludeResourceRules"):
        for rule in match.get(name) or ():
            rule.setdefault("scope", "*")
