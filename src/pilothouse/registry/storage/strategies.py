"""The rules of storage.k8s.io (upstream: pkg/registry/storage)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Conditional, StatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_SECRETS_WARNING = (
    "spec.serviceAccountTokenInSecrets: when spec.tokenRequests is specified, it is recommended to explicitly "
    "set this field"
)


class CSIDriverStrategy(Conditional):
    """Its generation begins with the first change of the spec: upstream sets none on create."""

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        if obj.get("spec") != old.get("spec"):
            obj["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        spec = obj.get("spec") or {}
        return [_SECRETS_WARNING] if spec.get("tokenRequests") and "serviceAccountTokenInSecrets" not in spec else []

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        same = (obj.get("spec") or {}).get("tokenRequests") == (old.get("spec") or {}).get("tokenRequests")
        return [] if same else self.warnings_on_create(ctx, obj)


class VolumeAttachmentStrategy(StatusOnly):
    allow_unconditional_update = False
