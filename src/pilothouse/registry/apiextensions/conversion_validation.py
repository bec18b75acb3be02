"""Validation of how custom resources are converted (upstream: apiextensions-apiserver apis/.../validation).

Paths are those of the internal form, in which the webhook's fields stand beside the strategy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1035_label
from pilothouse.registry.apiextensions.ca_bundle import ca_bundle_problem
from pilothouse.registry.rules import Errors, Obj, required_one_of, within
from pilothouse.registry.webhooks import validate_service, validate_url

_STRATEGIES: Final = ("None", "Webhook")
_REVIEW_VERSIONS: Final = ("v1", "v1beta1")
_CONFIG, _VERSIONS = "webhookClientConfig", "conversionReviewVersions"


def validate_conversion(conversion: Obj, old: Obj | None, established: bool) -> Errors:
    """`old` is the conversion before, None on create; `established` whether the definition is served already."""
    webhook = conversion.get("webhook") or {}
    config, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    errors = [*required_one_of(conversion, "strategy", _STRATEGIES)]
    if conversion.get("strategy") == "Webhook":
        errors += _validate_config(config)
        if established and config is not None and not _had_bad_bundle(old):
            errors += _validate_bundle(config.get("caBundle") or "")
        return [*errors, *_validate_versions(versions, _had_known_version(old))]
    unwanted = "should not be set when strategy is not set to Webhook"
    if config is not None:
        errors.append(field.forbidden(_CONFIG, unwanted))
    if versions:
        errors.append(field.forbidden(_VERSIONS, unwanted))
    return errors


def _had_bad_bundle(old: Obj | None) -> bool:
    """A bundle that was no good before may stay so."""
    bundle = (((old or {}).get("webhook") or {}).get("clientConfig") or {}).get("caBundle") or ""
    return bundle != "" and ca_bundle_problem(bundle) != ""


def _validate_bundle(bundle: str) -> Errors:
    problem = ca_bundle_problem(bundle) if bundle else ""
    return (field.invalid(f"{_CONFIG}.caBundle", bundle, problem),) if problem else ()


def _had_known_version(old: Obj | None) -> bool:
    versions = ((old or {}).get("webhook") or {}).get("conversionReviewVersions")
    return not versions or bool(set(versions) & set(_REVIEW_VERSIONS))


def _validate_config(config: Obj | None) -> Errors:
    if config is None:
        return (field.required(_CONFIG, "required when strategy is set to Webhook"),)
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return (field.required(_CONFIG, "exactly one of url or service is required"),)
    if url is not None:
        return within(f"{_CONFIG}.url", validate_url(url))
    return within(f"{_CONFIG}.service", validate_service(service or {}))


def _validate_versions(versions: Sequence[str], require_known: bool) -> Errors:
    if not versions:
        return (field.required(_VERSIONS),)
    errors, seen = [], set()
    for i, version in enumerate(versions):
        texts = ["duplicate version"] if version in seen else is_dns1035_label(version)
        seen.add(version)
        errors += [field.invalid(f"{_VERSIONS}[{i}]", version, text) for text in texts]
    if require_known and not set(versions) & set(_REVIEW_VERSIONS):
        text = f"must include at least one of {', '.join(_REVIEW_VERSIONS)}"
        errors.append(field.invalid(_VERSIONS, versions, text))
    return errors
