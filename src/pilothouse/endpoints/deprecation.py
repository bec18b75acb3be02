"""Warnings about deprecated kinds (upstream: endpoints/deprecation, the kinds' APILifecycle methods)."""

from pilothouse.apimachinery.gvk import GroupVersionKind

_DEPRECATED = {
    GroupVersionKind("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    GroupVersionKind("", "v1", "Endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    ),
}

_POLICIES = ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding")
_DEVICES = ("DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice")

#: Group, version, kinds, the minor releases in which they were deprecated and will be removed, and the version to use
#: instead, if upstream names it. Those that are deprecated after 1.36 are not listed.
_VERSIONS = (
    ("admissionregistration.k8s.io", "v1alpha1", _POLICIES, 35, 38, ""),
    ("certificates.k8s.io", "v1alpha1", ("ClusterTrustBundle",), 34, 37, ""),
    ("coordination.k8s.io", "v1alpha2", ("LeaseCandidate",), 35, 38, ""),
    ("coordination.k8s.io", "v1beta1", ("LeaseCandidate",), 36, 39, ""),
    ("networking.k8s.io", "v1beta1", ("IPAddress", "ServiceCIDR"), 34, 37, ""),
    ("resource.k8s.io", "v1alpha3", ("DeviceTaintRule",), 36, 39, ""),
    ("resource.k8s.io", "v1beta1", _DEVICES, 35, 38, ""),
    ("resource.k8s.io", "v1beta2", _DEVICES, 36, 39, ""),
    ("storage.k8s.io", "v1beta1", ("VolumeAttributesClass",), 34, 37, "v1"),
)


def _text(group: str, version: str, kind: str, deprecated: int, removed: int, instead: str) -> str:
    use = f"; use {group}/{instead} {kind}" if instead else ""
    return f"{group}/{version} {kind} is deprecated in v1.{deprecated}+, unavailable in v1.{removed}+{use}"


_DEPRECATED |= {
    GroupVersionKind(group, version, kind): _text(group, version, kind, deprecated, removed, instead)
    for group, version, kinds, deprecated, removed, instead in _VERSIONS for kind in kinds
}


def warning(gvk: GroupVersionKind) -> str:
    """The text that every answer about this kind carries, or ""."""
    return _DEPRECATED.get(gvk, "")
