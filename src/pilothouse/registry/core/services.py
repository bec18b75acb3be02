"""The rules of services (upstream: pkg/registry/core/service/strategy.go and storage/storage.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, names
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import REASON_NOT_FOUND, StatusError
from pilothouse.registry.core.service_allocation import (
    ServiceAllocators,
    allocates_node_ports,
    is_exposed,
    needs_health_check,
    uses_node_ports,
)
from pilothouse.registry.core.service_changes import service_warnings, status_warnings
from pilothouse.registry.core.service_families import same
from pilothouse.registry.core.service_validation import (
    validate_service,
    validate_service_status,
    validate_service_update,
)
from pilothouse.registry.rest import DeleteOptions, Finish, Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Stores

ENDPOINTS = GroupResource("", "endpoints")
_EXTERNAL = "ExternalName"


def selectable(service: Mapping[str, Any]) -> dict[str, str]:
    spec = service.get("spec") or {}
    return {"spec.clusterIP": spec.get("clusterIP") or "", "spec.type": spec.get("type") or ""}


class ServiceStrategy(Strategy):
    """Takes addresses and ports of the cluster when it is written, and gives them back."""

    allow_create_on_update = True
    validate_name = staticmethod(names.is_dns_label)
    status_fields = ("status",)

    def __init__(self, allocators: ServiceAllocators, stores: Stores) -> None:
        self._allocators = allocators
        self._stores = stores

    async def begin_create(self, ctx: Context, obj: Object, dry_run: bool) -> Finish | None:
        spec = obj.setdefault("spec", {})
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        return await self._allocators.create(ctx, obj, dry_run)

    async def begin_update(self, ctx: Context, obj: Object, old: Object, dry_run: bool) -> Finish | None:
        spec, before = obj.setdefault("spec", {}), old.get("spec") or {}
        _keep_allocated(spec, before)
        _align_cluster_ips(spec, before)
        return await self._allocators.update(ctx, obj, before, dry_run)

    async def after_delete(self, ctx: Context, obj: Object) -> None:
        metadata = obj["metadata"]
        try:
            await self._stores(ENDPOINTS).delete(ctx, metadata["namespace"], metadata["name"], DeleteOptions())
        except StatusError as e:
            if e.reason != REASON_NOT_FOUND:
                raise
        await self._allocators.release(ctx, obj)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        spec = obj.get("spec") or {}
        _drop_what_the_type_does_not_use(spec, old.get("spec") or {})
        if spec.get("type") != "LoadBalancer" and (obj.get("status") or {}).get("loadBalancer"):
            obj["status"] = {**obj["status"], "loadBalancer": {}}

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_service(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_service_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_service_status(obj, old))

    def warnings_on_status_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return status_warnings(obj)

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return service_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return service_warnings(obj)

    def canonicalize(self, obj: Object) -> None:
        # upstream stores it and drops it from what is read (storage.go, defaultOnReadInternalTrafficPolicy)
        spec = obj.get("spec") or {}
        if spec.get("type") == _EXTERNAL:
            spec.pop("internalTrafficPolicy", None)


def _align_cluster_ips(spec: Object, old: Mapping[str, Any]) -> None:
    """Clients that know only `clusterIP` change `clusterIPs` with it (upstream: normalizeClusterIPs)."""
    ip, old_ip = spec.get("clusterIP") or "", old.get("clusterIP") or ""
    if ip == old_ip:
        if old.get("clusterIPs") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = list(old["clusterIPs"])
    elif same(spec, old, "clusterIPs"):
        if ip:
            spec["clusterIPs"] = [ip]
        else:
            spec.pop("clusterIPs", None)


def _keep_allocated(spec: Object, old: Mapping[str, Any]) -> None:
    """What was allocated stays where the client says nothing (upstream: patchAllocatedValues)."""
    if spec.get("type") != _EXTERNAL and old.get("type") != _EXTERNAL:
        for name in ("clusterIP", "clusterIPs"):
            if not spec.get(name) and old.get(name):
                spec[name] = old[name]
    if allocates_node_ports(old) and allocates_node_ports(spec):
        before = {port.get("name") or "": port.get("nodePort") or 0 for port in old.get("ports") or ()}
        ports = spec.get("ports") or ()
        used = {port["nodePort"] for port in ports if port.get("nodePort")} & set(before.values())
        for port in ports:
            number = before.get(port.get("name") or "", 0)
            if not port.get("nodePort") and number and number not in used:
                port["nodePort"] = number
    if needs_health_check(old) and needs_health_check(spec):
        number = old.get("healthCheckNodePort")
        if number and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = number


def _drop_what_the_type_does_not_use(spec: Object, old: Mapping[str, Any]) -> None:
    """Values of the old type go with it, unless the client changed them too (upstream: dropTypeDependentFields)."""
    kind, old_kind = spec.get("type"), old.get("type")
    if kind == _EXTERNAL and old_kind != _EXTERNAL:
        if same(spec, old, "clusterIPs") and (spec.get("clusterIP") or "") == (old.get("clusterIP") or ""):
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        for name in ("ipFamilies", "ipFamilyPolicy"):
            if (spec.get(name) or None) == (old.get(name) or None):
                spec.pop(name, None)
    if uses_node_ports(old) and not uses_node_ports(spec) and _node_ports(old) >= _node_ports(spec):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if needs_health_check(old) and not needs_health_check(spec):
        _drop_if_same(spec, old, "healthCheckNodePort")
    if old_kind == "LoadBalancer" and kind != "LoadBalancer":
        _drop_if_same(spec, old, "allocateLoadBalancerNodePorts")
        _drop_if_same(spec, old, "loadBalancerClass")
    if is_exposed(old) and not is_exposed(spec):
        _drop_if_same(spec, old, "externalTrafficPolicy")


def _drop_if_same(spec: Object, old: Mapping[str, Any], name: str) -> None:
    if name in spec and spec[name] == old.get(name):
        del spec[name]


def _node_ports(spec: Mapping[str, Any]) -> set[int]:
    return {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
