"""Deployments, replica sets, daemon sets, stateful sets and their history."""

import copy
from typing import Any

import pytest

from pilothouse.registry.apps import validation
from tests.registry.core.checks import LABEL, TEMPLATE_RULES, Object, template, texts

_ROLLING: Object = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
_STATEFUL = {"podManagementPolicy": "OrderedReady", "updateStrategy": {"type": "RollingUpdate"}}
_DAEMON = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}}
_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
_DIFFER = "Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"


def workload(**spec: Any) -> Object:
    obj = {"selector": {"matchLabels": {"a": "b"}}, "replicas": 1, "template": template(), **spec}
    return {"metadata": {"name": "w"}, "spec": {k: v for k, v in obj.items() if v is not None}}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"replicas": -1}, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ({"selector": None}, ["spec.selector: Required value", f"spec.template.metadata.labels: {_DIFFER}"]),
        ({"selector": {}}, ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
        ({"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}, [
            "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or "
            "'NotIn'",
            'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"In"}]}: invalid label selector',
        ]),
        ({"strategy": {"type": "Recreate", "rollingUpdate": {}}}, [
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
        ]),
        ({"strategy": {"type": "X"}}, [
            'spec.strategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "Recreate", '
            '"RollingUpdate"'
        ]),
        ({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "0%", "maxSurge": 0}}}, [
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'
        ]),
        ({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "101%", "maxSurge": "x"}}}, [
            'spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": a valid percent string must be a numeric string '
            "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
        ]),
        ({"minReadySeconds": 5, "progressDeadlineSeconds": 5}, [
            "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"
        ]),
        ({"template": template(restartPolicy="Never")}, [
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'
        ]),
    ],
)
def test_deployments(spec: Object, wanted: list[str]) -> None:
    assert texts(validation.validate_deployment(workload(**{"strategy": _ROLLING, **spec}), TEMPLATE_RULES)) == wanted


def test_selectors_stay() -> None:
    labels = {"a": "b", "c": "d"}
    old, new = workload(), workload(selector={"matchLabels": labels}, template=template(labels))
    wanted = ['spec.selector: Invalid value: {"matchLabels":{"a":"b","c":"d"}}: field is immutable']
    assert texts(validation.validate_replica_set_update(new, old, TEMPLATE_RULES)) == wanted
    assert texts(validation.validate_replica_set_update(old, old, TEMPLATE_RULES)) == []
    strategy = {"strategy": _ROLLING}
    old["spec"] |= strategy
    new["spec"] |= strategy
    assert texts(validation.validate_deployment_update(new, old, TEMPLATE_RULES)) == wanted


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"selector": {"matchLabels": {"x": "y"}}}, [f"spec.template.metadata.labels: {_DIFFER}"]),
        ({"updateStrategy": {"type": "X"}}, [
            'spec.updateStrategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: '
            '"RollingUpdate", "OnDelete"'
        ]),
        ({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}}, [
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is "
            "non-zero"
        ]),
        ({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "", "maxSurge": "2"}}}, [
            f'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "": {_PERCENT}',
            f'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "2": {_PERCENT}',
        ]),
        ({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {}}}, [
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"
        ]),
    ],
)
def test_daemon_sets(spec: Object, wanted: list[str]) -> None:
    assert texts(validation.validate_daemon_set(workload(**{**_DAEMON, **spec}), TEMPLATE_RULES)) == wanted


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"podManagementPolicy": "X"}, [
            "spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'"
        ]),
        ({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1, "maxUnavailable": 0}}}, [
            "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0",
        ]),
        ({"updateStrategy": {"type": "X"}}, [
            'spec.updateStrategy: Invalid value: {"Type":"X","RollingUpdate":null}: must be \'RollingUpdate\' or '
            "'OnDelete'"
        ]),
        ({"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "X", "whenScaled": "Delete"}}, [
            'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "X": supported values: '
            '"Retain", "Delete"'
        ]),
        ({"serviceName": "A"}, [f'spec.serviceName: Invalid value: "A": {LABEL}']),
        ({"ordinals": {"start": -1}}, ["spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"]),
        ({"volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": {}}]}, [
            "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
            "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
        ]),
    ],
)
def test_stateful_sets(spec: Object, wanted: list[str]) -> None:
    assert texts(validation.validate_stateful_set(workload(**{**_STATEFUL, **spec}), TEMPLATE_RULES)) == wanted


def test_claims_are_volumes_of_the_pods() -> None:
    mount = {"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}
    claims = [{"metadata": {"name": "v"}, "spec": claim}]
    obj = workload(**_STATEFUL, template=template(containers=[mount]), volumeClaimTemplates=claims)
    assert texts(validation.validate_stateful_set(obj, TEMPLATE_RULES)) == []
    without = workload(**_STATEFUL, template=template(containers=[mount]))
    assert texts(validation.validate_stateful_set(without, TEMPLATE_RULES)) == [
        'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "v"'
    ]


def test_what_may_change_of_a_stateful_set() -> None:
    old = workload(**_STATEFUL)
    new = copy.deepcopy(old)
    new["spec"] |= {"replicas": 3, "minReadySeconds": 1, "ordinals": {"start": 1}}
    assert texts(validation.validate_stateful_set_update(new, old, TEMPLATE_RULES)) == []
    new["spec"]["serviceName"] = "A"
    assert texts(validation.validate_stateful_set_update(new, old, TEMPLATE_RULES)) == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
        "forbidden"
    ]


def test_statuses() -> None:
    old = {"status": {"collisionCount": 2}}
    new = {"status": {"collisionCount": 1, "replicas": 1, "readyReplicas": 2, "observedGeneration": -1}}
    below = "status.collisionCount: Invalid value: 1: cannot be decremented"
    negative = "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0"
    many = "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"
    assert texts(validation.validate_deployment_status(new, old)) == [negative, many, below]
    assert texts(validation.validate_stateful_set_status(new, old)) == [negative, many, below]
    assert texts(validation.validate_replica_set_status(new)) == [many, negative][::-1]
    assert texts(validation.validate_daemon_set_status(new, old)) == [negative, below]


@pytest.mark.parametrize(
    ("revision", "wanted"),
    [
        ({"data": {}, "revision": 0}, []),
        ({"revision": -1}, ["revision: Invalid value: -1: must be greater than or equal to 0",
                            "data: Required value: data is mandatory"]),
        ({"data": [1]}, ["data: Required value: data must be a valid JSON object"]),
    ],
)
def test_controller_revisions(revision: Object, wanted: list[str]) -> None:
    assert texts(validation.validate_controller_revision(revision)) == wanted
