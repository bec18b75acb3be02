"""The rules of jobs and cron jobs (upstream: pkg/registry/batch)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field
from pilothouse.registry.batch import validation
from pilothouse.registry.batch.status_validation import validate_job_status_update
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_tolerances import tolerating
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Desired, label_name_warnings

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_RULES = PodRules()
_NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")


def succeeded(job: Mapping[str, Any]) -> dict[str, str]:
    return {"status.successful": str((job.get("status") or {}).get("succeeded") or 0)}


class JobStrategy(Desired):
    default_garbage_collection_policy = "orphan"
    orphan_warning = (
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them "
        "or set propagationPolicy=Orphan to suppress this warning"
    )

    def __init__(self, rules: PodRules = _RULES) -> None:
        self._rules = rules

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        spec = obj.get("spec") or {}
        if not spec.get("manualSelector"):
            _generate_selector(obj["metadata"], spec)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_job(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        template = (old.get("spec") or {}).get("template") or {}
        return [*tolerating(lambda rules: validation.validate_job_update(obj, old, rules), self._rules, template)]

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validate_job_status_update(obj, old)]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return label_name_warnings(obj["metadata"], "Pod names and hostnames")


class CronJobStrategy(Desired):
    def __init__(self, rules: PodRules = _RULES) -> None:
        self._rules = rules

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_cron_job(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        job = ((old.get("spec") or {}).get("jobTemplate") or {}).get("spec") or {}
        return [
            *tolerating(
                lambda rules: validation.validate_cron_job_update(obj, old, rules), self._rules,
                job.get("template") or {},
            )
        ]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return label_name_warnings(obj["metadata"], "Pod names and hostnames")

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        if "TZ" not in ((obj.get("spec") or {}).get("schedule") or ""):
            return []
        # upstream writes the path with "spec" twice (cronjob/strategy.go): kept
        return [
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
        ]


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
