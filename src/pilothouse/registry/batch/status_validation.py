"""Validation of what the job controller reports (upstream: batch/validation ValidateJobStatusUpdate).

Most rules hold only for what an update changes (upstream: getStatusValidationOptions in registry/batch/job), so
that a job whose status went wrong under an older server can still be written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import OMIT_VALUE, Error
from pilothouse.apimachinery.meta import parse_time
from pilothouse.registry.batch import indexes
from pilothouse.registry.core.template_validation import spec_of
from pilothouse.registry.internal import internal
from pilothouse.registry.rules import NONE, Errors, Obj, non_negative, within

_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")


class _Update:
    """A status and the one before it; "complete", "failed" … are conditions that are True."""

    def __init__(self, job: Obj, old: Obj) -> None:
        self.spec = spec_of(job)
        self.status, self.before = job.get("status") or {}, old.get("status") or {}
        self.is_true = _true_conditions(self.status)
        self.was_true = _true_conditions(self.before)
        self.indexed = self.spec.get("completionMode") == "Indexed"

    def changed(self, *names: str) -> bool:
        """Whether one of these fields or conditions is not what it was; "Finished" is Complete or Failed."""
        return any(self._changed(name) for name in names)

    def _changed(self, name: str) -> bool:
        if name == "Finished":
            return self.finished != bool(self.was_true & {"Complete", "Failed"})
        if name[0].isupper():
            return (name in self.is_true) != (name in self.was_true)
        return (self.status.get(name) or None) != (self.before.get(name) or None)

    @property
    def finished(self) -> bool:
        return bool(self.is_true & {"Complete", "Failed"})


def _true_conditions(status: Obj) -> set[str]:
    return {c.get("type") or "" for c in status.get("conditions") or () if c.get("status") == "True"}


def _conditions(text: str) -> Error:
    return field.invalid("conditions", OMIT_VALUE, text)


def validate_job_status_update(job: Obj, old: Obj) -> Errors:
    update = _Update(job, old)
    errors = [error for name in _COUNTS for error in non_negative(update.status, name)]
    for check in _CHECKS:
        errors += check(update)
    return within("status", errors)


def _uncounted(update: _Update) -> Errors:
    """Pods that the controller has yet to count, by uid."""
    pods = update.status.get("uncountedTerminatedPods")
    errors: list[Error] = []
    seen: set[str] = set()
    for name in ("succeeded", "failed"):
        for i, uid in enumerate((pods or {}).get(name) or ()):
            at = f"uncountedTerminatedPods.{name}[{i}]"
            if not uid:
                errors.append(field.invalid(at, uid, "must not be empty"))
            elif uid in seen:
                errors.append(field.duplicate(at, uid))
            seen.add(uid)
    return errors


def _end(update: _Update) -> Errors:
    """Complete, failed, and when."""
    is_true, status = update.is_true, update.status
    started, completed = status.get("startTime"), status.get("completionTime")
    errors: list[Error] = []
    if "Complete" in is_true:
        if "Failed" in is_true and update.changed("Complete", "Failed"):
            errors.append(_conditions("cannot set Complete=True and Failed=true conditions"))
        if "FailureTarget" in is_true and update.changed("Complete", "FailureTarget"):
            errors.append(_conditions("cannot set Complete=True and FailureTarget=true conditions"))
    if update.changed("Complete", "completionTime"):
        if completed is not None and "Complete" not in is_true:
            text = "cannot set completionTime when there is no Complete=True condition"
            errors.append(field.invalid("completionTime", completed, text))
        if completed is None and "Complete" in is_true:
            errors.append(field.required("completionTime", "completionTime is required for Complete jobs"))
    if started is None or completed is None or not update.changed("startTime", "completionTime"):
        return errors
    if parse_time(completed) < parse_time(started):
        errors.append(field.invalid("completionTime", completed, "must be equal to or after `startTime`"))
    return errors


def _causes(update: _Update) -> Errors:
    """The conditions that come before an end."""
    return [
        _conditions(f"cannot set {end}=True condition without the {cause}=true condition")
        for end, cause, other in (
            ("Failed", "FailureTarget", "failedIndexes"), ("Complete", "SuccessCriteriaMet", "SuccessCriteriaMet"),
        )
        if end in update.is_true and cause not in update.is_true and update.changed(end, other)
    ]


def _finished(update: _Update) -> Errors:
    """Nothing runs any more in a finished job."""
    if not update.finished:
        return NONE
    status, spec = update.status, update.spec
    errors: list[Error] = []
    active, pods = status.get("active") or 0, status.get("uncountedTerminatedPods")
    if active > 0 and update.changed("Finished", "active"):
        errors.append(field.invalid("active", active, "active>0 is invalid for finished job"))
    never_ran = spec.get("suspend") is True and spec.get("completions") == 0
    if status.get("startTime") is None and update.changed("Finished", "startTime") and not never_ran:
        errors.append(field.required("startTime", "startTime is required for finished job"))
    uncounted = pods and (pods.get("failed") or pods.get("succeeded"))
    if uncounted and update.changed("Finished", "uncountedTerminatedPods"):
        shown = internal("batch.UncountedTerminatedPods", pods)
        errors.append(field.invalid("uncountedTerminatedPods", shown, "must be empty for finished job"))
    return errors


def _index_lists(update: _Update) -> Errors:
    status, spec = update.status, update.spec
    completed, failed = status.get("completedIndexes"), status.get("failedIndexes")
    completions = spec.get("completions")
    per_index = spec.get("backoffLimitPerIndex") is not None
    errors: list[Error] = []
    if completions is not None and update.changed("completedIndexes"):
        errors += _index_list("completedIndexes", completed or "", completions)
    if completions is not None and per_index and failed is not None and update.changed("failedIndexes"):
        errors += _index_list("failedIndexes", failed, completions)
    if completed and not update.indexed and update.changed("completedIndexes"):
        text = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(field.invalid("completedIndexes", completed, text))
    if failed is not None and not per_index and update.changed("failedIndexes"):
        text = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(field.invalid("failedIndexes", failed, text))
    if completions is not None and completed and failed and update.changed("failedIndexes", "completedIndexes"):
        index = indexes.overlap(completed, failed, completions)
        if index is not None:
            text = f"failedIndexes and completedIndexes overlap at index: {index}"
            errors.append(field.invalid("failedIndexes", failed, text))
    return errors


def _index_list(name: str, text: str, completions: int) -> Errors:
    try:
        indexes.count(text, completions)
    except indexes.IndexesError as e:
        return (field.invalid(name, text, f"error parsing {name}: {e}"),)
    return NONE


def _running(update: _Update) -> Errors:
    status = update.status
    terminating, ready = status.get("terminating") or 0, status.get("ready")
    errors: list[Error] = []
    if terminating > 0 and update.finished and update.changed("Finished", "terminating"):
        errors.append(field.invalid("terminating", terminating, "terminating>0 is invalid for finished job"))
    if ready is not None and ready > (status.get("active") or 0) and update.changed("ready", "active"):
        errors.append(field.invalid("ready", ready, "cannot set more ready pods than active"))
    return errors


def _success_criteria(update: _Update) -> Errors:
    is_true = update.is_true
    if "SuccessCriteriaMet" not in is_true:
        if "Complete" in is_true and update.spec.get("successPolicy") is not None:
            text = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
            return (_conditions(text),)
        return NONE
    clashes = (("Failed", "Failed=true"), ("FailureTarget", "FailureTarget=true"))
    return [
        _conditions(f"cannot set SuccessCriteriaMet=True and {shown} conditions")
        for name, shown in clashes
        if name in is_true
    ]


def _history(update: _Update) -> Errors:
    """What may not be taken back."""
    status, before = update.status, update.before
    errors = [
        _conditions(f"cannot disable the terminal {name}=True condition")
        for name in ("Failed", "Complete", "FailureTarget")
        if name in update.was_true and name not in update.is_true
    ]
    errors += _not_decreased(update, "failed")
    elastic = update.indexed and update.spec.get("completions") == update.spec.get("parallelism")
    if not elastic:
        errors += _not_decreased(update, "succeeded")
    completed, started = status.get("completionTime"), status.get("startTime")
    if completed is not None and before.get("completionTime") not in (None, completed):
        errors.append(field.invalid("completionTime", completed, "field is immutable"))
    restarted = before.get("startTime") is not None and update.changed("startTime")
    if restarted and not _is_resuming(update) and not update.spec.get("suspend"):
        text = "field is immutable for unsuspended job once set"
        errors.append(field.invalid("startTime", started, text))
    met, was_met = "SuccessCriteriaMet" in update.is_true, "SuccessCriteriaMet" in update.was_true
    if was_met and not met:
        errors.append(_conditions("cannot disable the SuccessCriteriaMet=True condition"))
    if "Complete" in update.was_true and not was_met and met:
        text = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        errors.append(_conditions(text))
    return errors


def _not_decreased(update: _Update, name: str) -> Errors:
    value = update.status.get(name) or 0
    if value >= (update.before.get(name) or 0):
        return NONE
    return (field.invalid(name, value, f"cannot decrease the {name} counter"),)


def _is_resuming(update: _Update) -> bool:
    conditions: Any = update.status.get("conditions") or ()
    now = any(c.get("type") == "Suspended" and c.get("status") == "False" for c in conditions)
    return now and "Suspended" in update.was_true


#: In upstream's order.
_CHECKS: Sequence[Callable[[_Update], Errors]] = (
    _uncounted, _end, _causes, _finished, _index_lists, _running, _success_criteria, _history,
)
