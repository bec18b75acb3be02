"""The rules of storage.k8s.io (upstream: pkg/registry/storage)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.storage import class_validation, csi_validation
from pilothouse.registry.strategies import Conditional, StatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_SECRETS_WARNING = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible "
    "logging of tokens in volume attributes"
)


class StorageClassStrategy(Strategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(class_validation.validate_storage_class(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(class_validation.validate_storage_class_update(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return class_validation.storage_class_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return class_validation.storage_class_warnings(obj)


class VolumeAttributesClassStrategy(Strategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(class_validation.validate_volume_attributes_class(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(class_validation.validate_volume_attributes_class_update(obj, old))


class StorageCapacityStrategy(Conditional):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(class_validation.validate_storage_capacity(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(class_validation.validate_storage_capacity_update(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return class_validation.storage_capacity_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return class_validation.storage_capacity_warnings(obj)


class CSIDriverStrategy(Conditional):
    """Its generation begins with the first change of the spec: upstream sets none on create."""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        _drop_scaling(obj, {})

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        _drop_scaling(obj, old)
        if obj.get("spec") != old.get("spec"):
            obj["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(csi_validation.validate_driver(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(csi_validation.validate_driver_update(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        spec = obj.get("spec") or {}
        return [_SECRETS_WARNING] if spec.get("tokenRequests") and "serviceAccountTokenInSecrets" not in spec else []

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        same = (obj.get("spec") or {}).get("tokenRequests") == (old.get("spec") or {}).get("tokenRequests")
        return [] if same else self.warnings_on_create(ctx, obj)


class CSINodeStrategy(Conditional):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(csi_validation.validate_node(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(csi_validation.validate_node_update(obj, old))


class VolumeAttachmentStrategy(StatusOnly):
    allow_unconditional_update = False

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(csi_validation.validate_attachment(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(csi_validation.validate_attachment_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(csi_validation.validate_attachment_update(obj, old))


def _drop_scaling(obj: Object, old: Object) -> None:
    """A field of the gate VolumeLimitScaling, which is off by default."""
    spec = obj.get("spec") or {}
    if (old.get("spec") or {}).get("preventPodSchedulingIfMissing") is None:
        spec.pop("preventPodSchedulingIfMissing", None)
