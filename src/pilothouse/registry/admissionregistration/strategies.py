"""The rules of admissionregistration.k8s.io (upstream: pkg/registry/admissionregistration)."""

from pilothouse.registry.strategies import DesiredStatusOnly


class PolicyStrategy(DesiredStatusOnly):
    """ValidatingAdmissionPolicies, which have a status."""

    allow_unconditional_update = False
