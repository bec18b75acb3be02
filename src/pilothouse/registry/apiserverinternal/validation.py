"""Validation of storage versions (upstream: pkg/apis/apiserverinternal/validation)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.names import is_dns_subdomain
from pilothouse.apimachinery.validation import is_dns1035_label, is_dns1123_subdomain, is_qualified_name, regex_error
from pilothouse.registry.rules import Errors, Obj, matching, required, within

_MOST_TEXT: Final = 1024 * 1024
"""Each served version that cannot be decoded is told with the list of those that can."""
_LABEL: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_LABEL_TEXT: Final = (
    "a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character"
)
_NO_COMMON: Final = (
    "should be nil if servers do not agree on the same encoding version, or if there is no server reporting the "
    "supported versions yet"
)


def validate_storage_version_name(name: str) -> list[str]:
    """<group>.<resource>"""
    group, dot, resource = name.rpartition(".")
    if not dot:
        return ["name must be in the form of <group>.<resource>"]
    return [
        *(f"the group segment {text}" for text in is_dns1123_subdomain(group)),
        *(f"the resource segment {text}" for text in is_dns1035_label(resource)),
    ]


def validate_storage_version(version: Obj) -> Errors:
    status = version.get("status") or {}
    servers = status.get("storageVersions") or []
    errors: list[field.Error] = []
    seen: set[str] = set()
    for i, server in enumerate(servers):
        where, server_id = f"storageVersions[{i}]", server.get("apiServerID") or ""
        if server_id in seen:
            errors.append(field.duplicate(f"{where}.apiServerID", server_id))
        seen.add(server_id)
        errors += within(where, _validate_server(server))
    errors += _validate_common(status, {server.get("encodingVersion") or "" for server in servers})
    return within("status", [*errors, *_validate_conditions(status.get("conditions") or [])])


def _validate_server(server: Obj) -> Errors:
    server_id, encoding = server.get("apiServerID") or "", server.get("encodingVersion") or ""
    decodable, served = server.get("decodableVersions") or [], server.get("servedVersions") or []
    errors = [field.invalid("apiServerID", server_id, text) for text in is_dns_subdomain(server_id, False)]
    errors += _version(encoding, "encodingVersion")
    for i, version in enumerate(decodable):
        errors += _version(version, f"decodableVersions[{i}]")
    known, shown = frozenset(decodable), " ".join(decodable)
    left = _MOST_TEXT
    if encoding not in known:
        text = f"decodableVersions must include encodingVersion {encoding}"
        errors.append(field.invalid("decodableVersions", server.get("decodableVersions"), text))
    for i, version in enumerate(served):
        errors += _version(version, f"servedVersions[{i}]")
        if version not in known and left > 0:
            text = f"individual served version : {version} must be included in decodableVersions : [{shown}]"
            left -= len(text)
            errors.append(field.invalid(f"servedVersions[{i}]", version, text))
    return errors


def _version(version: str, where: str) -> Errors:
    texts = _version_texts(version)
    return (field.invalid(where, version, ",".join(texts)),) if texts else ()


def _version_texts(api_version: str) -> list[str]:
    group, slash, version = api_version.rpartition("/")
    if "/" in group:
        wanted = regex_error(_LABEL_TEXT, _LABEL, "my-name", "abc-123")
        optional = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')"
        return [f"an apiVersion is {wanted} {optional}"]
    texts = []
    if slash:
        texts += [f"group part: {text}" for text in (is_dns1123_subdomain(group) if group else ["must be non-empty"])]
    return [
        *texts, *(f"version part: {text}" for text in (is_dns1035_label(version) if version else ["must be non-empty"]))
    ]


def _validate_common(status: Obj, encodings: set[str]) -> Errors:
    given = status.get("commonEncodingVersion")
    actual = next(iter(encodings)) if len(encodings) == 1 else None
    if given == actual:
        return ()
    if actual is None:
        return (field.invalid("commonEncodingVersion", given, _NO_COMMON),)
    text = "the common encoding version is" if given is None else "the actual common encoding version is"
    return (field.invalid("commonEncodingVersion", given, f"{text} {actual}"),)


def _validate_conditions(conditions: list[Obj]) -> Errors:
    """Upstream leaves "conditions" out of the paths: kept."""
    errors: list[field.Error] = []
    seen: dict[str, int] = {}
    for i, condition in enumerate(conditions):
        kind = condition.get("type") or ""
        if kind in seen:
            text = f"the type of the condition is not unique, it also appears in conditions[{seen[kind]}]"
            errors.append(field.invalid(f"[{i}].type", kind, text))
        seen[kind] = i
        errors += within(f"[{i}]", [
            *matching(condition, "type", is_qualified_name), *matching(condition, "status", is_qualified_name),
            *required(condition, "reason"), *required(condition, "message"),
        ])
    return errors
