"""What pods and requests for their certificates say of signers (upstream: core/validation names.go, ValidateSignerName
and ValidateUserAnnotations)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, go_quote
from pilothouse.apimachinery.metavalidation import TOTAL_ANNOTATION_SIZE_LIMIT
from pilothouse.apimachinery.validation import (
    byte_length,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_qualified_name,
)
from pilothouse.registry.rules import Errors, Format

_MOST_DOMAIN: Final = 253
_MOST_SIGNER_NAME: Final = 253 + 1 + 253 + 63 + 1
_NO_DOMAIN: Final = 'must be a domain-prefixed key (such as "acme.io/foo")'

#: How long a pod may ask for a certificate to be valid, in seconds.
LEAST_EXPIRATION: Final = 60 * 60


def most_expiration(signer: str) -> int:
    """A day from Kubernetes' own signers, 91 days from others."""
    domain = signer.partition("/")[0]
    own = domain == "kubernetes.io" or domain.endswith(".kubernetes.io")
    return (1 if own else 91) * 24 * 60 * 60


def validate_signer_name(name: str) -> Errors:
    """The name of a signer, at the empty path."""
    if not name:
        return (field.required(""),)
    if name.count("/") != 1:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return (field.invalid("", name, text),)
    domain, _, path = name.partition("/")
    errors = [field.too_long("", _MOST_DOMAIN)] if byte_length(domain) > _MOST_DOMAIN else []
    errors += _labels(domain, is_dns1123_label)
    if "." not in domain:
        errors.append(field.invalid("", domain, "should be a domain with at least two segments separated by dots"))
    errors += _labels(path, is_dns1123_subdomain)
    if byte_length(name) > _MOST_SIGNER_NAME:
        errors.append(field.too_long("", _MOST_SIGNER_NAME))
    return errors


def _labels(text: str, is_format: Format) -> Errors:
    """What is wrong with the first bad label."""
    for label in text.split("."):
        if found := is_format(label):
            return [field.invalid("", text, f"validating label {go_quote(label)}: {reason}") for reason in found]
    return ()


def validate_user_annotations(annotations: Mapping[str, str], path: str) -> Errors:
    """What a pod tells a signer: keys have a domain."""
    errors: list[Error] = []
    for key in map(str.lower, annotations):
        if not key:
            errors.append(field.required(path))
        elif texts := is_qualified_name(key):
            errors += [field.invalid(path, key, text) for text in texts]
        elif "/" not in key:
            errors.append(field.invalid(path, key, _NO_DOMAIN))
    total = sum(byte_length(key) + byte_length(value) for key, value in annotations.items())
    if total > TOTAL_ANNOTATION_SIZE_LIMIT:
        errors.append(field.too_long(path, TOTAL_ANNOTATION_SIZE_LIMIT))
    return errors
