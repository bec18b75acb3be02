"""Kinds of certificates.k8s.io (upstream: pkg/registry/certificates)."""

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version
from pilothouse.registry.rest import Subresource

_v1 = Kinds("certificates.k8s.io", "v1", "certificates")

_V1 = (
    _v1(
        "CertificateSigningRequest",
        "certificatesigningrequests",
        namespaced=False,
        short_names=("csr",),
        subresources=(
            Subresource(
                "approval",
                ("get", "patch", "update"),
                GroupVersionKind("certificates.k8s.io", "v1", "CertificateSigningRequest"),
            ),
            STATUS,
        ),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("certificates.k8s.io", 17300, (Version("v1", 15, _V1),))
