"""The rules of dynamic resources (upstream: pkg/registry/resource)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field, meta
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.validation import is_long_name
from pilothouse.registry.resource import allocation_validation, claim_validation, taint_validation
from pilothouse.registry.resource.access import status_refusals
from pilothouse.registry.resource.allocation_validation import device_key
from pilothouse.registry.resource.slice_validation import validate_slice
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.strategies import DesiredStatusOnly, StatusOnly, WithGeneration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pilothouse.apimachinery.http import Context
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.registry.dependencies import Stores

_NAMESPACES = GroupResource("", "namespaces")
_LIST_ATTRIBUTES = ("bools", "ints", "strings", "versions")


class DeviceClassStrategy(WithGeneration):
    """Upstream validates these names by newer code, which does not look at generateName."""

    @staticmethod
    def validate_name(name: str, prefix: bool) -> Sequence[str]:
        return [] if prefix else is_long_name(name)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(claim_validation.validate_device_class(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(claim_validation.validate_device_class(obj, old))


class TemplateStrategy(Strategy):
    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        path = claim_validation.asks_for_admin((obj.get("spec") or {}).get("spec") or {})
        return [*_admin_errors(self._stores, obj, path), *claim_validation.validate_template(obj)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(claim_validation.validate_template_update(obj, old))


class ClaimStrategy(StatusOnly):
    """A device's status goes when the device is no longer allocated."""

    def __init__(self, stores: Stores, authorizer: Authorizer | None) -> None:
        self._stores = stores
        self._authorizer = authorizer

    async def authorize_values(
        self, ctx: Context, obj: Object, old: Object | None, subresource: str
    ) -> list[field.Error]:
        if subresource != "status" or self._authorizer is None:
            return []
        return await status_refusals(self._authorizer, ctx, obj, old or {})

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        path = claim_validation.asks_for_admin(obj.get("spec") or {})
        return [*_admin_errors(self._stores, obj, path), *claim_validation.validate_claim(obj)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(claim_validation.validate_claim_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        path = allocation_validation.asks_for_admin(obj, old)
        return [
            *_admin_errors(self._stores, obj, path), *allocation_validation.validate_claim_status(obj, old)
        ]

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        super().prepare_for_status_update(ctx, obj, old)
        status = obj.get("status") or {}
        devices, before = status.get("devices"), (old.get("status") or {}).get("devices")
        if not devices or not before:
            return
        results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or ()
        allocated = {device_key(result) for result in results}
        gone = {device_key(device) for device in before} - allocated
        kept = [device for device in devices if device_key(device) not in gone]
        if kept:
            status["devices"] = kept
        else:
            del status["devices"]


class SliceStrategy(WithGeneration):
    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        _drop_alpha_fields(obj, {})

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        _drop_alpha_fields(obj, old)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_slice(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_slice(obj, old))

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


def _admin_errors(stores: Stores, obj: Object, path: str) -> list[field.Error]:
    """Whether the namespace lets its claims have admin access, for which they ask at `path` ("": they do not)."""
    if not path:
        return []
    from pilothouse.registry.store import decode

    name = obj["metadata"]["namespace"]
    store = stores(_NAMESPACES)
    item = store.cacher.newest(store.key("", name))
    if item is None:
        text = f'could not retrieve namespace to verify admin access: namespaces "{name}" not found'
        return [field.internal(path, text)]
    labels = decode(item)["metadata"].get("labels") or {}
    if labels.get(claim_validation.ADMIN_LABEL) == "true":
        return []
    return [field.forbidden(path, claim_validation.ADMIN_REFUSAL)]


class TaintRuleStrategy(DesiredStatusOnly):
    """A taint whose effect changes counts as added now, unless the client says when."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        taint, before = ((o.get("spec") or {}).get("taint") or {} for o in (obj, old))
        if taint.get("effect") != before.get("effect") and taint.get("timeAdded") == before.get("timeAdded"):
            taint["timeAdded"] = meta.format_time(self._clock())

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(taint_validation.validate_taint_rule(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(taint_validation.validate_taint_rule(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(taint_validation.validate_taint_rule_status(obj))


class PoolStatusRequestStrategy(StatusOnly):
    allow_unconditional_update = False

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(taint_validation.validate_pool_request(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(taint_validation.validate_pool_request_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(taint_validation.validate_pool_request_status(obj, old))


def _drop_alpha_fields(obj: Object, old: Object) -> None:
    """Fields of DRAListTypeAttributes and DRANodeAllocatableResources, which are off by default, unless in use."""
    devices, before = ((o.get("spec") or {}).get("devices") or () for o in (obj, old))
    if not any("nodeAllocatableResourceMappings" in device for device in before):
        for device in devices:
            device.pop("nodeAllocatableResourceMappings", None)
    if not any(name in attribute for attribute in _attributes(before) for name in _LIST_ATTRIBUTES):
        for attribute in _attributes(devices):
            for name in _LIST_ATTRIBUTES:
                attribute.pop(name, None)


def _attributes(devices: Iterable[Object]) -> Iterator[Object]:
    for device in devices:
        yield from (device.get("attributes") or {}).values()
