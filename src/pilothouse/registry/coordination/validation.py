"""Validation of leases (upstream: pkg/apis/coordination/validation)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field, semver
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.rules import NONE, Errors, Obj, immutable, member, non_negative, positive, required, within

_STRATEGIES: Final = ("OldestEmulationVersion",)


def validate_lease(lease: Obj) -> Errors:
    return member(lease, "spec", _validate_spec)


def _validate_spec(spec: Obj) -> Errors:
    errors = [*positive(spec, "leaseDurationSeconds"), *non_negative(spec, "leaseTransitions")]
    errors += member(spec, "strategy", _validate_strategy)
    if spec.get("preferredHolder") and not spec.get("strategy"):
        errors.append(field.forbidden("preferredHolder", "may only be specified if `strategy` is defined"))
    return errors


def validate_candidate(candidate: Obj) -> Errors:
    return within("spec", _validate_candidate_spec(candidate.get("spec") or {}))


def validate_candidate_update(candidate: Obj, old: Obj) -> Errors:
    spec, before = candidate.get("spec") or {}, old.get("spec") or {}
    return [*validate_candidate(candidate), *within("spec", immutable(spec, before, "leaseName", zero=""))]


def _validate_candidate_spec(spec: Obj) -> Errors:
    binary, emulated = spec.get("binaryVersion") or "", spec.get("emulationVersion") or ""
    errors = [
        *required(spec, "leaseName"), *_validate_version(spec, "emulationVersion"),
        *(_validate_version(spec, "binaryVersion") if binary else required(spec, "binaryVersion")),
    ]
    emulation = semver.parse(emulated) or semver.ZERO
    if binary and emulated and semver.older(semver.parse(binary) or semver.ZERO, emulation):
        text = "must be greater than or equal to `emulationVersion`"
        errors.append(field.invalid("binaryVersion", binary, text))
    strategy = spec.get("strategy")
    if not strategy:
        return [*errors, field.required("strategy")]
    if strategy in _STRATEGIES and emulation == semver.ZERO:
        text = f"must be specified when `strategy` is '{strategy}'"
        errors.append(field.required("emulationVersion", text))
    return [*errors, *member(spec, "strategy", _validate_strategy)]


def _validate_version(spec: Obj, name: str) -> Errors:
    value = spec.get(name)
    if not value or semver.parse(value) is not None:
        return NONE
    return (field.invalid(name, value, "must be a valid semantic version"),)


def _validate_strategy(strategy: str) -> Errors:
    # upstream names the field twice in the path: kept
    if "/" in strategy:
        return [field.invalid("strategy", strategy, text) for text in is_qualified_name(strategy)]
    if strategy in _STRATEGIES:
        return ()
    return (field.not_supported("strategy", strategy, _STRATEGIES),)
