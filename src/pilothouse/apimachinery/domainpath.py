"""Texts like "acme.io/foo" (upstream: k8s.io/apimachinery pkg/util/validation, IsDomainPrefixedPath)."""

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1123_subdomain, is_http_path


def is_domain_prefixed_path(path: str, value: str) -> list[field.Error]:
    """What is wrong with `value`, which stands at the field path `path`."""
    if not value:
        return [field.required(path)]
    host, _, rest = value.partition("/")
    if not host or not rest:
        return [field.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    errors = [field.invalid(path, host, text) for text in is_dns1123_subdomain(host)]
    return errors + [field.invalid(path, rest, text) for text in is_http_path(rest)]
