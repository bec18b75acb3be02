"""Validation of environment variables (upstream: core/validation ValidateEnv and ValidateEnvFrom)."""

from __future__ import annotations

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.names import is_dns_subdomain
from pilothouse.apimachinery.validation import (
    is_config_map_key,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_relaxed_env_var_name,
)
from pilothouse.registry.core.downward_validation import ENV_FIELDS, field_selector, resource_selector
from pilothouse.registry.core.paths import is_without_backsteps
from pilothouse.registry.rules import NONE, Errors, Obj, matching, required, required_matching, within

_ONE_SOURCE = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
)
_ONE_FIELD = "may not have more than one field specified at a time"


def variable(item: Obj) -> Errors:
    """An item of `env`."""
    name = item.get("name")
    errors: Errors = NONE
    if not name:
        errors = (field.required("name"),)
    elif texts := is_relaxed_env_var_name(name):
        errors = [field.invalid("name", name, text) for text in texts]
    source = item.get("valueFrom")
    return errors if source is None else [*errors, *within("valueFrom", _source(source, bool(item.get("value"))))]


def _source(source: Obj, has_value: bool) -> Errors:
    errors: list[Error] = []
    given = [name for name in _REFERENCES if name in source]
    for name in given:
        errors += within(name, _REFERENCES[name](source[name]))
    if not given:
        errors.append(field.invalid("", "", _ONE_SOURCE))
    elif has_value:
        errors.append(field.invalid("", "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        errors.append(field.invalid("", "", _ONE_FIELD))
    return errors


def _key(reference: Obj) -> Errors:
    """A key of a config map or of a secret."""
    return [*matching(reference, "name", is_dns1123_subdomain), *required_matching(reference, "key", is_config_map_key)]


def _file_key(reference: Obj) -> Errors:
    return [
        *required_matching(reference, "key", is_relaxed_env_var_name),
        *required_matching(reference, "volumeName", is_dns1123_label),
        *required(reference, "path"), *matching(reference, "path", is_without_backsteps),
    ]


_REFERENCES = {
    "fieldRef": lambda reference: field_selector(reference, ENV_FIELDS),
    "resourceFieldRef": lambda reference: resource_selector(reference, volume=False),
    "configMapKeyRef": _key,
    "secretKeyRef": _key,
    "fileKeyRef": _file_key,
}


def validate_env_from(items: list[Obj] | None) -> Errors:
    """The list `envFrom`, with paths that begin at the list."""
    errors: list[Error] = []
    for i, item in enumerate(items or ()):
        at = f"[{i}]"
        if item.get("prefix"):
            errors += within(at, matching(item, "prefix", is_relaxed_env_var_name))
        given = [name for name in ("configMapRef", "secretRef") if name in item]
        for name in given:
            errors += within(f"{at}.{name}", _whole(item[name]))
        # upstream says the rest of the list as a whole: kept
        if not given:
            errors.append(field.invalid("", "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(field.invalid("", "", _ONE_FIELD))
    return errors


def _whole(reference: Obj) -> Errors:
    """All keys of an object, which may still be named by a prefix ending in "-"."""
    return required_matching(reference, "name", lambda name: is_dns_subdomain(name, True))
