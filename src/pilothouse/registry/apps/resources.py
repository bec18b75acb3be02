"""Kinds of apps (upstream: pkg/registry/apps)."""

from pilothouse.registry.apps import defaults, strategies
from pilothouse.registry.apps.printers import PRINTERS
from pilothouse.registry.core.controllers import replicas
from pilothouse.registry.core.pod_rules import PodRules, pod_rules
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import SCALE, STATUS, Group, Kinds, Version
from pilothouse.registry.rest import Resource

_v1 = Kinds("apps", "v1", "apps", PRINTERS)

def _workloads(rules: PodRules) -> tuple[Resource, ...]:
    return (
        _v1("ControllerRevision", "controllerrevisions", strategy=strategies.ControllerRevisionStrategy()),
        _v1(
            "DaemonSet",
            "daemonsets",
            short_names=("ds",),
            categories=("all",),
            subresources=(STATUS,),
            strategy=strategies.DaemonSetStrategy(rules),
            hidden_annotations=(defaults.TEMPLATE_GENERATION,),
            default=defaults.default_daemon_set,
        ),
        _v1(
            "Deployment",
            "deployments",
            short_names=("deploy",),
            categories=("all",),
            subresources=(SCALE, STATUS),
            strategy=strategies.DeploymentStrategy(rules),
            default=defaults.default_deployment,
        ),
        _v1(
            "ReplicaSet",
            "replicasets",
            short_names=("rs",),
            categories=("all",),
            subresources=(SCALE, STATUS),
            strategy=strategies.ReplicaSetStrategy(rules),
            default=defaults.default_replica_set,
            selectable=replicas,
            selectable_names=("status.replicas",),
        ),
        _v1(
            "StatefulSet",
            "statefulsets",
            short_names=("sts",),
            categories=("all",),
            subresources=(SCALE, STATUS),
            strategy=strategies.StatefulSetStrategy(rules),
            default=defaults.default_stateful_set,
        ),
    )


def build(dependencies: Dependencies) -> Group:
    workloads = _workloads(pod_rules(dependencies))
    return Group("apps", 17800, (Version("v1", 15, workloads),))
