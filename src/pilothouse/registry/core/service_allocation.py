"""What services hold of the cluster: addresses and ports (upstream: pkg/registry/core/service/storage/alloc.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.aside import aside
from pilothouse.registry.core.node_ports import NodePorts, PortOperation, ports_of
from pilothouse.registry.core.service_families import SERVICE, init_families, unchanged_prefer_dual_stack
from pilothouse.registry.core.service_ip import FULL, AllocationError, IPAllocator, family_of
from pilothouse.registry.rest import Finish

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

Object = dict[str, Any]
Spec = Mapping[str, Any]


def uses_node_ports(spec: Spec) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def allocates_node_ports(spec: Spec) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def needs_health_check(spec: Spec) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_exposed(spec: Spec) -> bool:
    """Whether it can be reached from outside of the cluster."""
    return uses_node_ports(spec) or (spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs")))


class ServiceAllocators:
    """Gives services their cluster IPs, node ports and health check ports.

    `ips` holds one allocator for each family, the default family's first. Values are written into the
    service; the returned function keeps or gives back what was allocated.
    """

    def __init__(self, ips: Sequence[IPAllocator], ports: NodePorts) -> None:
        self._ips = {allocator.family: allocator for allocator in ips}
        self._default_family = ips[0].family
        self._ports = ports

    @property
    def default_family(self) -> str:
        return self._default_family

    async def create(self, ctx: Context, service: Object, dry_run: bool) -> Finish:
        await self._init_families(ctx, service, None)
        allocated = await self._allocate_ips(ctx, service, 0, dry_run)
        operation = self._ports.begin(dry_run)
        try:
            spec = service["spec"]
            if uses_node_ports(spec):
                _init_node_ports(service, operation)
            if needs_health_check(spec):
                _allocate_health_check(spec, operation)
        except status.StatusError:
            await self._end(ctx, operation, allocated, [], False)
            raise
        return self._finish(ctx, operation, allocated, [])

    async def update(self, ctx: Context, service: Object, old: Spec, dry_run: bool) -> Finish:
        """`old` is the old spec."""
        await self._init_families(ctx, service, old)
        allocated, released = await self._update_ips(ctx, service, old, dry_run)
        operation = self._ports.begin(dry_run)
        try:
            _update_node_ports(service, old, operation)
            _update_health_check(service["spec"], old, operation)
        except status.StatusError:
            await self._end(ctx, operation, allocated, [], False)
            raise
        return self._finish(ctx, operation, allocated, [] if dry_run else released)

    async def _init_families(self, ctx: Context, service: Object, old: Spec | None) -> None:
        """Long lists of addresses and families, which are not refused before, are looked at aside."""
        given = (service, old, self._ips, self._default_family)
        await aside(init_families, *given) if ctx.heavy else init_families(*given)

    async def release(self, ctx: Context, service: Mapping[str, Any]) -> None:
        """The service is gone."""
        spec = service.get("spec") or {}
        operation = self._ports.begin(False)
        for port in ports_of(service):
            operation.release(port)
        if needs_health_check(spec) and spec.get("healthCheckNodePort"):
            operation.release(spec["healthCheckNodePort"])
        await self._end(ctx, operation, [], _own_ips(spec), True)

    def _finish(self, ctx: Context, operation: PortOperation, allocated: list[str], released: list[str]) -> Finish:
        async def finish(done: bool) -> None:
            await self._end(ctx, operation, allocated, released, done)

        return finish

    async def _end(
        self, ctx: Context, operation: PortOperation, allocated: list[str], released: list[str], done: bool
    ) -> None:
        operation.finish(done)
        for ip in released if done else allocated:
            allocator = self._ips.get(family_of(ip))
            if allocator is not None:
                await allocator.release(ctx, ip)

    async def _allocate_ips(self, ctx: Context, service: Object, first: int, dry_run: bool) -> list[str]:
        """Addresses for the families from number `first` on; returns what is really taken. Raises 422 and 500."""
        spec = service["spec"]
        ips: list[str] = list(spec.get("clusterIPs") or ())
        if spec["type"] == "ExternalName" or (ips and ips[0] == "None"):
            return []
        families: list[str] = spec["ipFamilies"]
        ips += [""] * (len(families) - len(ips))
        taken: list[str] = []
        for i in range(first, len(families)):
            allocator, wanted = self._ips[families[i]], ips[i]
            try:
                if wanted:
                    await allocator.allocate(ctx, wanted, service, dry_run)
                    given = wanted
                else:
                    given = await allocator.allocate_next(ctx, service, dry_run)
            except AllocationError as e:
                for ip in taken:
                    await self._ips[family_of(ip)].release(ctx, ip)
                raise _ip_error(service, ips, wanted, str(e)) from None
            if not dry_run:
                taken.append(given)
            ips[i] = given
        spec["clusterIPs"] = ips
        spec["clusterIP"] = ips[0]
        return taken

    async def _update_ips(
        self, ctx: Context, service: Object, old: Spec, dry_run: bool
    ) -> tuple[list[str], list[str]]:
        spec = service["spec"]
        if unchanged_prefer_dual_stack(spec, old):
            return [], []
        was_external, is_external = old.get("type") == "ExternalName", spec.get("type") == "ExternalName"
        if was_external:
            return ([], []) if is_external else (await self._allocate_ips(ctx, service, 0, dry_run), [])
        own = _own_ips(old)
        if not own or is_external:
            return [], own
        before, after = len(old.get("ipFamilies") or ()), len(spec.get("ipFamilies") or ())
        if before == 1 and after == 2:
            return await self._allocate_ips(ctx, service, 1, dry_run), []
        return [], own[1:] if before == 2 and after == 1 else []


def _own_ips(spec: Spec) -> list[str]:
    ips: list[str] = spec.get("clusterIPs") or []
    return [] if spec.get("type") == "ExternalName" or "None" in ips else list(ips)


def _ip_error(service: Object, ips: list[str], wanted: str, text: str) -> status.StatusError:
    name = service["metadata"].get("name") or ""
    if not wanted and text == FULL:
        return status.internal_error(f"failed to allocate a serviceIP for Service {field.go_quote(name)}: {text}")
    which = f" {wanted}" if wanted else ""
    error = field.invalid("spec.clusterIPs", ips, f"failed to allocate IP{which}: {text}")
    return status.invalid(SERVICE, name, [error])


def _port_error(service: Object, i: int, port: int, error: AllocationError) -> status.StatusError:
    where = f"spec.ports[{i}].nodePort"
    return status.invalid(SERVICE, service["metadata"].get("name") or "", [field.invalid(where, port, str(error))])


def _next_port(operation: PortOperation) -> int:
    try:
        return operation.allocate_next()
    except AllocationError as e:
        raise status.internal_error(f"failed to allocate a nodePort: {e}") from None


def _init_node_ports(service: Object, operation: PortOperation) -> None:
    """Ports of one number (TCP and UDP) share a node port."""
    spec = service["spec"]
    ports: list[Object] = spec.get("ports") or []
    given: dict[int, int] = {}
    asked: dict[int, int] = {}
    for port in ports:
        if port.get("nodePort"):
            asked.setdefault(port.get("port", 0), port["nodePort"])
    for i, port in enumerate(ports):
        own = port.get("nodePort") or 0
        if not own and not allocates_node_ports(spec):
            continue
        number = port.get("port", 0)
        shared = given.get(number)
        if shared is not None and own in (0, shared):
            port["nodePort"] = shared
            continue
        wanted = own
        if shared is None:
            wanted = asked.get(number, 0)
        try:
            if wanted:
                operation.allocate(wanted)
        except AllocationError as e:
            raise _port_error(service, i, wanted, e) from None
        if shared is None:
            port["nodePort"] = given[number] = wanted or _next_port(operation)


def _update_node_ports(service: Object, old: Spec, operation: PortOperation) -> None:
    spec = service["spec"]
    before = ports_of({"spec": old})
    if not uses_node_ports(spec):
        if uses_node_ports(old):
            for number in before:
                operation.release(number)
        return
    seen: set[tuple[str, int]] = set()
    allocated: set[int] = set()
    for i, port in enumerate(spec.get("ports") or ()):
        own = port.get("nodePort") or 0
        if own:
            if own not in before and own not in allocated:
                try:
                    operation.allocate(own)
                except AllocationError as e:
                    raise _port_error(service, i, own, e) from None
                allocated.add(own)
        elif allocates_node_ports(spec):
            own = port["nodePort"] = _next_port(operation)
        else:
            continue
        protocol = port.get("protocol", "")
        if (protocol, own) in seen:
            raise status.plain_internal(f"duplicate nodePort: {{{protocol} {own}}}")
        seen.add((protocol, own))
    now = ports_of(service)
    for number in before:
        if number not in now:
            operation.release(number)


def _allocate_health_check(spec: Object, operation: PortOperation) -> None:
    wanted = spec.get("healthCheckNodePort") or 0
    try:
        if wanted:
            operation.allocate(wanted)
        else:
            spec["healthCheckNodePort"] = operation.allocate_next()
    except AllocationError as e:
        what = "requested HealthCheck NodePort" if wanted else "a HealthCheck NodePort"
        raise status.internal_error(f"failed to allocate {what} {wanted}: {e}") from None


def _update_health_check(spec: Object, old: Spec, operation: PortOperation) -> None:
    needed, needs = needs_health_check(old), needs_health_check(spec)
    if needs and not needed:
        _allocate_health_check(spec, operation)
    elif needed and not needs and old.get("healthCheckNodePort"):
        operation.release(old["healthCheckNodePort"])
