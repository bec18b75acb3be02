from typing import Any

import pytest

from pilothouse.admission.interface import UPDATE
from pilothouse.admission.plugins.podgroups import JobValidation, PodGroupProtection, PodGroupWorkloadExists
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import StatusError
from tests.admission.support import World, attributes, run

GROUPS = GroupResource("scheduling.k8s.io", "podgroups")
WORKLOADS = GroupResource("scheduling.k8s.io", "workloads")
JOBS = GroupResource("batch", "jobs")


def group(name: str = "g", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}, "spec": spec}


def test_groups_are_protected() -> None:
    async def test(world: World) -> None:
        made = group()
        for _ in range(2):
            await PodGroupProtection().admit(attributes(GROUPS, made))
            assert made["metadata"]["finalizers"] == ["scheduling.k8s.io/podgroup-protection"]

    run(test)


@pytest.mark.parametrize(("workload", "template", "cause"), [
    ("w", "t", ""),
    ("w", "u", 'PodGroup rejected: PodGroupTemplate "u" not found in Workload "w"'),
    ("gone", "t", 'PodGroup rejected: Workload "gone" not found'),
    ("going", "t", 'PodGroup rejected: Workload "going" is being deleted'),
])
def test_templates_are_there(workload: str, template: str, cause: str) -> None:
    async def test(world: World) -> None:
        for name, more in (("w", {}), ("going", {"deletionTimestamp": "2026-01-01T00:00:00Z"})):
            metadata = {"name": name, "namespace": "ns", **more}
            await world.put(WORKLOADS, {"metadata": metadata, "spec": {"podGroupTemplates": [{"name": "t"}]}})
        plugin = PodGroupWorkloadExists(world.lister)
        await plugin.validate(attributes(GROUPS, group()))
        reference = {"workload": {"workloadName": workload, "podGroupTemplateName": template}}
        a = attributes(GROUPS, group(podGroupTemplateRef=reference))
        if not cause:
            await plugin.validate(a)
            return
        with pytest.raises(StatusError) as e:
            await plugin.validate(a)
        assert (e.value.code, e.value.message.partition(" is forbidden: ")[2]) == (403, cause)

    run(test)


def job(parallelism: int, named: str = "") -> dict[str, Any]:
    pods = {"schedulingGroup": {"podGroupName": named}} if named else {}
    spec = {"parallelism": parallelism, "template": {"spec": pods}}
    return {"metadata": {"name": "j", "namespace": "ns", "uid": "u"}, "spec": spec}


@pytest.mark.parametrize(("named", "parallelism", "refused"), [
    ("gang", 1, ""), ("gang", 2, "gang"), ("basic", 2, ""), ("gone", 2, ""), ("", 1, ""), ("", 2, "owned"),
])
def test_gangs_keep_their_size(named: str, parallelism: int, refused: str) -> None:
    async def test(world: World) -> None:
        gang = {"gang": {"minCount": 1}}
        await world.put(GROUPS, group("basic", schedulingPolicy={"basic": {}}))
        await world.put(GROUPS, group("gang", schedulingPolicy=gang))
        owned = group("owned", schedulingPolicy=gang)
        owned["metadata"]["ownerReferences"] = [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u", "controller": True},
        ]
        await world.put(GROUPS, owned)
        a = attributes(JOBS, job(parallelism, named), UPDATE)
        a.old_object = job(1, named)
        plugin = JobValidation(world.lister)
        assert plugin.handles(UPDATE, JOBS, "")
        if not refused:
            await plugin.validate(a)
            return
        with pytest.raises(StatusError) as e:
            await plugin.validate(a)
        text = f'cannot change parallelism for a Job referencing gang-scheduled PodGroup "{refused}"'
        assert e.value.message.endswith(text)

    run(test)
