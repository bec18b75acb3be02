"""What is wrong with nodes."""

import pytest

from pilothouse.registry.core.node_validation import node_warnings, validate_node, validate_node_update
from tests.registry.core.checks import Object, texts

_AVOID = "scheduler.alpha.kubernetes.io/preferAvoidPods"


def node(spec: Object | None = None, status: Object | None = None, annotations: Object | None = None) -> Object:
    metadata = {"name": "n", "annotations": annotations or {}}
    return {"metadata": metadata, "spec": spec or {}, "status": status or {}}


@pytest.mark.parametrize(
    ("obj", "wanted"),
    [
        (node({"podCIDRs": ["10.0.0.0/24", "fd00::/64"], "taints": [{"key": "a", "effect": "NoSchedule"}]}), []),
        (node({"taints": [{"key": "a", "effect": "X"}]}), [
            'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", '
            '"NoExecute"'
        ]),
        (node({"taints": [{"key": "a", "effect": "NoExecute"}] * 2}), [
            'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoExecute","TimeAdded":null}: '
            "taints must be unique by key and effect pair"
        ]),
        (node(status={"capacity": {"cpu": "-1", "pods": "1500m"}}), [
            'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
            'status.capacity.pods: Invalid value: "1500m": must be an integer',
        ]),
        (node(status={"declaredFeatures": ["B", "A"]}),
         ['status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically']),
        (node({"podCIDRs": ["10.0.0.0/24", "10.1.0.0/24"]}), [
            'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each '
            "IP family"
        ]),
        (node(annotations={_AVOID: '{"preferAvoidPods": [{}]}'}),
         [f"metadata.annotations.{_AVOID}[0].PodSignature: Required value"]),
    ],
)
def test_nodes(obj: Object, wanted: list[str]) -> None:
    assert texts(validate_node(obj)) == wanted


@pytest.mark.parametrize(
    ("new", "old", "wanted"),
    [
        (node({"podCIDRs": ["10.0.0.0/24"], "providerID": "p"}), node(), []),
        (node(), node({"podCIDRs": ["10.0.0.0/24"]}),
         ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid']),
        (node(), node({"providerID": "p"}),
         ['spec.providerID: Forbidden: node updates may not change providerID except from "" to valid']),
        (node({"externalID": "e"}), node(), ["spec.externalID: Forbidden: may not be updated"]),
        (node({"configSource": {}}), node(), [
            'spec.configSource: Invalid value: {"ConfigMap":null}: exactly one reference subfield must be non-nil'
        ]),
        (node(status={"addresses": [{"type": "Hostname", "address": "h"}] * 2}), node(),
         ['status.addresses[1]: Duplicate value: {"Type":"Hostname","Address":"h"}']),
    ],
)
def test_updates(new: Object, old: Object, wanted: list[str]) -> None:
    assert texts(validate_node_update(new, old)) == wanted


def test_warnings() -> None:
    assert node_warnings(node({"configSource": {}, "externalID": "e"})) == [
        "spec.configSource: the feature is removed",
        "spec.externalID: this field is deprecated, and is unused by Kubernetes",
    ]
