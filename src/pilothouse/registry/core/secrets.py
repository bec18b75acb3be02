"""The rules of secrets and service accounts (upstream: pkg/registry/core/secret, serviceaccount)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
