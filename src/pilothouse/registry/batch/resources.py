"""Kinds of batch (upstream: pkg/registry/batch)."""

from pilothouse.registry.batch import defaults, strategies
from pilothouse.registry.batch.printers import PRINTERS
from pilothouse.registry.core.pod_rules import PodRules, pod_rules
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version
from pilothouse.registry.rest import Resource

_v1 = Kinds("batch", "v1", "batch", PRINTERS)

def _jobs(rules: PodRules) -> tuple[Resource, ...]:
    return (
        _v1(
            "CronJob",
            "cronjobs",
            short_names=("cj",),
            categories=("all",),
            subresources=(STATUS,),
            strategy=strategies.CronJobStrategy(rules),
            default=defaults.default_cron_job,
        ),
        _v1(
            "Job",
            "jobs",
            categories=("all",),
            subresources=(STATUS,),
            strategy=strategies.JobStrategy(rules),
            default=defaults.default_job,
            selectable=strategies.succeeded,
            selectable_names=("status.successful",),
        ),
    )


def build(dependencies: Dependencies) -> Group:
    jobs = _jobs(pod_rules(dependencies))
    return Group("batch", 17400, (Version("v1", 15, jobs),))
