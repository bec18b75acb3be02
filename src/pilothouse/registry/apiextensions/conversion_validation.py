"""Validation of how custom resources are converted (upstream: apiextensions-apiserver apis/.../validation).

Paths are those of the internal form, in which the webhook's fields stand beside the strategy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1035_label
from pilothouse.registry.rules import Errors, Obj, required_one_of, within
from pilothouse.registry.webhooks import validate_service, validate_url

_STRATEGIES: Final = ("None", "Webhook")
_REVIEW_VERSIONS: Final = ("v1", "v1beta1")
_CONFIG, _VERSIONS = "webhookClientConfig", "conversionReviewVersions"


def validate_conversion(conversion: Obj) -> Errors:
    webhook = conversion.get("webhook") or {}
    config, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    errors = [*required_one_of(conversion, "strategy", _STRATEGIES)]
    if conversion.get("strategy") == "Webhook":
        return [*errors, *_validate_config(config), *_validate_versions(versions)]
    unwanted = "should not be set when strategy is not set to Webhook"
    if config is not None:
        errors.append(field.forbidden(_CONFIG, unwanted))
    if versions:
        errors.append(field.forbidden(_VERSIONS, unwanted))
    return errors


def _validate_config(config: Obj | None) -> Errors:
    if config is None:
        return (field.required(_CONFIG, "required when strategy is set to Webhook"),)
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return (field.required(_CONFIG, "exactly one of url or service is required"),)
    if url is not None:
        return within(f"{_CONFIG}.url", validate_url(url))
    return within(f"{_CONFIG}.service", validate_service(service or {}))


def _validate_versions(versions: Sequence[str]) -> Errors:
    if not versions:
        return (field.required(_VERSIONS),)
    errors = []
    for i, version in enumerate(versions):
        texts = ["duplicate version"] if version in versions[:i] else is_dns1035_label(version)
        errors += [field.invalid(f"{_VERSIONS}[{i}]", version, text) for text in texts]
    if not set(versions) & set(_REVIEW_VERSIONS):
        text = f"must include at least one of {', '.join(_REVIEW_VERSIONS)}"
        errors.append(field.invalid(_VERSIONS, versions, text))
    return errors
