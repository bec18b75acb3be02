"""Object names: who may be called what, and generateName (upstream: pkg/api/validation/generic.go, storage/names).

A name validator is `(name, prefix) -> texts`; `prefix` is true for a generateName, to which a suffix is added.
"""

import random
from collections.abc import Callable, Sequence

from pilothouse.apimachinery import validation

NameValidator = Callable[[str, bool], Sequence[str]]

#: No vowels and no look-alikes, so that no word comes about (upstream: util/rand).
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH = 5
_MAX_BASE = 63 - SUFFIX_LENGTH


def random_suffix(length: int = SUFFIX_LENGTH) -> str:
    """`length` random characters; only uniqueness is wanted of them, not secrecy."""
    return "".join(random.choices(SUFFIX_ALPHABET, k=length))


def generate_name(base: str) -> str:
    """`base`, cut to 58 bytes, and a random suffix of five."""
    if validation.byte_length(base) > _MAX_BASE:
        base = base.encode()[:_MAX_BASE].decode("utf-8", "ignore")
    return base + random_suffix()


def is_dns_subdomain(name: str, prefix: bool = False) -> list[str]:
    return validation.is_dns1123_subdomain(_mask_trailing_dash(name) if prefix else name)


def is_dns_label(name: str, prefix: bool = False) -> list[str]:
    return validation.is_dns1123_label(_mask_trailing_dash(name) if prefix else name)


def is_dns1035_label(name: str, prefix: bool = False) -> list[str]:
    return validation.is_dns1035_label(_mask_trailing_dash(name) if prefix else name)


def is_long_name(name: str, prefix: bool = False) -> list[str]:
    """Kinds whose rules are declared in their types: only the name that was generated counts, not what it came from."""
    return [] if prefix else validation.is_long_name(name)


def is_path_segment(name: str, prefix: bool = False) -> list[str]:
    return validation.is_path_segment_prefix(name) if prefix else validation.is_path_segment_name(name)


def _mask_trailing_dash(name: str) -> str:
    # upstream drops the character before the dash as well (generic.go, maskTrailingDash): kept
    return name[:-2] + "a" if len(name) > 1 and name.endswith("-") else name
