"""How each kind checks its metadata (upstream: the Validate… functions in pkg/apis/*/validation).

The machine checks an update's metadata once; then most kinds' own validation checks it again, as "update"
(ValidateObjectMetaUpdate), as "create" (ValidateObjectMeta), or both. kube-apiserver reports each finding as
a cause of its own, so the causes of one bad label are two to four.
"""

from typing import Final

from pilothouse.apimachinery.gvk import GroupResource

BOTH: Final = ("update", "create")
CREATE_FIRST: Final = ("create", "update")
UPDATE: Final = ("update",)
CREATE: Final = ("create",)

_REPEATED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys((
        "csinodes.storage.k8s.io", "endpointslices.discovery.k8s.io", "flowschemas.flowcontrol.apiserver.k8s.io",
        "limitranges", "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io", "volumeattachments.storage.k8s.io",
    ), CREATE),
    **dict.fromkeys((
        "cronjobs.batch", "csidrivers.storage.k8s.io", "customresourcedefinitions.apiextensions.k8s.io",
        "daemonsets.apps", "deployments.apps", "events.events.k8s.io",
        "horizontalpodautoscalers.autoscaling", "leases.coordination.k8s.io", "networkpolicies.networking.k8s.io",
        "podtemplates", "priorityclasses.scheduling.k8s.io", "replicasets.apps", "replicationcontrollers",
        "resourcequotas", "resourceslices.resource.k8s.io", "servicecidrs.networking.k8s.io", "services",
        "statefulsets.apps",
        # served only when they are turned on
        "devicetaintrules.resource.k8s.io", "leasecandidates.coordination.k8s.io",
        "podcertificaterequests.certificates.k8s.io", "podgroups.scheduling.k8s.io",
        "resourcepoolstatusrequests.resource.k8s.io", "workloads.scheduling.k8s.io",
    ), UPDATE),
    **dict.fromkeys((
        "certificatesigningrequests.certificates.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
        "clusterroles.rbac.authorization.k8s.io", "csistoragecapacities.storage.k8s.io",
        "deviceclasses.resource.k8s.io", "ipaddresses.networking.k8s.io", "jobs.batch", "namespaces", "nodes",
        "resourceclaims.resource.k8s.io", "resourceclaimtemplates.resource.k8s.io",
        "rolebindings.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io", "runtimeclasses.node.k8s.io",
        "storageclasses.storage.k8s.io",
    ), CREATE_FIRST),
    **dict.fromkeys(("events", "poddisruptionbudgets.policy", "storageversions.internal.apiserver.k8s.io"), ()),
    # its update looks at the volume twice
    "persistentvolumes": ("create", "create"),
}

#: What a status update checks once more, where it is not "update".
_REPEATED_BY_STATUS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys((
        "cronjobs.batch", "flowschemas.flowcontrol.apiserver.k8s.io", "poddisruptionbudgets.policy",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
    ), ()),
    "certificatesigningrequests.certificates.k8s.io": CREATE_FIRST,
    "volumeattachments.storage.k8s.io": CREATE,
}

#: Kinds whose validation is not core's: they take finalizers of any form (a group stands for all of its kinds).
_ANY_FINALIZERS: Final = frozenset({
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "coordination.k8s.io",
    "node.k8s.io", "events", "poddisruptionbudgets.policy",
})


def wants_qualified_finalizers(resource: GroupResource) -> bool:
    """Whether a finalizer must be one of Kubernetes' own or have a domain."""
    return str(resource) not in _ANY_FINALIZERS and resource.group not in _ANY_FINALIZERS


def repeated(resource: GroupResource, *, of_status: bool) -> tuple[str, ...]:
    """The checks that come on top of the machine's own, in upstream's order."""
    name = str(resource)
    return _REPEATED_BY_STATUS.get(name, UPDATE) if of_status else _REPEATED.get(name, BOTH)
