"""Plugins about pod groups (upstream: plugin/pkg/admission/scheduling/podgroupprotection, podgroup and job). They are
there while the gate GenericWorkload is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister, forbidden
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pilothouse.admission.interface import Object

_GROUPS: Final = GroupResource("scheduling.k8s.io", "podgroups")
_WORKLOADS: Final = GroupResource("scheduling.k8s.io", "workloads")
_JOBS: Final = GroupResource("batch", "jobs")
_FINALIZER: Final = "scheduling.k8s.io/podgroup-protection"


class PodGroupProtection:
    """Groups stay until no pod belongs to them."""

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == _GROUPS and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        have = a.object["metadata"].get("finalizers") or []
        if _FINALIZER not in have:
            a.object["metadata"]["finalizers"] = [*have, _FINALIZER]


class PodGroupWorkloadExists:
    """A group that refers to a template is made of one that is there."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == _GROUPS and not subresource

    async def validate(self, a: Attributes) -> None:
        reference = (((a.object or {}).get("spec") or {}).get("podGroupTemplateRef") or {}).get("workload")
        if reference is None:
            return
        name, wanted = reference.get("workloadName") or "", reference.get("podGroupTemplateName") or ""
        shown = go_quote(name)
        workload = self._lister.get(_WORKLOADS, a.namespace, name)
        if workload is None:
            raise forbidden(a, f"PodGroup rejected: Workload {shown} not found")
        if workload["metadata"].get("deletionTimestamp"):
            raise forbidden(a, f"PodGroup rejected: Workload {shown} is being deleted")
        templates = (workload.get("spec") or {}).get("podGroupTemplates") or ()
        if all(template.get("name") != wanted for template in templates):
            raise forbidden(a, f"PodGroup rejected: PodGroupTemplate {go_quote(wanted)} not found in Workload {shown}")


class JobValidation:
    """A job whose pods are scheduled as a gang keeps its parallelism."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == UPDATE and resource == _JOBS and not subresource

    async def validate(self, a: Attributes) -> None:
        old = a.old_object or {}
        spec, before = (a.object or {}).get("spec") or {}, old.get("spec") or {}
        if spec.get("parallelism") == before.get("parallelism"):
            return
        for group in self._groups_of(old):
            if ((group.get("spec") or {}).get("schedulingPolicy") or {}).get("gang") is not None:
                shown = go_quote(group["metadata"]["name"])
                raise forbidden(a, f"cannot change parallelism for a Job referencing gang-scheduled PodGroup {shown}")

    def _groups_of(self, job: Object) -> Iterator[Object]:
        """The group that the job's pods name, else those that the job controls."""
        metadata, template = job["metadata"], (job.get("spec") or {}).get("template") or {}
        namespace = metadata.get("namespace") or ""
        name = ((template.get("spec") or {}).get("schedulingGroup") or {}).get("podGroupName")
        if name is not None:
            group = self._lister.get(_GROUPS, namespace, name)
            if group is not None:
                yield group
            return
        for group in self._lister.list(_GROUPS, namespace):
            owners = group["metadata"].get("ownerReferences") or ()
            if any(owner.get("controller") and owner.get("uid") == metadata.get("uid") for owner in owners):
                yield group
