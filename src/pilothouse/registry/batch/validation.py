"""Validation of jobs and cron jobs (upstream: pkg/apis/batch/validation). Metadata is checked by the store."""

from __future__ import annotations

import re
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.domainpath import is_domain_prefixed_path
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import byte_length, is_dns1123_label
from pilothouse.registry.batch import cron
from pilothouse.registry.batch.policy_validation import validate_pod_failure_policy, validate_success_policy
from pilothouse.registry.batch.timezones import unknown_location
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.template_validation import (
    selector_of,
    selects_template,
    spec_of,
    template_labels,
    validate_template,
)
from pilothouse.registry.internal import internal
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    immutable,
    label_selector,
    member,
    non_negative,
    one_of,
    required_one_of,
    too_long,
    within,
)

JOB_NAME = "batch.kubernetes.io/job-name"
CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
_OLD_JOB_NAME = "job-name"
_OLD_CONTROLLER_UID = "controller-uid"
_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)
_MODES = ("NonIndexed", "Indexed")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_CONCURRENCIES = ("Allow", "Forbid", "Replace")
_MOST_PARALLEL = 100_000
_MOST_FAILED_INDEXES = 100_000
_MANY_COMPLETIONS = 100_000
_MOST_WITH_MANY_COMPLETIONS = 10_000
_NEEDS_INDEXES = "requires indexed completion mode"
_CRON_JOB_NAME_LENGTH = 52
_is_zone_part = re.compile(r"[A-Za-z.\-_0-9+]{1,14}").fullmatch


def validate_job(job: Obj, rules: PodRules, *, prefixed_labels: bool = True) -> Errors:
    """`prefixed_labels`: the template has the labels with a domain, as those of newer jobs."""
    spec, name = spec_of(job), job["metadata"].get("name") or ""
    errors = [*_generated_selector(job, prefixed_labels)]
    errors += within("spec", [*validate_job_spec(spec, rules), *_selector(spec)])
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        hostname = f"{name}-{completions - 1}"
        if is_dns1123_label(hostname):
            text = f"will not able to create pod with invalid DNS label: {hostname}"
            errors.append(field.invalid("metadata.name", name, text))
    return errors


def _generated_selector(job: Obj, prefixed_labels: bool) -> Errors:
    """A job finds its pods by labels that name it, unless its user takes care of that."""
    spec, metadata = spec_of(job), job["metadata"]
    selector = spec.get("selector")
    if spec.get("manualSelector") or selector is None:
        return NONE
    uid, name = metadata.get("uid") or "", metadata.get("name") or ""
    errors = [] if uid else [field.required("metadata.uid")]
    expected = {_OLD_CONTROLLER_UID: uid, _OLD_JOB_NAME: name}
    if prefixed_labels:
        expected |= {CONTROLLER_UID: uid, JOB_NAME: name}
    labels = template_labels(spec.get("template") or {}) or {}
    for key, value in expected.items():
        at, text = f"spec.template.metadata.labels[{key}]", f"must be '{value}'"
        if key not in labels:
            errors.append(field.required(at, text))
        elif labels[key] != value:
            errors.append(field.invalid(at, labels, text))
    parsed = selector_of(spec)
    if parsed is not None and not parsed.matches(expected):
        errors.append(field.invalid("spec.selector", selector, "`selector` not auto-generated"))
    return errors


def _selector(spec: Obj) -> Errors:
    if spec.get("selector") is None:
        errors: list[Error] = [field.required("selector")]
    else:
        errors = [*within("selector", label_selector(spec["selector"]))]
    selector = selector_of(spec)
    if selector is not None:
        errors += within("template", selects_template(selector, spec.get("template") or {}, empty=False))
    return errors


def validate_job_spec(spec: Obj, rules: PodRules) -> Errors:
    """What jobs and the jobs of cron jobs have in common."""
    errors: list[Error] = []
    for name in _COUNTS:
        errors += non_negative(spec, name)
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errors.append(field.required("backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if spec.get("managedBy") is not None:
        errors += is_domain_prefixed_path("managedBy", spec["managedBy"])
        errors += too_long(spec, "managedBy", 63)
    errors += _completion_mode(spec)
    if (policy := spec.get("podFailurePolicy")) is not None:
        errors += within("podFailurePolicy", validate_pod_failure_policy(policy, spec))
    if (policy := spec.get("successPolicy")) is not None:
        if spec.get("completionMode") == "Indexed":
            errors += within("successPolicy", validate_success_policy(policy, spec.get("completions") or 0))
        else:
            errors.append(field.invalid("successPolicy", internal("batch.SuccessPolicy", policy), _NEEDS_INDEXES))
    if spec.get("podReplacementPolicy") is not None:
        known = _REPLACEMENTS[:1] if spec.get("podFailurePolicy") is not None else _REPLACEMENTS
        errors += one_of(spec, "podReplacementPolicy", known)
    template = spec.get("template") or {}
    errors += within("template", validate_template(template, rules))
    return [*errors, *within("template.spec", _restart_policy(spec, template.get("spec") or {}))]


def _completion_mode(spec: Obj) -> Errors:
    mode = spec.get("completionMode")
    errors: list[Error] = []
    if mode is not None:
        errors += one_of(spec, "completionMode", _MODES)
    if mode == "Indexed":
        errors += _indexed(spec)
    if mode in (None, "NonIndexed"):
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                errors.append(field.invalid(name, spec[name], _NEEDS_INDEXES))
    return errors


def _indexed(spec: Obj) -> Errors:
    completions, parallelism = spec.get("completions"), spec.get("parallelism") or 0
    most_failed = spec.get("maxFailedIndexes")
    errors: list[Error] = []
    if completions is None:
        errors.append(field.required("completions", "when completion mode is Indexed"))
    if parallelism > _MOST_PARALLEL:
        text = f"must be less than or equal to {_MOST_PARALLEL} when completion mode is Indexed"
        errors.append(field.invalid("parallelism", parallelism, text))
    if completions is not None and most_failed is not None and most_failed > completions:
        errors.append(field.invalid("maxFailedIndexes", most_failed, "must be less than or equal to completions"))
    if most_failed is not None and most_failed > _MOST_FAILED_INDEXES:
        text = f"must be less than or equal to {_MOST_FAILED_INDEXES}"
        errors.append(field.invalid("maxFailedIndexes", most_failed, text))
    if (completions or 0) <= _MANY_COMPLETIONS or spec.get("backoffLimitPerIndex") is None:
        return errors
    text = (
        f"must be less than or equal to {_MOST_WITH_MANY_COMPLETIONS} when completions are above "
        f"{_MANY_COMPLETIONS} and used with backoff limit per index"
    )
    if most_failed is None:
        detail = f"must be specified when completions is above {_MANY_COMPLETIONS}"
        errors.append(field.required("maxFailedIndexes", detail))
    if parallelism > _MOST_WITH_MANY_COMPLETIONS:
        errors.append(field.invalid("parallelism", parallelism, text))
    if most_failed is not None and most_failed > _MOST_WITH_MANY_COMPLETIONS:
        errors.append(field.invalid("maxFailedIndexes", most_failed, text))
    return errors


def _restart_policy(spec: Obj, pod: Obj) -> Errors:
    policy = pod.get("restartPolicy") or ""
    if policy in ("", "Always"):
        return (field.required("restartPolicy", 'valid values: "OnFailure", "Never"'),)
    if policy not in ("OnFailure", "Never"):
        return (field.not_supported("restartPolicy", policy, ("OnFailure", "Never")),)
    if policy != "Never" and spec.get("podFailurePolicy") is not None:
        text = 'only "Never" is supported when podFailurePolicy is specified'
        return (field.invalid("restartPolicy", policy, text),)
    return NONE


# Updates of jobs


def validate_job_update(job: Obj, old: Obj, rules: PodRules) -> Errors:
    """Upstream checks the spec twice, first as a new one: kept."""
    spec, before = spec_of(job), spec_of(old)
    labels = template_labels(before.get("template") or {}) or {}
    prefixed = JOB_NAME in labels and CONTROLLER_UID in labels
    errors = [*validate_job(job, rules, prefixed_labels=prefixed)]
    changes = [*validate_job_spec(spec, rules), *_selector(spec), *_completions(spec, before)]
    changes += immutable(spec, before, "selector")
    changes += _template_change(spec, before, unsuspended=not _may_change_template(old))
    for name, kind in _IMMUTABLE:
        changes += _immutable(spec, before, name, kind)
    return [*errors, *within("spec", changes)]


_IMMUTABLE = (
    ("completionMode", ""), ("podFailurePolicy", "batch.PodFailurePolicy"), ("backoffLimitPerIndex", ""),
    ("managedBy", ""), ("successPolicy", "batch.SuccessPolicy"),
)


def _immutable(spec: Obj, before: Obj, name: str, kind: str = "") -> Errors:
    value = spec.get(name)
    if value == before.get(name):
        return NONE
    return (field.invalid(name, internal(f"*{kind}", value) if kind else value, IMMUTABLE),)


def _completions(spec: Obj, before: Obj) -> Errors:
    """Only indexed jobs may grow or shrink, together with their parallelism."""
    if spec.get("completionMode") != "Indexed":
        return _immutable(spec, before, "completions")
    completions = spec.get("completions")
    if completions in (None, before.get("completions"), spec.get("parallelism")):
        return NONE
    return (field.invalid("completions", completions, "can only be modified in tandem with spec.parallelism"),)


def _may_change_template(old: Obj) -> bool:
    """While a job is suspended and none of its pods run, how and where they will run can change."""
    status = old.get("status") or {}
    suspended = any(
        c.get("type") == "Suspended" and c.get("status") == "True" for c in status.get("conditions") or ()
    )
    idle = status.get("startTime") is None or suspended
    return bool(spec_of(old).get("suspend")) and idle and not status.get("active")


def _template_change(spec: Obj, before: Obj, *, unsuspended: bool) -> Errors:
    template, old = spec.get("template") or {}, before.get("template") or {}
    if unsuspended:
        if template == old:
            return NONE
        return (field.invalid("template", internal("core.PodTemplateSpec", template), IMMUTABLE),)
    pod = template.get("spec") or {}
    if _without_mutable(pod) == _without_mutable(_with_resources(old.get("spec") or {}, pod)):
        return NONE
    return (field.invalid("template.spec", internal("core.PodSpec", pod), IMMUTABLE),)


def _without_mutable(pod: Obj) -> dict[str, Any]:
    """The pod spec but for what decides on which nodes its pods run."""
    rest = {k: v for k, v in pod.items() if k not in ("nodeSelector", "tolerations", "schedulingGates", "affinity")}
    affinity = {k: v for k, v in (pod.get("affinity") or {}).items() if k != "nodeAffinity"}
    return {**rest, "affinity": affinity} if affinity else rest


def _with_resources(old: Obj, new: Obj) -> dict[str, Any]:
    """The old pod spec with the new resources of those containers that are the same."""
    merged = dict(old)
    for name in ("containers", "initContainers"):
        containers, others = old.get(name) or [], new.get(name) or []
        if containers and len(containers) == len(others):
            merged[name] = [
                {**c, "resources": o.get("resources")} if c.get("name") == o.get("name") else c
                for c, o in zip(containers, others, strict=True)
            ]
    return merged


# Cron jobs


def validate_cron_job(cron_job: Obj, rules: PodRules) -> Errors:
    errors = [*within("spec", _cron_job_spec(spec_of(cron_job), None, rules))]
    name = cron_job["metadata"].get("name") or ""
    if byte_length(name) > _CRON_JOB_NAME_LENGTH:
        text = f"must be no more than {_CRON_JOB_NAME_LENGTH} characters"
        errors.append(field.invalid("metadata.name", name, text))
    return errors


def validate_cron_job_update(cron_job: Obj, old: Obj, rules: PodRules) -> Errors:
    return within("spec", _cron_job_spec(spec_of(cron_job), spec_of(old), rules))


def _cron_job_spec(spec: Obj, old: Obj | None, rules: PodRules) -> Errors:
    errors = [*_schedule(spec, old), *non_negative(spec, "startingDeadlineSeconds")]
    if spec.get("timeZone") is not None and (old is None or old.get("timeZone") != spec["timeZone"]):
        errors += _time_zone(spec["timeZone"])
    errors += required_one_of(spec, "concurrencyPolicy", _CONCURRENCIES)
    errors += member(spec, "jobTemplate", lambda template: _job_template(template, rules))
    return [*errors, *non_negative(spec, "successfulJobsHistoryLimit"), *non_negative(spec, "failedJobsHistoryLimit")]


def _schedule(spec: Obj, old: Obj | None) -> Errors:
    schedule = spec.get("schedule")
    if not schedule:
        return (field.required("schedule"),)
    errors: list[Error] = []
    try:
        cron.check(schedule)
    except cron.ScheduleError as e:
        errors.append(field.invalid("schedule", schedule, str(e)))
    if "TZ" in schedule:
        if old is None or "TZ" not in (old.get("schedule") or ""):
            text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            errors.append(field.invalid("schedule", schedule, text))
        elif spec.get("timeZone") is not None:
            text = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            errors.append(field.invalid("schedule", schedule, text))
    return errors


def _time_zone(zone: str) -> Errors:
    if not zone:
        return (field.invalid("timeZone", zone, "timeZone must be nil or non-empty string"),)
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _is_zone_part(part):
            return (field.invalid("timeZone", zone, f"unknown time zone {zone}"),)
    errors: list[Error] = []
    if zone.lower() == "local":
        text = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        errors.append(field.invalid("timeZone", zone, text))
    if text := unknown_location(zone):
        errors.append(field.invalid("timeZone", zone, text))
    return errors


def _job_template(template: Obj, rules: PodRules) -> Errors:
    spec = template.get("spec") or {}
    errors = [*validate_job_spec(spec, rules)]
    if spec.get("selector") is not None:
        errors.append(field.invalid("selector", spec["selector"], "`selector` will be auto-generated"))
    if spec.get("manualSelector"):
        errors.append(field.not_supported("manualSelector", True, ("nil", "false")))
    return within("spec", errors)
