"""Names that dynamic resources use, each checked at the empty path (upstream: pkg/apis/resource/validation)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import byte_length, is_c_identifier, is_dns1123_subdomain
from pilothouse.registry.core.volume_sources import csi_driver_name
from pilothouse.registry.rules import Check, Errors, Format, within

_MOST_POOL_NAME: Final = 253
_MOST_ID: Final = 32
MOST_QUALIFIED: Final = 63 + 1 + _MOST_ID
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_PLAIN_UUID: Final = re.compile("[0-9a-fA-F]{32}").fullmatch

#: The rules for drivers of devices are those of CSI drivers.
driver_name = csi_driver_name


def texts(value: str, is_format: Format) -> Errors:
    return [field.invalid("", value, text) for text in is_format(value)]


def pool_name(name: str) -> Errors:
    if not name:
        return (field.required(""),)
    errors = [field.too_long("", _MOST_POOL_NAME)] if byte_length(name) > _MOST_POOL_NAME else []
    return errors + [error for part in name.split("/") for error in texts(part, is_dns1123_subdomain)]


def qualified_name(name: str) -> Errors:
    """An identifier, perhaps in the domain of a driver."""
    parts = name.split("/")
    if len(parts) == 1:
        return _identifier(name)
    if len(parts) > 2:
        # upstream lets these through: kept
        return ()
    domain, identifier = parts
    return [
        *(driver_name(domain) if domain else (field.invalid("", "", "the domain must not be empty"),)),
        *(_identifier(identifier) if identifier else (field.invalid("", "", "the name must not be empty"),)),
    ]


def fully_qualified_name(name: str) -> Errors:
    errors = [*qualified_name(name)]
    if "/" not in name:
        text = "a fully qualified name must be a domain and a name separated by a slash"
        errors.append(field.invalid("", name, text))
    return errors


def _identifier(name: str) -> Errors:
    errors = [field.too_long("", _MOST_ID)] if byte_length(name) > _MOST_ID else []
    return [*errors, *texts(name, is_c_identifier)]


def normal_uid(uid: str) -> Errors:
    if text := _uuid_error(uid):
        return (field.invalid("", uid, f"error validating uid: {text}"),)
    if len(uid) == 36 and uid == uid.lower():
        return ()
    text = (
        "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` "
        "with lowercase hexadecimal characters"
    )
    return (field.invalid("", uid, text),)


def _uuid_error(uid: str) -> str:
    """As github.com/google/uuid says it."""
    match byte_length(uid):
        case 32:
            return "" if _PLAIN_UUID(uid) else "invalid UUID format"
        case 36:
            core = uid
        case 38:
            if uid[0] != "{" or uid[-1] != "}":
                return "invalid bracketed UUID format"
            core = uid[1:-1]
        case 45:
            if uid[:9].lower() != "urn:uuid:":
                return f"invalid urn prefix: {field.go_quote(uid[:9])}"
            core = uid[9:]
        case length:
            return f"invalid UUID length: {length}"
    return "" if _UUID(core) else "invalid UUID format"


# Lists and maps with a limit, beyond which their items are not looked at


def limited(items: Sequence[Any] | None, limit: int, check: Check) -> Errors:
    if not items:
        return ()
    if 0 <= limit < len(items):
        return (field.too_many("", len(items), limit),)
    return [error for i, item in enumerate(items) for error in within(f"[{i}]", check(item))]


def limited_set(items: Sequence[Any] | None, limit: int, check: Check, key: Any = None) -> Errors:
    """`key` gives what must differ between items; None: the items themselves."""
    if not items:
        return ()
    if 0 <= limit < len(items):
        return (field.too_many("", len(items), limit),)
    errors = [*limited(items, -1, check)]
    seen = set()
    for i, item in enumerate(items):
        value = item if key is None else key(item)
        if value in seen:
            errors.append(field.duplicate(f"[{i}]", value))
        seen.add(value)
    return errors


def limited_map(items: Mapping[str, Any] | None, limit: int, longest: int, check_key: Check, check: Check) -> Errors:
    """Keys longer than `longest` are shortened in paths; what is wrong with a key is said of the map."""
    if not items:
        return ()
    if 0 <= limit < len(items):
        return (field.too_many("", len(items), limit),)
    errors: list[field.Error] = []
    for key, item in items.items():
        errors += check_key(key)
        errors += within(f"[{_shortened(key, longest)}]", check(item))
    return errors


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    rest = longest - 3
    return f"{text[:(rest + 1) // 2]}...{text[len(text) - rest // 2:]}"
