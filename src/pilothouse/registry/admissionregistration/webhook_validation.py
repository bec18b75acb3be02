"""Validation of webhook configurations (upstream: pkg/apis/admissionregistration/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1035_label, is_dns1123_subdomain
from pilothouse.registry.admissionregistration.matching import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    REINVOCATION_POLICIES,
    validate_match_conditions,
    validate_rule,
)
from pilothouse.registry.rules import Errors, Obj, each, label_selector, member, one_of, within
from pilothouse.registry.webhooks import validate_service, validate_url

_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun", "Some", "Unknown")
_NO_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun")
_REVIEW_VERSIONS: Final = ("v1", "v1beta1")
_SELECTORS: Final = ("namespaceSelector", "objectSelector")


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a stored configuration has of faults that newer servers refuse may stay."""

    side_effects: tuple[str, ...] = _NO_SIDE_EFFECTS
    known_version: bool = True
    unique_names: bool = True
    label_values: bool = True
    conditions: bool = True


def validate_webhooks(configuration: Obj, old: Obj | None = None) -> Errors:
    """Of validating and mutating webhook configurations."""
    webhooks = configuration.get("webhooks") or ()
    rules = _Rules() if old is None else _rules_after(webhooks, old.get("webhooks") or ())
    errors: list[field.Error] = []
    names = set()
    for i, webhook in enumerate(webhooks):
        path, name = f"webhooks[{i}]", webhook.get("name") or ""
        errors += within(path, _validate_webhook(webhook, rules))
        if rules.unique_names and name in names:
            errors.append(field.duplicate(f"{path}.name", name))
        if name:
            names.add(name)
    return errors


def _rules_after(webhooks: Sequence[Obj], old: Sequence[Obj]) -> _Rules:
    clean = all(webhook.get("sideEffects") in _NO_SIDE_EFFECTS for webhook in old)
    versions = [webhook.get("admissionReviewVersions") or () for webhook in old]
    names = [webhook.get("name") for webhook in old]
    return _Rules(
        side_effects=_NO_SIDE_EFFECTS if clean else _SIDE_EFFECTS,
        known_version=all(not listed or set(listed) & set(_REVIEW_VERSIONS) for listed in versions),
        unique_names=len(set(names)) == len(names),
        label_values=not any(member(webhook, name, label_selector) for webhook in old for name in _SELECTORS),
        conditions=[w.get("matchConditions") for w in webhooks] != [w.get("matchConditions") for w in old],
    )


def _validate_webhook(webhook: Obj, rules: _Rules) -> Errors:
    errors = [*_qualified_name(webhook.get("name") or "")]
    errors += each(webhook, "rules", validate_rule)
    if webhook.get("failurePolicy") is not None:
        errors += one_of(webhook, "failurePolicy", FAILURE_POLICIES)
    if webhook.get("matchPolicy") is not None:
        errors += one_of(webhook, "matchPolicy", MATCH_POLICIES)
    if webhook.get("sideEffects") is None:
        errors.append(field.required("sideEffects", f"must specify one of {', '.join(rules.side_effects)}"))
    else:
        errors += one_of(webhook, "sideEffects", rules.side_effects)
    seconds = webhook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        errors.append(field.invalid("timeoutSeconds", seconds, text))
    for name in _SELECTORS:
        found = member(webhook, name, label_selector)
        errors += found if rules.label_values else [e for e in found if ".values[" not in e.field]
    if webhook.get("reinvocationPolicy") is not None:
        errors += one_of(webhook, "reinvocationPolicy", REINVOCATION_POLICIES)
    errors += within("clientConfig", _validate_client_config(webhook.get("clientConfig") or {}))
    if rules.conditions:
        errors += validate_match_conditions(webhook)
    return [*errors, *_validate_review_versions(webhook.get("admissionReviewVersions") or [], rules.known_version)]


def _qualified_name(name: str) -> Errors:
    if not name:
        return (field.required("name"),)
    if texts := is_dns1123_subdomain(name):
        return (field.invalid("name", name, ",".join(texts)),)
    if name.count(".") < 2:
        return (field.invalid("name", name, "should be a domain with at least three segments separated by dots"),)
    return ()


def _validate_client_config(config: Obj) -> Errors:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return (field.required("", "exactly one of url or service is required"),)
    return within("url", validate_url(url)) if url is not None else member(config, "service", validate_service)


def _validate_review_versions(versions: Sequence[str], known: bool) -> Errors:
    """`known`: one of them must be a version that this server speaks."""
    path, accepted = "admissionReviewVersions", ", ".join(_REVIEW_VERSIONS)
    if not versions:
        return (field.required(path, f"must specify one of {accepted}"),)
    errors, seen = [], set()
    for i, version in enumerate(versions):
        texts = ["duplicate version"] if version in seen else is_dns1035_label(version)
        seen.add(version)
        errors += [field.invalid(f"{path}[{i}]", version, text) for text in texts]
    if known and not set(versions) & set(_REVIEW_VERSIONS):
        errors.append(field.invalid(path, versions, f"must include at least one of {accepted}"))
    return errors
