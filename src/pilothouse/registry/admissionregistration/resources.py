"""Kinds of admissionregistration.k8s.io (upstream: pkg/registry/admissionregistration)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("admissionregistration.k8s.io", "v1", "admissionregistration")

_V1 = (
    _v1("MutatingAdmissionPolicy", "mutatingadmissionpolicies", namespaced=False, categories=("api-extensions",)),
    _v1(
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        namespaced=False,
        categories=("api-extensions",),
    ),
    _v1(
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        namespaced=False,
        categories=("api-extensions",),
    ),
    _v1(
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        namespaced=False,
        categories=("api-extensions",),
        subresources=(STATUS,),
    ),
    _v1(
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        namespaced=False,
        categories=("api-extensions",),
    ),
    _v1(
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        namespaced=False,
        categories=("api-extensions",),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("admissionregistration.k8s.io", 16700, (Version("v1", 15, _V1),))
