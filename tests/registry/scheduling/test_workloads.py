"""Workloads, and the groups of pods that are made of their templates."""

from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.scheduling.printers import PRINTERS
from pilothouse.registry.scheduling.workload_validation import (
    validate_pod_group,
    validate_pod_group_status,
    validate_pod_group_update,
    validate_workload,
)
from tests.registry.checks import ABSENT, begins, edited
from tests.registry.cluster import Cluster, Object, run
from tests.registry.support import NOW, NOW_TEXT

GROUP = "scheduling.k8s.io"
TEMPLATE: Object = {"name": "t", "schedulingPolicy": {"gang": {"minCount": 2}}}
WORKLOAD: Object = {
    "metadata": {"name": "w"},
    "spec": {
        "controllerRef": {"apiGroup": "batch", "kind": "Job", "name": "j"}, "podGroupTemplates": [TEMPLATE],
    },
}
POD_GROUP: Object = {
    "metadata": {"name": "g"},
    "spec": {
        "podGroupTemplateRef": {"workload": {"workloadName": "w", "podGroupTemplateName": "t"}},
        "schedulingPolicy": {"basic": {}},
    },
}
TEMPLATES, POLICY = "spec.podGroupTemplates", "spec.podGroupTemplates[0].schedulingPolicy"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.controllerRef", ABSENT, []),
    ("spec.controllerRef.apiGroup", "", []),
    ("spec.controllerRef", {"apiGroup": "B", "kind": "a/b"}, [
        'spec.controllerRef.apiGroup: Invalid value: "B": a lowercase RFC 1123 subdomain',
        'spec.controllerRef.kind: Invalid value: "a/b": may not contain', "spec.controllerRef.name: Required value",
    ]),
    (TEMPLATES, ABSENT, [f"{TEMPLATES}: Required value"]),
    (TEMPLATES, [TEMPLATE] * 9, [f"{TEMPLATES}: Too many: 9: must have at most 8 items"]),
    (TEMPLATES, [TEMPLATE] * 2, [
        f'{TEMPLATES}[1]: Duplicate value: {{"name":"t","schedulingPolicy":{{"gang":{{"minCount":2}}}}}}',
    ]),
    (f"{TEMPLATES}.0.name", "", [f"{TEMPLATES}[0].name: Required value"]),
    (f"{TEMPLATES}.0.name", "a.b", [f'{TEMPLATES}[0].name: Invalid value: "a.b": must not contain dots']),
    (f"{TEMPLATES}.0.schedulingPolicy", {}, [f'{POLICY}: Invalid value: "": must specify one of: `basic`, `gang`']),
    (f"{TEMPLATES}.0.schedulingPolicy.basic", {}, [
        f'{POLICY}: Invalid value: "{{basic, gang}}": must specify exactly one of: `basic`, `gang`',
    ]),
    (f"{TEMPLATES}.0.schedulingPolicy.gang.minCount", 0, [f"{POLICY}.gang.minCount: Required value"]),
    (f"{TEMPLATES}.0.schedulingPolicy.gang.minCount", -1, [
        f"{POLICY}.gang.minCount: Invalid value: -1: must be greater than or equal to 1",
    ]),
])
def test_workloads(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_workload(edited(WORKLOAD, path, value)), expected)


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.controllerRef.name", "k", ["spec.controllerRef: Invalid value: null: field is immutable"]),
    (TEMPLATES, [], [f"{TEMPLATES}: Invalid value: null: field is immutable", f"{TEMPLATES}: Required value"]),
    (f"{TEMPLATES}.0.name", "A", [f"{TEMPLATES}: Invalid value: null: field is immutable"]),
])
def test_workloads_never_change(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_workload(edited(WORKLOAD, path, value), WORKLOAD), expected)


REFERENCE = "spec.podGroupTemplateRef"


@pytest.mark.parametrize(("path", "value", "expected", "change"), [
    ("", None, [], []),
    (REFERENCE, ABSENT, [], ["spec.podGroupTemplateRef: Invalid value: null: field is immutable"]),
    (REFERENCE, {}, [f'{REFERENCE}: Invalid value: "": must specify one of: `workload`'], [REFERENCE]),
    (f"{REFERENCE}.workload", {"workloadName": "W"}, [
        f'{REFERENCE}.workload.workloadName: Invalid value: "W": a lowercase RFC 1123 subdomain',
        f"{REFERENCE}.workload.podGroupTemplateName: Required value",
    ], [REFERENCE]),
    ("spec.schedulingPolicy", {}, ['spec.schedulingPolicy: Invalid value: "": must specify one of'], [
        "spec.schedulingPolicy: Invalid value: null: field is immutable",
    ]),
    ("spec.disruptionMode", "PodGroup", [], ["spec.disruptionMode: Forbidden"]),
])
def test_pod_groups(path: str, value: Any, expected: list[str], change: list[str]) -> None:
    group = edited(POD_GROUP, path, value)
    begins(validate_pod_group(group), expected)
    begins(validate_pod_group_update(group, POD_GROUP), change)


def test_status_of_pod_groups() -> None:
    condition = {"type": "PodGroupScheduled", "status": "True", "reason": "R", "lastTransitionTime": NOW_TEXT}
    begins(validate_pod_group_status({"status": {"conditions": [condition]}}), [])
    begins(validate_pod_group_status({"status": {"conditions": [{**condition, "status": "x"}]}}), [
        'status.conditions[0].status: Unsupported value: "x"',
    ])


def test_fields_behind_gates_that_are_off() -> None:
    more = {"resourceClaims": [{"name": "c"}], "disruptionMode": "PodGroup", "priorityClassName": "p", "priority": 1}

    async def test(cluster: Cluster) -> None:
        template = {**TEMPLATE, **more, "schedulingConstraints": {"topology": []}}
        workload = {**WORKLOAD, "spec": {"podGroupTemplates": [template]}}
        created = await cluster.create("workloads", workload, group=GROUP)
        assert created["spec"] == {"podGroupTemplates": [{**TEMPLATE, "schedulingConstraints": None}]}
        group = {**POD_GROUP, "spec": {**POD_GROUP["spec"], **more}, "status": {"conditions": [{"type": "x"}]}}
        made = await cluster.create("podgroups", group, group=GROUP)
        assert made["spec"] == {**POD_GROUP["spec"], "disruptionMode": "Pod"}
        assert "conditions" not in made.get("status", {})

    run(test)


def test_pod_groups_change_only_in_metadata_and_status() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("podgroups", POD_GROUP, group=GROUP)

        def touch(obj: Object) -> None:
            obj["metadata"]["labels"] = {"a": "b"}
            obj["spec"].pop("disruptionMode")

        def report(obj: Object) -> None:
            condition = {"type": "PodGroupScheduled", "status": "True", "reason": "R", "lastTransitionTime": NOW_TEXT}
            obj["spec"] = {}
            obj["status"] = {"conditions": [{**condition, "message": ""}], "resourceClaimStatuses": [{"name": "c"}]}

        def other(obj: Object) -> None:
            obj["spec"]["disruptionMode"] = "PodGroup"

        changed = await cluster.update("podgroups", "g", touch, group=GROUP)
        assert (changed["metadata"]["labels"], changed["spec"]["disruptionMode"]) == ({"a": "b"}, "Pod")
        reported = await cluster.update("podgroups", "g", report, group=GROUP, subresource="status")
        assert reported["spec"] == changed["spec"]
        assert list(reported["status"]) == ["conditions"]
        with pytest.raises(StatusError) as e:
            await cluster.update("podgroups", "g", other, group=GROUP)
        assert e.value.message.endswith("is invalid: spec.disruptionMode: Forbidden")

    run(test)


@pytest.mark.parametrize(("conditions", "shown"), [
    ([], "Pending"),
    ([{"type": "PodGroupScheduled", "status": "False"}], "Unschedulable"),
    ([{"type": "PodGroupScheduled", "status": "True"}], "Scheduled"),
    ([{"type": "PodGroupScheduled", "status": "True"}, {"type": "DisruptionTarget", "reason": "Gone"}], "Gone"),
])
def test_rows(conditions: list[Object], shown: str) -> None:
    group = {**POD_GROUP, "status": {"conditions": conditions}}
    assert PRINTERS["podgroups"].cells(group, NOW) == ["g", "Basic", "w", shown, "<unknown>"]
    alone = {**POD_GROUP, "spec": {"schedulingPolicy": {"gang": {"minCount": 1}}}}
    assert PRINTERS["podgroups"].cells(alone, NOW)[1:3] == ["Gang", "<none>"]
    assert PRINTERS["workloads"].cells(WORKLOAD, NOW) == ["w", "<unknown>"]
    assert [len(PRINTERS[name].columns) for name in ("podgroups", "workloads")] == [5, 2]
