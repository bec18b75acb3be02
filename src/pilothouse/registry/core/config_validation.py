"""Checks of ConfigMaps and Secrets (upstream: pkg/apis/core/validation)."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.codec import json
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import is_config_map_key

Object = Mapping[str, Any]

MAX_BYTES = 1024 * 1024
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_IMMUTABLE = "field is immutable when `immutable` is set"


def validate_config_map(obj: Object) -> list[Error]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    errors = []
    for key in data:
        errors += _key_errors("data", key)
        if key in binary:
            errors.append(field.invalid(field.key("data", key), key, "duplicate of key present in binaryData"))
    for key in binary:
        errors += _key_errors("binaryData", key)
    if sum(len(text.encode()) for text in data.values()) + _decoded_size(binary) > MAX_BYTES:
        errors.append(field.too_long("[]", MAX_BYTES))  # how Go prints a path of nothing
    return errors


def validate_secret(obj: Object) -> list[Error]:
    data = obj.get("data") or {}
    errors = [error for key in data for error in _key_errors("data", key)]
    if _decoded_size(data) > MAX_BYTES:
        errors.append(field.too_long("data", MAX_BYTES))
    check = _TYPES.get(obj.get("type") or "")
    return errors + (check(obj, data) if check is not None else [])


def validate_immutable(obj: Object, old: Object, *bags: str) -> list[Error]:
    """An object that was made immutable stays so, and so do its `bags`."""
    if not old.get("immutable"):
        return []
    errors = [] if obj.get("immutable") else [field.forbidden("immutable", _IMMUTABLE)]
    return errors + [
        field.forbidden(bag, _IMMUTABLE) for bag in bags if (obj.get(bag) or {}) != (old.get(bag) or {})
    ]


def validate_secret_type(obj: Object, old: Object) -> list[Error]:
    new = obj.get("type") or ""
    return [] if new == (old.get("type") or "") else [field.invalid("type", new, "field is immutable")]


def _key_errors(bag: str, key: str) -> list[Error]:
    return [field.invalid(field.key(bag, key), key, text) for text in is_config_map_key(key)]


def _decoded_size(bag: Mapping[str, str]) -> int:
    return sum(len(text) * 3 // 4 - text[-2:].count("=") for text in bag.values() if text)


def _required(*keys: str) -> Callable[[Object, Mapping[str, str]], list[Error]]:
    def check(obj: Object, data: Mapping[str, str]) -> list[Error]:
        return [field.required(field.key("data", key)) for key in keys if key not in data]

    return check


def _json(key: str) -> Callable[[Object, Mapping[str, str]], list[Error]]:
    where = field.key("data", key)

    def check(obj: Object, data: Mapping[str, str]) -> list[Error]:
        if key not in data:
            return [field.required(where)]
        text = _json_error(base64.b64decode(data[key]))
        return [field.invalid(where, "<secret contents redacted>", text)] if text else []

    return check


def _json_error(data: bytes) -> str:
    try:
        value = json.loads(data)
    except json.SyntaxError as e:
        return str(e)
    if value is None or isinstance(value, dict):
        return ""
    kind = {bool: "bool", str: "string", list: "array"}.get(type(value), "number")
    return f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"


def _basic_auth(obj: Object, data: Mapping[str, str]) -> list[Error]:
    """One of the two is enough, and may be empty."""
    if "username" in data or "password" in data:
        return []
    return [field.required("data[username]"), field.required("data[password]")]


def _ssh_auth(obj: Object, data: Mapping[str, str]) -> list[Error]:
    return [] if data.get("ssh-privatekey") else [field.required("data[ssh-privatekey]")]


def _service_account_token(obj: Object, data: Mapping[str, str]) -> list[Error]:
    if (obj["metadata"].get("annotations") or {}).get(SERVICE_ACCOUNT_NAME):
        return []
    return [field.required(field.key("metadata.annotations", SERVICE_ACCOUNT_NAME))]


_TYPES = {
    "kubernetes.io/service-account-token": _service_account_token,
    "kubernetes.io/dockercfg": _json(".dockercfg"),
    "kubernetes.io/dockerconfigjson": _json(".dockerconfigjson"),
    "kubernetes.io/basic-auth": _basic_auth,
    "kubernetes.io/ssh-auth": _ssh_auth,
    "kubernetes.io/tls": _required("tls.crt", "tls.key"),
}
