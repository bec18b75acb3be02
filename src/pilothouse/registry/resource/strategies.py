"""The rules of dynamic resources (upstream: pkg/registry/resource)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery.field import go_quote
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import StatusOnly, WithGeneration

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class ClaimStrategy(StatusOnly):
    """A device's status goes when the device is no longer allocated."""

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        super().prepare_for_status_update(ctx, obj, old)
        status = obj.get("status") or {}
        devices, before = status.get("devices"), (old.get("status") or {}).get("devices")
        if not devices or not before:
            return
        results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or ()
        allocated = {_key(result) for result in results}
        gone = {_key(device) for device in before} - allocated
        kept = [device for device in devices if _key(device) not in gone]
        if kept:
            status["devices"] = kept
        else:
            del status["devices"]


class SliceStrategy(WithGeneration):
    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        driver = (obj.get("spec") or {}).get("driver") or ""
        if driver == driver.lower():
            return []
        return [
            "spec.driver: driver names should be lowercase; "
            f"{go_quote(driver)} contains uppercase characters"
        ]

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return self.warnings_on_create(ctx, obj)


def _key(device: Object) -> tuple[str, str, str, str]:
    return device.get("driver", ""), device.get("pool", ""), device.get("device", ""), device.get("shareID") or ""
