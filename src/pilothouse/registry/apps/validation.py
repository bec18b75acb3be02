"""Validation of workloads that run on (upstream: pkg/apis/apps/validation). Metadata is checked by the store."""

from __future__ import annotations

from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import is_dns1123_label
from pilothouse.registry.apps.rollout_validation import (
    validate_daemon_set_strategy,
    validate_deployment_strategy,
    validate_stateful_set_strategy,
)
from pilothouse.registry.core.claim_validation import validate_claim_spec
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.template_validation import (
    at_most_replicas,
    available_are_ready,
    not_decremented,
    runs_forever,
    selector_of,
    selects_template,
    spec_of,
    validate_template,
    validate_template_metadata,
)
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    immutable,
    label_selector,
    matching,
    member,
    non_negative,
    within,
)

_MANAGEMENT_POLICIES = ("OrderedReady", "Parallel")
_RETENTION_POLICIES = ("Retain", "Delete")
_STATEFUL_MUTABLE = frozenset({
    "replicas", "template", "updateStrategy", "minReadySeconds", "ordinals", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
})
_STATEFUL_IMMUTABLE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _template(spec: Obj) -> Any:
    return spec.get("template") or {}


def _counts(obj: Obj, *names: str) -> list[Error]:
    return [error for name in names for error in non_negative(obj, name)]


def _selector(spec: Obj, kind: str) -> Errors:
    selector = spec.get("selector")
    if selector is None:
        return (field.required("selector"),)
    errors = [*within("selector", label_selector(selector))]
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(field.invalid("selector", selector, f"empty selector is invalid for {kind}"))
    return errors


def _replica_template(spec: Obj, rules: PodRules) -> Errors:
    """The template of a ReplicaSet, also that of a deployment's, if it can be said whether it is selected."""
    selector, template = selector_of(spec), _template(spec)
    if selector is None:
        return (field.invalid("selector", spec["selector"], "invalid label selector"),)
    found = [*selects_template(selector, template), *validate_template(template, rules)]
    return within("template", [*found, *runs_forever(template, "ReplicaSet")])


def _unchanged_selector(obj: Obj, old: Obj) -> Errors:
    return within("spec", immutable(spec_of(obj), spec_of(old), "selector"))


# Deployments and replica sets


def validate_deployment(obj: Obj, rules: PodRules) -> Errors:
    spec = spec_of(obj)
    errors = [*_counts(spec, "replicas"), *_selector(spec, "deployment"), *_replica_template(spec, rules)]
    errors += member(spec, "strategy", validate_deployment_strategy)
    errors += _counts(spec, "minReadySeconds", "revisionHistoryLimit")
    if (deadline := spec.get("progressDeadlineSeconds")) is not None:
        errors += _counts(spec, "progressDeadlineSeconds")
        if deadline <= (spec.get("minReadySeconds") or 0):
            errors.append(field.invalid("progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return within("spec", errors)


def validate_deployment_update(obj: Obj, old: Obj, rules: PodRules) -> Errors:
    return [*validate_deployment(obj, rules), *_unchanged_selector(obj, old)]


def validate_deployment_status(obj: Obj, old: Obj) -> Errors:
    status, before = obj.get("status") or {}, old.get("status") or {}
    errors = _counts(
        status, "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
        "unavailableReplicas", "terminatingReplicas", "collisionCount",
    )
    errors += at_most_replicas(status, ("updatedReplicas", "readyReplicas", "availableReplicas"))
    errors += available_are_ready(status)
    return within("status", [*errors, *not_decremented(status, before, "collisionCount")])


def validate_replica_set(obj: Obj, rules: PodRules) -> Errors:
    spec = spec_of(obj)
    errors = _counts(spec, "replicas", "minReadySeconds")
    # "deployment" is upstream's word here too
    return within("spec", [*errors, *_selector(spec, "deployment"), *_replica_template(spec, rules)])


def validate_replica_set_update(obj: Obj, old: Obj, rules: PodRules) -> Errors:
    return [*validate_replica_set(obj, rules), *_unchanged_selector(obj, old)]


def validate_replica_set_status(obj: Obj) -> Errors:
    status = obj.get("status") or {}
    errors = _counts(
        status, "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration",
        "terminatingReplicas",
    )
    errors += at_most_replicas(status, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"))
    return within("status", [*errors, *available_are_ready(status)])


# Daemon sets


def validate_daemon_set(obj: Obj, rules: PodRules) -> Errors:
    spec = spec_of(obj)
    template, selector = _template(spec), selector_of(spec)
    errors = [*member(spec, "selector", label_selector)]
    if selector is not None:
        errors += within("template", selects_template(selector, template, empty=False))
    given = spec.get("selector")
    if given is not None and not given.get("matchLabels") and not given.get("matchExpressions"):
        errors.append(field.invalid("selector", given, "empty selector is invalid for daemonset"))
    errors += within("template", [*validate_template(template, rules), *runs_forever(template, "DaemonSet")])
    errors += _counts(spec, "minReadySeconds")
    errors += within("updateStrategy", validate_daemon_set_strategy(spec.get("updateStrategy") or {}))
    return within("spec", [*errors, *_counts(spec, "revisionHistoryLimit")])


def validate_daemon_set_update(obj: Obj, old: Obj, rules: PodRules) -> Errors:
    return [*_unchanged_selector(obj, old), *validate_daemon_set(obj, rules)]


def validate_daemon_set_status(obj: Obj, old: Obj) -> Errors:
    status, before = obj.get("status") or {}, old.get("status") or {}
    errors = _counts(
        status, "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
        "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
    )
    return within("status", [*errors, *not_decremented(status, before, "collisionCount")])


# Stateful sets


def validate_stateful_set(obj: Obj, rules: PodRules) -> Errors:
    return within("spec", _stateful_set(spec_of(obj), rules, creating=True))


def validate_stateful_set_update(obj: Obj, old: Obj, rules: PodRules) -> Errors:
    spec, before = spec_of(obj), spec_of(old)
    template_too = not _stateful_set(before, rules)
    errors = [*within("spec", _stateful_set(spec, rules, template_too=template_too))]
    if any(spec.get(key) != before.get(key) for key in (spec.keys() | before.keys()) - _STATEFUL_MUTABLE):
        errors.append(field.forbidden("spec", _STATEFUL_IMMUTABLE))
    return errors


def _stateful_set(spec: Obj, rules: PodRules, *, creating: bool = False, template_too: bool = True) -> Errors:
    """What cannot change any more is looked at only when `creating`; a template only if the stored one was good."""
    errors = [*_management_policy(spec.get("podManagementPolicy") or "")]
    errors += validate_stateful_set_strategy(spec.get("updateStrategy") or {})
    if (policy := spec.get("persistentVolumeClaimRetentionPolicy")) is not None:
        errors += within("persistentVolumeClaimRetentionPolicy", _retention_policy(policy))
    if creating:
        for i, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            errors += within(f"volumeClaimTemplates[{i}].spec", validate_claim_spec(claim.get("spec") or {}))
    errors += _counts(spec, "replicas", "minReadySeconds")
    if (ordinals := spec.get("ordinals")) is not None:
        errors += within("ordinals", non_negative(ordinals, "start"))
    if creating and spec.get("serviceName"):
        errors += matching(spec, "serviceName", is_dns1123_label)
    errors += _selector(spec, "statefulset")
    selector, template = selector_of(spec), _template(spec)
    if selector is None:
        errors.append(field.invalid("selector", spec["selector"], ""))
    else:
        with_claims = _with_claims(template, spec.get("volumeClaimTemplates") or ())
        found = [*selects_template(selector, template)]
        if template_too:
            found += validate_template(with_claims, rules)
        errors += within("template", [*found, *validate_template_metadata(with_claims, rules)])
    return [*errors, *within("template", runs_forever(template, "StatefulSet"))]


def _management_policy(policy: str) -> Errors:
    if not policy:
        return (field.required("podManagementPolicy"),)
    if policy in _MANAGEMENT_POLICIES:
        return NONE
    return (field.invalid("podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"),)


def _retention_policy(policy: Obj) -> Errors:
    return [
        field.not_supported(name, policy.get(name) or "", _RETENTION_POLICIES)
        for name in ("whenDeleted", "whenScaled")
        if policy.get(name) not in _RETENTION_POLICIES
    ]


def _with_claims(template: Obj, claims: Any) -> Obj:
    """The template as a pod will have it: with a volume for each claim, and a host name that is set later."""
    spec = template.get("spec") or {}
    if not claims and not spec.get("subdomain") and not spec.get("hostname"):
        return template
    spec = {k: v for k, v in spec.items() if k not in ("subdomain", "hostname")}
    if claims:
        names = [(claim.get("metadata") or {}).get("name") or "" for claim in claims]
        volumes = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in dict.fromkeys(names)]
        spec["volumes"] = volumes + [v for v in spec.get("volumes") or () if v.get("name") not in names]
    return {**template, "spec": spec}


def validate_stateful_set_status(obj: Obj, old: Obj) -> Errors:
    status, before = obj.get("status") or {}, old.get("status") or {}
    errors = _counts(
        status, "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas",
        "observedGeneration", "collisionCount",
    )
    errors += at_most_replicas(status, ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"))
    errors += available_are_ready(status, "cannot be greater than status.readyReplicas")
    return within("status", [*errors, *not_decremented(status, before, "collisionCount")])


# Controller revisions


def validate_controller_revision(obj: Obj) -> Errors:
    errors = [*non_negative(obj, "revision")]
    data = obj.get("data")
    if data is None:
        errors.append(field.required("data", "data is mandatory"))
    elif not isinstance(data, dict):
        errors.append(field.required("data", "data must be a valid JSON object"))
    return errors

