"""Kinds of batch (upstream: pkg/registry/batch)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("batch", "v1", "batch")

_V1 = (
    _v1("CronJob", "cronjobs", short_names=("cj",), categories=("all",), subresources=(STATUS,)),
    _v1("Job", "jobs", categories=("all",), subresources=(STATUS,)),
)


def build(dependencies: Dependencies) -> Group:
    return Group("batch", 17400, (Version("v1", 15, _V1),))
