"""The rules of jobs and cron jobs (upstream: pkg/registry/batch)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field
from pilothouse.registry.batch import validation
from pilothouse.registry.batch.status_validation import validate_job_status_update
from pilothouse.registry.core.templated import Templated
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Desired

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_MANY_COMPLETIONS = 100_000
_MANY_AT_ONCE = 10_000
_TOO_MANY = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes "
    "might not be able to track completedIndexes when a big number of indexes fail"
)
_NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")


def succeeded(job: Mapping[str, Any]) -> dict[str, str]:
    return {"status.successful": str((job.get("status") or {}).get("succeeded") or 0)}


class JobStrategy(Templated, Desired):
    default_garbage_collection_policy = "orphan"
    orphan_warning = (
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them "
        "or set propagationPolicy=Orphan to suppress this warning"
    )

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        super().prepare_for_create(ctx, obj)
        spec = obj.get("spec") or {}
        if not spec.get("manualSelector"):
            _generate_selector(obj["metadata"], spec)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_job(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self.tolerating(partial(validation.validate_job_update, obj, old), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validate_job_status_update(obj, old)]

    def template_warnings(self, obj: Object) -> list[str]:
        return _size_warnings(obj.get("spec") or {}, "spec") + super().template_warnings(obj)


class CronJobStrategy(Templated, Desired):
    template_path = ("spec", "jobTemplate", "spec", "template")

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_cron_job(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self.tolerating(partial(validation.validate_cron_job_update, obj, old), old)

    def template_warnings(self, obj: Object) -> list[str]:
        job = ((obj.get("spec") or {}).get("jobTemplate") or {}).get("spec") or {}
        return _size_warnings(job, "spec.jobTemplate.spec") + super().template_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        warnings = super().warnings_on_update(ctx, obj, old)
        if "TZ" not in ((obj.get("spec") or {}).get("schedule") or ""):
            return warnings
        # upstream writes the path with "spec" twice (cronjob/strategy.go): kept
        return [
            *warnings,
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
        ]


def _size_warnings(spec: Object, path: str) -> list[str]:
    """`spec` is a job's (upstream: pkg/api/job)."""
    many = (spec.get("completions") or 0) > _MANY_COMPLETIONS and (spec.get("parallelism") or 0) > _MANY_AT_ONCE
    return [f"{path}: {_TOO_MANY}"] if many and spec.get("completionMode") == "Indexed" else []


def _generate_selector(metadata: Object, spec: Object) -> None:
    """A job finds its pods by its own uid; labels that the client gave are checked later."""
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    labels = template.setdefault("labels", {})
    for name in _NAME_LABELS:
        labels.setdefault(name, metadata.get("name", ""))
    for name in _UID_LABELS:
        labels.setdefault(name, metadata["uid"])
    template["labels"] = dict(sorted(labels.items()))
    selector = spec.setdefault("selector", {})
    labels = {_UID_LABELS[1]: metadata["uid"], **(selector.get("matchLabels") or {})}
    selector["matchLabels"] = dict(sorted(labels.items()))
