"""Pod templates, replication controllers, and what stored ones may keep."""

import pytest

from pilothouse.registry.core.pod_annotation_validation import DELETION_COST
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_tolerances import tolerances, tolerating
from pilothouse.registry.core.template_validation import (
    validate_pod_template,
    validate_replication_controller,
    validate_replication_controller_status,
    validate_template,
)
from tests.registry.core.checks import TEMPLATE_RULES, Object, container, pod, template, texts


def test_templates() -> None:
    assert texts(validate_template(template(), TEMPLATE_RULES)) == []
    bad = template({"a": "b c"}, ephemeralContainers=[container(name="e")])
    assert [text.partition(":")[0] for text in texts(validate_pod_template({"template": bad}, TEMPLATE_RULES))] == [
        "template.labels", "template.spec.ephemeralContainers",
    ]


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"selector": None}, ["spec.selector: Required value"]),
        ({"replicas": -1}, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ({"template": None}, ["spec.template: Required value"]),
        ({"selector": {"x": "y"}},
         ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`']),
        ({"template": template(restartPolicy="Never", activeDeadlineSeconds=1)}, [
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is "
            "not Supported",
        ]),
    ],
)
def test_replication_controllers(spec: Object, wanted: list[str]) -> None:
    obj = {"spec": {"selector": {"a": "b"}, "replicas": 1, "template": template(), **spec}}
    assert texts(validate_replication_controller(obj, TEMPLATE_RULES)) == wanted


def test_counts_are_of_what_there_is() -> None:
    assert texts(validate_replication_controller_status({"status": {"replicas": 1, "availableReplicas": 2}})) == [
        "status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas",
    ]


def test_what_stored_specs_have_they_keep() -> None:
    old = pod(
        {"annotations": {DELETION_COST: "x"}}, hostNetwork=True, hostUsers=False,
        containers=[container(resources={"limits": {"hugepages-2Mi": "1Mi"}}, volumeDevices=[{"name": "a"}])],
        securityContext={"sysctls": [{"name": "net.x"}], "seLinuxChangePolicy": "Recursive"},
        topologySpreadConstraints=[{"labelSelector": {"matchLabels": {"a b": ""}}}],
        volumes=[{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "/t"}}]}}],
    )
    selector = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b c"]}]}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    old["spec"]["affinity"] = {
        "podAffinity": {required: [{"labelSelector": selector}]},
        "nodeAffinity": {required: {"nodeSelectorTerms": [selector]}},
    }
    assert tolerances(PodRules(), old) == PodRules(
        invalid_deletion_cost=True, invalid_selector_values=True, invalid_spread_selectors=True,
        invalid_required_node_values=True, indivisible_huge_pages=True, non_local_token_path=True, host_sysctls=True,
        selinux_policies=True, user_namespace_devices=True,
    )
    assert tolerances(PodRules(is_pod=True), pod()) == PodRules(is_pod=True)


def test_old_faults_are_looked_for_only_in_objects_with_faults() -> None:
    asked: list[PodRules] = []

    def check(rules: PodRules) -> list[object]:
        asked.append(rules)
        return []

    assert not tolerating(check, PodRules(), {})  # type: ignore[arg-type]
    assert asked == [PodRules()]
