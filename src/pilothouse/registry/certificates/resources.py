"""Kinds of certificates.k8s.io (upstream: pkg/registry/certificates)."""

from pilothouse.registry.certificates import pod_requests
from pilothouse.registry.certificates.printers import PRINTERS
from pilothouse.registry.certificates.strategies import SigningRequestStrategy, selectable
from pilothouse.registry.certificates.trust_bundles import TrustBundleStrategy
from pilothouse.registry.certificates.trust_bundles import selectable as bundle_fields
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version, same_shape
from pilothouse.registry.rest import Subresource

_v1 = Kinds("certificates.k8s.io", "v1", "certificates", PRINTERS)
_v1beta1 = Kinds("certificates.k8s.io", "v1beta1", "certificates", PRINTERS)

_V1BETA1 = (
    _v1beta1(
        "ClusterTrustBundle",
        "clustertrustbundles",
        namespaced=False,
        strategy=TrustBundleStrategy(),
        selectable=bundle_fields,
        selectable_names=("spec.signerName",),
        feature_gate="ClusterTrustBundle",
    ),
)
_V1ALPHA1 = tuple(same_shape(resource, "v1alpha1") for resource in _V1BETA1)


def build(dependencies: Dependencies) -> Group:
    pod_request = _v1beta1(
        "PodCertificateRequest",
        "podcertificaterequests",
        subresources=(STATUS,),
        strategy=pod_requests.PodRequestStrategy(dependencies.clock, dependencies.authorizer),
        default=pod_requests.default_pod_request,
        selectable=pod_requests.selectable,
        selectable_names=pod_requests.SELECTABLE,
        feature_gate="PodCertificateRequest",
    )
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
    return Group("certificates.k8s.io", 17300, (
        Version("v1", 15, (requests,)),
        Version("v1beta1", 9, (*_V1BETA1, pod_request)),
        Version("v1alpha1", 1, _V1ALPHA1),
    ))
