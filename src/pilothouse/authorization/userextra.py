"""What a user's extra may hold when a constrained mode acts as him (upstream: impersonation/mode.go, validateExtra)."""

from collections.abc import Mapping, Sequence

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.domainpath import is_domain_prefixed_path
from pilothouse.apimachinery.field import go_quote


def refused_extra(extra: Mapping[str, Sequence[str]]) -> str:
    """Why `extra` is refused whatever the authorizer says, or ""."""
    for key, values in extra.items():
        if not key:
            return "impersonating the empty string key in extra is not allowed"
        if text := aggregate(is_domain_prefixed_path("extra.key", key)):
            return f"impersonating an invalid key in extra is not allowed: {text}"
        if key != key.lower():
            return f"impersonating a non-lowercase key in extra is not allowed: {go_quote(key)}"
        if not values:
            return "impersonating empty values in extra is not allowed"
        if "" in values:
            return "impersonating the empty string value in extra is not allowed"
    return ""
