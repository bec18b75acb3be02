"""Kinds of batch (upstream: pkg/registry/batch)."""

from pilothouse.registry.batch import defaults, strategies
from pilothouse.registry.batch.printers import PRINTERS
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("batch", "v1", "batch", PRINTERS)

_V1 = (
    _v1(
        "CronJob",
        "cronjobs",
        short_names=("cj",),
        categories=("all",),
        subresources=(STATUS,),
        strategy=strategies.CronJobStrategy(),
        default=defaults.default_cron_job,
    ),
    _v1(
        "Job",
        "jobs",
        categories=("all",),
        subresources=(STATUS,),
        strategy=strategies.JobStrategy(),
        default=defaults.default_job,
        selectable=strategies.succeeded,
        selectable_names=("status.successful",),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("batch", 17400, (Version("v1", 15, _V1),))
