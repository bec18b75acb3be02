"""The rules of ConfigMaps, secrets and service accounts (upstream: pkg/registry/core)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.config_validation import (
    validate_config_map,
    validate_immutable,
    validate_secret,
    validate_secret_type,
)
from pilothouse.registry.core.key_pairs import key_pair_warnings
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
_MOUNTABLE_WARNING = (
    f'metadata.annotations[{_MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access '
    "to mounted secrets"
)


def selectable(secret: Mapping[str, Any]) -> dict[str, str]:
    return {"type": secret.get("type") or ""}


class ConfigMapStrategy(Strategy):
    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return validate_config_map(obj)

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return validate_immutable(obj, old, "data", "binaryData") + validate_config_map(obj)


class SecretStrategy(Strategy):
    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        if not obj.get("type") and old.get("type"):
            obj["type"] = old["type"]

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return validate_secret(obj)

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return validate_secret_type(obj, old) + validate_immutable(obj, old, "data") + validate_secret(obj)

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return key_pair_warnings(obj.get("data") or {}) if obj.get("type") == "kubernetes.io/tls" else []

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return self.warnings_on_create(ctx, obj)


class ServiceAccountStrategy(Strategy):
    """References to secrets are names: whatever else a client says of them is dropped."""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        _clean(obj)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        _clean(obj)

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return [_MOUNTABLE_WARNING] if _annotated(obj) else []

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return [_MOUNTABLE_WARNING] if _annotated(obj) and not _annotated(old) else []


def _annotated(obj: Object) -> bool:
    return _MOUNTABLE in (obj["metadata"].get("annotations") or {})


def _clean(obj: Object) -> None:
    if obj.get("secrets"):
        obj["secrets"] = [{"name": ref["name"]} if ref.get("name") else {} for ref in obj["secrets"]]
