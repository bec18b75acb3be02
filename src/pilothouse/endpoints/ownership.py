"""Which fields an endpoint resets, so that nobody comes to own them through it (upstream: GetResetFields)."""

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.managedfields.fieldset import FieldSet, from_paths
from pilothouse.apimachinery.managedfields.kept import ANY, Kept
from pilothouse.registry.rest import Resource

_PODS = GroupResource("", "pods")
_STATUS_RESETS = (("spec",),)
_ALL_BUT_STATUS = (("spec",), ("metadata",))
_WITH_METADATA = {
    "admissionregistration.k8s.io": ("validatingadmissionpolicies",),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "apiregistration.k8s.io": ("apiservices",),
    "flowcontrol.apiserver.k8s.io": ("flowschemas", "prioritylevelconfigurations"),
    "networking.k8s.io": ("servicecidrs",),
    "resource.k8s.io": ("devicetaintrules", "resourceclaims"),
    "scheduling.k8s.io": ("podgroups",),
    "storage.k8s.io": ("volumeattachments",),
}
#: What a write through a subresource resets where it is not just the spec.
_SUBRESOURCES: dict[tuple[GroupResource, str], tuple[tuple[str, ...], ...]] = {
    **{
        (GroupResource(group, name), "status"): _ALL_BUT_STATUS
        for group, names in _WITH_METADATA.items() for name in names
    },
    (GroupResource("apps", "deployments"), "status"): (("spec",), ("metadata", "labels")),
    (_PODS, "status"): (
        ("spec",), ("metadata", "deletionTimestamp"), ("metadata", "ownerReferences"),
    ),
    (GroupResource("", "namespaces"), "finalize"): (("status",),),
    (GroupResource("certificates.k8s.io", "certificatesigningrequests"), "status"): (
        ("spec",), ("status", "conditions"),
    ),
    (GroupResource("certificates.k8s.io", "certificatesigningrequests"), "approval"): (
        ("spec",), ("status", "certificate"),
    ),
}
#: Subresources of pods that write only this.
_KEPT = {
    "ephemeralcontainers": Kept([("spec", "ephemeralContainers")]),
    "resize": Kept(
        ("spec", containers, ANY, name) for containers in ("containers", "initContainers")
        for name in ("resources", "resizePolicy")
    ),
}
_MAIN: dict[GroupResource, tuple[tuple[str, ...], ...]] = {
    GroupResource("certificates.k8s.io", "certificatesigningrequests"): (("spec",), ("status",)),
    GroupResource("certificates.k8s.io", "podcertificaterequests"): (),
    GroupResource("scheduling.k8s.io", "podgroups"): (),
}


def reset_fields(resource: Resource, subresource: str = "") -> FieldSet | Kept:
    """The paths that a write to `resource` (or its subresource) leaves as they are, or those that it does not."""
    if resource.group_resource == _PODS and subresource in _KEPT:
        return _KEPT[subresource]
    if subresource:
        found = _SUBRESOURCES.get((resource.group_resource, subresource))
        if found is None:
            found = _STATUS_RESETS if subresource == "status" else ()
    else:
        found = _MAIN.get(resource.group_resource)
        if found is None:
            found = tuple((name,) for name in resource.strategy.status_fields)
    return from_paths(found)
