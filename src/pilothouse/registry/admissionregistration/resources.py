"""Kinds of admissionregistration.k8s.io (upstream: pkg/registry/admissionregistration)."""

from pilothouse.registry.admissionregistration import defaults
from pilothouse.registry.admissionregistration.access import ParameterAccess
from pilothouse.registry.admissionregistration.printers import PRINTERS
from pilothouse.registry.admissionregistration.strategies import (
    MutatingBindingStrategy,
    MutatingPolicyStrategy,
    ValidatingBindingStrategy,
    ValidatingPolicyStrategy,
    WebhookStrategy,
)
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version, same_shape
from pilothouse.registry.rest import Resource

_v1 = Kinds("admissionregistration.k8s.io", "v1", "admissionregistration", PRINTERS)

_EXTENSIONS = ("api-extensions",)


def _stable(dependencies: Dependencies) -> tuple[Resource, ...]:
    """The kinds of v1."""
    validating = ParameterAccess(dependencies, "validatingadmissionpolicies")
    mutating = ParameterAccess(dependencies, "mutatingadmissionpolicies")
    return (
        _v1(
            "MutatingAdmissionPolicy",
            "mutatingadmissionpolicies",
            namespaced=False,
            categories=_EXTENSIONS,
            strategy=MutatingPolicyStrategy(mutating),
            default=defaults.default_policy,
        ),
        _v1(
            "MutatingAdmissionPolicyBinding",
            "mutatingadmissionpolicybindings",
            namespaced=False,
            categories=_EXTENSIONS,
            strategy=MutatingBindingStrategy(mutating),
            default=defaults.default_policy_binding,
        ),
        _v1(
            "MutatingWebhookConfiguration",
            "mutatingwebhookconfigurations",
            namespaced=False,
            categories=_EXTENSIONS,
            strategy=WebhookStrategy(),
            default=defaults.default_mutating_webhooks,
        ),
        _v1(
            "ValidatingAdmissionPolicy",
            "validatingadmissionpolicies",
            namespaced=False,
            categories=_EXTENSIONS,
            subresources=(STATUS,),
            strategy=ValidatingPolicyStrategy(validating),
            default=defaults.default_policy,
        ),
        _v1(
            "ValidatingAdmissionPolicyBinding",
            "validatingadmissionpolicybindings",
            namespaced=False,
            categories=_EXTENSIONS,
            strategy=ValidatingBindingStrategy(validating),
            default=defaults.default_policy_binding,
        ),
        _v1(
            "ValidatingWebhookConfiguration",
            "validatingwebhookconfigurations",
            namespaced=False,
            categories=_EXTENSIONS,
            strategy=WebhookStrategy(),
            default=defaults.default_validating_webhooks,
        ),
    )


def build(dependencies: Dependencies) -> Group:
    resources = _stable(dependencies)
    policies = [r for r in resources if r.kind.startswith("MutatingAdmissionPolicy")]
    beta = tuple(same_shape(r, "v1beta1") for r in policies)
    alpha = tuple(
        same_shape(
            r, "v1alpha1", default=defaults.default_alpha_binding if r.kind.endswith("Binding") else r.default
        )
        for r in policies
    )
    return Group("admissionregistration.k8s.io", 16700, (
        Version("v1", 15, resources), Version("v1beta1", 12, beta), Version("v1alpha1", 9, alpha),
    ))
