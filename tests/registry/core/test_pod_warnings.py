"""What clients are warned of in pods and templates."""

from typing import Any

import pytest

from pilothouse.registry.core.pod_annotation_validation import APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD
from pilothouse.registry.core.pod_warnings import pod_warnings, template_warnings
from tests.registry.core.checks import Object, container, pod


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}, [
            'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'
        ]),
        ({"topologySpreadConstraints": [{"topologyKey": "failure-domain.beta.kubernetes.io/zone"}]}, [
            "spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since "
            'v1.17; use "topology.kubernetes.io/zone" instead',
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        ]),
        ({"volumes": [{"name": "v", "rbd": {}}, {"name": "w", "storageos": {}}]}, [
            "spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+",
            "spec.volumes[1].storageOS: deprecated in v1.22, non-functional in v1.25+",
        ]),
        ({"volumes": [{"name": "v", "projected": {"sources": [
            {"configMap": {"name": "c", "items": [{"key": "k", "path": "a"}]}}, {},
            {"serviceAccountToken": {"path": "a/b"}}, {"podCertificate": {"keyPath": "a/c/"}},
        ]}}]}, [
            'volume "v" (Projected) has no sources provided',
            'volume "v" (Projected): overlapping paths: "a/b" (ServiceAccountToken) with "a" (ConfigMap "c")',
            'volume "v" (Projected): overlapping paths: "a/c" (PodCertificate key) with "a" (ConfigMap "c")',
        ]),
        ({"imagePullSecrets": [{"name": "a"}, {"name": "a"}, {}]}, [
            'spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""',
        ]),
        ({"overhead": {"memory": "1500m"}}, [
            'spec.overhead[memory]: fractional byte value "1500m" is invalid, must be an integer'
        ]),
        ({"containers": [container(resources={"limits": {"memory": "100m"}})]}, [
            f'spec.containers[0].resources.{what}[memory]: fractional byte value "100m" is invalid, must be an integer'
            for what in ("limits", "requests")
        ]),
        ({"containers": [container(env=[{"name": "a"}, {"name": "a", "value": "x"}, {"name": "a", "value": "y$(a)"}])]},
         ['spec.containers[0].env[1]: hides previous definition of "a", which may be dropped when using apply']),
        ({"containers": [container(ports=[{"containerPort": 80, "hostPort": 1}] * 2)]},
         ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"]),
        ({"containers": [container(ports=[{"containerPort": 80, "hostPort": 1}, {"containerPort": 80, "hostPort": 1,
                                                                               "hostIP": "1.1.1.1"}])]},
         ["spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]"]),
        ({"containers": [container(ports=[{"containerPort": 80, "name": "a"}]),
                         container(name="d", ports=[{"containerPort": 81, "name": "a", "hostIP": "1.1.1.1"}])]}, [
            "spec.containers[1].ports[0]: hostIP set without hostPort: {Name:a HostPort:0 ContainerPort:81 "
            "Protocol:TCP HostIP:1.1.1.1}",
            'spec.containers[1].ports[0]: duplicate port name "a" with spec.containers[0].ports[0], services and '
            "probes that select ports by name will use spec.containers[0].ports[0]",
        ]),
        ({"affinity": {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": {}}]}}},
         [
            "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm."
            "labelSelector: a null labelSelector results in matching no pod"
        ]),
        ({"hostAliases": [{"ip": "FD00::1"}]}, [
            'spec.hostAliases[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'
        ]),
    ],
)
def test_pods(spec: Object, wanted: list[str]) -> None:
    assert pod_warnings(pod(**spec)) == wanted


def test_annotations_that_fields_replace() -> None:
    annotations: dict[str, Any] = {
        "scheduler.alpha.kubernetes.io/critical-pod": "", SECCOMP_POD: "unconfined",
        SECCOMP_CONTAINER + "c": "unconfined", APP_ARMOR + "c": "unconfined",
    }
    obj = pod({"annotations": annotations})
    wanted = [
        "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "
        '"priorityClassName" field instead',
        f'metadata.annotations[{SECCOMP_POD}]: non-functional in v1.27+; use the "seccompProfile" field instead',
        f'metadata.annotations[{SECCOMP_CONTAINER}c]: non-functional in v1.27+; use the "seccompProfile" field instead',
    ]
    assert pod_warnings(obj) == wanted
    assert template_warnings(obj, "spec.template.") == [
        *(f"spec.template.{text}" for text in wanted),
        f"spec.template.metadata.annotations[{APP_ARMOR}c]: deprecated since v1.30; use the "
        '"appArmorProfile" field instead',
    ]
