"""Warnings about deprecated kinds (upstream: endpoints/deprecation, the kinds' APILifecycle methods)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pilothouse.apimachinery.gvk import GroupVersionKind

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

#: Annotations of audit events.
DEPRECATED = "k8s.io/deprecated"
REMOVED = "k8s.io/removed-release"

_TEXTS = {
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


class Deprecation(NamedTuple):
    """`removed` is the release without it ("1.38"), "" if that is not known."""

    text: str
    removed: str = ""


_DEPRECATED = {gvk: Deprecation(text) for gvk, text in _TEXTS.items()} | {
    GroupVersionKind(group, version, kind): Deprecation(
        _text(group, version, kind, deprecated, removed, instead), f"1.{removed}"
    )
    for group, version, kinds, deprecated, removed, instead in _VERSIONS for kind in kinds
}


def of(gvk: GroupVersionKind) -> Deprecation | None:
    """What every answer about this kind warns of, None for a kind that is not deprecated."""
    return _DEPRECATED.get(gvk)


def tell(context: Context, deprecation: Deprecation) -> None:
    """Warns, and leaves a note for the audit log and the metrics (upstream: endpoints/metrics MonitorRequest)."""
    context.warn(deprecation.text)
    context.annotate(DEPRECATED, "true")
    if deprecation.removed:
        context.annotate(REMOVED, deprecation.removed)
