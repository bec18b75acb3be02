"""Kinds of events.k8s.io (upstream: pkg/registry/events)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("events.k8s.io", "v1", "core")

_V1 = (_v1("Event", "events", short_names=("ev",)),)


def build(dependencies: Dependencies) -> Group:
    return Group("events.k8s.io", 17750, (Version("v1", 15, _V1),))
