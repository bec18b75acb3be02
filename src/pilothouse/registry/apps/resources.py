"""Kinds of apps (upstream: pkg/registry/apps)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import SCALE, STATUS, Group, Kinds, Version

_v1 = Kinds("apps", "v1", "apps")

_V1 = (
    _v1("ControllerRevision", "controllerrevisions"),
    _v1("DaemonSet", "daemonsets", short_names=("ds",), categories=("all",), subresources=(STATUS,)),
    _v1("Deployment", "deployments", short_names=("deploy",), categories=("all",), subresources=(SCALE, STATUS)),
    _v1("ReplicaSet", "replicasets", short_names=("rs",), categories=("all",), subresources=(SCALE, STATUS)),
    _v1("StatefulSet", "statefulsets", short_names=("sts",), categories=("all",), subresources=(SCALE, STATUS)),
)


def build(dependencies: Dependencies) -> Group:
    return Group("apps", 17800, (Version("v1", 15, _V1),))
