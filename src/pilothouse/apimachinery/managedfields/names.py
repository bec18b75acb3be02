"""Names of field managers (upstream: apiserver endpoints/handlers/create.go, apimachinery meta/v1/validation)."""

from collections.abc import Sequence
from typing import Final

from pilothouse.apimachinery import field

MAX_LENGTH: Final = 128
"""Bytes of UTF-8."""


def manager_name(field_manager: str, user_agent: str) -> str:
    """The request's fieldManager, or what its User-Agent begins with ("kubectl/v1.36.2 (…)" is "kubectl")."""
    if field_manager:
        return field_manager
    prefix = user_agent.partition("/")[0]
    if prefix.isascii() and prefix.isprintable():
        return prefix[:MAX_LENGTH]
    out = ""
    size = 0
    for c in prefix:
        if c.isprintable():
            size += len(c.encode())
            if size > MAX_LENGTH:
                break
            out += c
    return out


def validate_manager_name(name: str, path: str = "fieldManager") -> list[field.Error]:
    """"" is valid: the name is then taken from the User-Agent."""
    errors = []
    if len(name.encode()) > MAX_LENGTH:
        errors.append(field.too_long(path, MAX_LENGTH))
    if not name.isprintable():
        position = 0
        for c in name:
            if not c.isprintable():
                errors.append(field.invalid(path, name, f"invalid character U+{ord(c):04X} (at position {position})"))
            position += len(c.encode())
    return errors


def validate_apply_options(field_manager: str) -> Sequence[field.Error]:
    """An apply must name its manager."""
    if not field_manager:
        return [field.required("fieldManager", "is required for apply patch")]
    return validate_manager_name(field_manager)
