"""Kinds of certificates.k8s.io (upstream: pkg/registry/certificates)."""

from pilothouse.registry.certificates.printers import PRINTERS
from pilothouse.registry.certificates.strategies import SigningRequestStrategy, selectable
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version
from pilothouse.registry.rest import Subresource

_v1 = Kinds("certificates.k8s.io", "v1", "certificates", PRINTERS)


def build(dependencies: Dependencies) -> Group:
    requests = _v1(
        "CertificateSigningRequest",
        "certificatesigningrequests",
        namespaced=False,
        short_names=("csr",),
        subresources=(Subresource("approval", ("get", "patch", "update"), handler="object"), STATUS),
        strategy=SigningRequestStrategy(dependencies.clock),
        selectable=selectable,
        selectable_names=("spec.signerName",),
    )
    return Group("certificates.k8s.io", 17300, (Version("v1", 15, (requests,)),))
