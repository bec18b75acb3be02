"""Pods on create and update, and the fields of their specs."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.registry.core.pod_annotation_validation import APP_ARMOR, DELETION_COST, SECCOMP_POD
from pilothouse.registry.core.pod_validation import validate_pod_create, validate_pod_update
from tests.registry.core.checks import LABEL, POD_RULES, SUBDOMAIN, Object, container, pod, texts

_ONLY = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
)


def created(obj: Object) -> list[str]:
    return texts(validate_pod_create(obj, POD_RULES))


def updated(obj: Object, old: Object) -> list[str]:
    return texts(validate_pod_update(obj, old, POD_RULES))


def test_a_good_pod() -> None:
    good = pod(
        volumes=[{"name": "v", "emptyDir": {}}], initContainers=[container(name="i", restartPolicy="Always")],
        tolerations=[{"operator": "Exists"}], hostAliases=[{"ip": "10.0.0.1", "hostnames": ["a.b"]}],
        dnsConfig={"nameservers": ["1.1.1.1"], "searches": ["a.b.", "_x.y", "."]}, os={"name": "linux"},
        affinity={"podAffinity": {}}, readinessGates=[{"conditionType": "a.b/c"}], overhead={"cpu": "1"},
    )
    assert created(good) == []


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"containers": []}, ["spec.containers: Required value"]),
        (
            {"restartPolicy": "Maybe"},
            ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
        ),
        (
            {"dnsPolicy": "X"},
            [
                'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", '
                '"Default", "None"'
            ],
        ),
        ({"dnsPolicy": "None"}, ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
        (
            {"dnsPolicy": "None", "dnsConfig": {}},
            [
                "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when "
                "`dnsPolicy` is None"
            ],
        ),
        (
            {"dnsConfig": {"nameservers": ["1.1.1.1"] * 4, "options": [{}]}},
            [
                'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1"]: must not have '
                "more than 3 nameservers",
                "spec.dnsConfig.options[0]: Required value: must not be empty",
            ],
        ),
        ({"hostname": "A"}, [f'spec.hostname: Invalid value: "A": {LABEL}']),
        ({"subdomain": "A"}, [f'spec.subdomain: Invalid value: "A": {LABEL}']),
        ({"nodeName": "A"}, [f'spec.nodeName: Invalid value: "A": {SUBDOMAIN}']),
        (
            {"activeDeadlineSeconds": 0},
            ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
        ),
        (
            {"preemptionPolicy": "X"},
            ['spec.preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"'],
        ),
        (
            {"overhead": {"x": "1"}},
            [
                'spec.overhead.limits[x]: Invalid value: "x": must be a standard resource type or fully qualified',
                'spec.overhead.limits[x]: Invalid value: "x": must be a standard resource for containers',
            ],
        ),
        (
            {"hostNetwork": True, "containers": [container(ports=[{"containerPort": 80, "hostPort": 81}])]},
            [
                "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when "
                "`hostNetwork` is true"
            ],
        ),
        (
            {"hostUsers": False, "hostPID": True},
            ["spec.HostPID: Forbidden: when `hostUsers` is false"],
        ),
        (
            {"hostnameOverride": "a", "setHostnameAsFQDN": True},
            ["spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true"],
        ),
        (
            {"resourceClaims": [{"name": "a"}, {"name": "a", "resourceClaimName": "x"}]},
            [
                'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,'
                '"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, '
                "`resourceClaimTemplateName`",
                'spec.resourceClaims[1].name: Duplicate value: "a"',
            ],
        ),
        (
            {"nodeName": "n", "schedulingGates": [{"name": "g"}]},
            ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
        ),
        (
            {"ephemeralContainers": [container(name="e")]},
            ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
        ),
        (
            {"containers": [container(image=" i")]},
            ['spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace'],
        ),
        (
            {
                "serviceAccountName": None, "serviceAccount": None,
                "volumes": [
                    {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
                ],
            },
            [
                "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when "
                "serviceAccountName is not set"
            ],
        ),
        (
            {
                "containers": [
                    container(
                        env=[
                            {
                                "name": "a",
                                "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}},
                            }
                        ]
                    )
                ]
            },
            ['spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"'],
        ),
    ],
)
def test_what_is_wrong_with_a_spec(spec: Object, wanted: list[str]) -> None:
    assert created(pod(**spec)) == wanted


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [
        ({DELETION_COST: "1"}, []),
        (
            {DELETION_COST: "+1"},
            [f'metadata.annotations[{DELETION_COST}]: Invalid value: "+1": must be a 32bit integer'],
        ),
        (
            {SECCOMP_POD: "x"},
            [f'metadata.annotations.{SECCOMP_POD}: Invalid value: "x": must be a valid seccomp profile'],
        ),
        (
            {APP_ARMOR + "other": "x"},
            [
                f'metadata.annotations[{APP_ARMOR}other]: Invalid value: "other": container not found',
                f'metadata.annotations[{APP_ARMOR}other]: Invalid value: "x": invalid AppArmor profile name: "x"',
            ],
        ),
        (
            {"kubernetes.io/config.mirror": "x"},
            [
                'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if '
                "mirror pod annotation is set"
            ],
        ),
    ],
)
def test_annotations(annotations: Object, wanted: list[str]) -> None:
    assert created(pod({"annotations": annotations})) == wanted


def test_profiles_in_annotations_and_fields_agree() -> None:
    obj = pod(
        {"annotations": {SECCOMP_POD: "unconfined", APP_ARMOR + "c": "localhost/a"}},
        securityContext={
            "seccompProfile": {"type": "RuntimeDefault"},
            "appArmorProfile": {"type": "Localhost", "localhostProfile": "b"},
        },
    )
    assert created(obj) == [
        "spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match",
        "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in "
        "annotation and field must match",
    ]


# Updates


def changed(old: Object, **spec: Any) -> Object:
    obj = copy.deepcopy(old)
    obj["spec"].update(spec)
    obj["spec"] = {k: v for k, v in obj["spec"].items() if v is not None}
    return obj


def test_images_tolerations_and_deadlines_may_change() -> None:
    old = pod(tolerations=[{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}])
    new = changed(
        old, activeDeadlineSeconds=5,
        tolerations=[
            {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9}, {"operator": "Exists"},
        ],
    )
    new["spec"]["containers"][0]["image"] = "j"
    assert updated(new, old) == []


@pytest.mark.parametrize(
    ("before", "spec", "wanted"),
    [
        ({}, {"containers": []}, ["spec.containers: Required value", "spec.containers: Forbidden: pod updates may not "
                                  "add or remove containers"]),
        (
            {"activeDeadlineSeconds": 5}, {"activeDeadlineSeconds": None},
            ["spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"],
        ),
        (
            {"activeDeadlineSeconds": 5}, {"activeDeadlineSeconds": 6},
            ["spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"],
        ),
        (
            {"tolerations": [{"operator": "Exists"}]}, {"tolerations": None},
            ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
        ),
        (
            {"schedulingGates": [{"name": "a"}]}, {"schedulingGates": [{"name": "b"}]},
            [
                "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'"
            ],
        ),
        (
            {"schedulingGates": [{"name": "a"}], "nodeSelector": {"a": "b"}}, {"nodeSelector": {"a": "c"}},
            [
                'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed '
                "(no mutations or deletions)"
            ],
        ),
        ({"schedulingGates": [{"name": "a"}]}, {"nodeSelector": {"a": "c"}}, []),
    ],
)
def test_what_may_not_change(before: Object, spec: Object, wanted: list[str]) -> None:
    old = pod(**before)
    assert updated(changed(old, **spec), old) == wanted


def test_any_other_change_is_shown_as_a_diff() -> None:
    old = pod()
    assert updated(changed(old, hostNetwork=True), old) == [
        _ONLY
        + "@@ -44,7 +44,7 @@\n"
        + '  "AutomountServiceAccountToken": null,\n  "NodeName": "",\n  "SecurityContext": {\n'
        + '-  "HostNetwork": false,\n+  "HostNetwork": true,\n'
        + '   "HostPID": false,\n   "HostIPC": false,\n   "ShareProcessNamespace": null,\n'
    ]


def test_gated_pods_can_be_narrowed_down_to_fewer_nodes() -> None:
    def affinity(*expressions: Object) -> Object:
        terms = [{"matchExpressions": list(expressions)}]
        required = {"nodeSelectorTerms": terms}
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}

    first = {"key": "a", "operator": "Exists"}
    second = {"key": "b", "operator": "Exists"}
    old = pod(schedulingGates=[{"name": "g"}], affinity=affinity(first))
    assert updated(changed(old, affinity=affinity(first, second)), old) == []
    assert updated(changed(old, affinity=affinity(second)), old) == [
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: "
        'Invalid value: {"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}: '
        "only additions are allowed (no mutations or deletions)"
    ]


@given(st.sampled_from(["image", "name", "env", "ports", "resources"]), st.text(max_size=5))
def test_updates_to_the_same_change_nothing(name: str, value: str) -> None:
    obj = pod(containers=[container(args=[value]), container(name="d", workingDir=name)])
    assert updated(copy.deepcopy(obj), obj) == created(obj) == []
