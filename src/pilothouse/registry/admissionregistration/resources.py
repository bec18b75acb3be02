"""Kinds of admissionregistration.k8s.io (upstream: pkg/registry/admissionregistration)."""

from pilothouse.registry.admissionregistration import defaults
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

_v1 = Kinds("admissionregistration.k8s.io", "v1", "admissionregistration", PRINTERS)

_EXTENSIONS = ("api-extensions",)

_V1 = (
    _v1(
        "MutatingAdmissionPolicy",
        "mutatingadmissionpolicies",
        namespaced=False,
        categories=_EXTENSIONS,
        strategy=MutatingPolicyStrategy(),
        default=defaults.default_policy,
    ),
    _v1(
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        namespaced=False,
        categories=_EXTENSIONS,
        strategy=MutatingBindingStrategy(),
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
        strategy=ValidatingPolicyStrategy(),
        default=defaults.default_policy,
    ),
    _v1(
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        namespaced=False,
        categories=_EXTENSIONS,
        strategy=ValidatingBindingStrategy(),
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

_POLICIES = [r for r in _V1 if r.kind.startswith("MutatingAdmissionPolicy")]
_V1BETA1 = tuple(same_shape(r, "v1beta1") for r in _POLICIES)
_V1ALPHA1 = tuple(
    same_shape(
        r, "v1alpha1", default=defaults.default_alpha_binding if r.kind.endswith("Binding") else r.default
    )
    for r in _POLICIES
)


def build(dependencies: Dependencies) -> Group:
    return Group("admissionregistration.k8s.io", 16700, (
        Version("v1", 15, _V1), Version("v1beta1", 12, _V1BETA1), Version("v1alpha1", 9, _V1ALPHA1),
    ))
