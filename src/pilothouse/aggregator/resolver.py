"""Where the server behind a service is (upstream: kube-aggregator pkg/apiserver/resolvers.go, apiserver
pkg/util/proxy/proxy.go)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Protocol

from pilothouse.apimachinery.proxy.location import Location, join_host_port
from pilothouse.apimachinery.webhook.client_config import resolve_cluster_ip

Object = dict[str, Any]


class Services(Protocol):
    """Committed objects; they must not be changed."""

    def service(self, namespace: str, name: str) -> Object | None: ...

    def endpoint_slices(self, namespace: str, service: str) -> Sequence[Object]:
        """The EndpointSlices of a service."""
        ...


class ResolveError(ValueError):
    """A service cannot be routed to; the text says why."""


class ServiceResolver:
    """By a service's address, or with `by_endpoints` by one of its endpoints (--enable-aggregator-routing).

    `own` is where this server itself listens, for the kubernetes service.
    """

    def __init__(self, services: Services, own: tuple[str, int], *, by_endpoints: bool = False) -> None:
        self._services = services
        self._own = own
        self._by_endpoints = by_endpoints

    def resolve(self, namespace: str, name: str, port: int) -> Location:
        """Where requests go. Raises ResolveError."""
        host, number = self.address(namespace, name, port)
        return Location("https", join_host_port(host, str(number)))

    def address(self, namespace: str, name: str, port: int) -> tuple[str, int]:
        """The same as host and port. Raises ResolveError."""
        if (namespace, name, port) == ("default", "kubernetes", 443):
            return self._own
        service = self._services.service(namespace, name)
        if service is None:
            raise ResolveError(f'service "{name}" not found')
        if self._by_endpoints:
            return self._endpoint(service, port)
        try:
            return resolve_cluster_ip(service, port)
        except ValueError as error:
            raise ResolveError(str(error)) from None

    def _endpoint(self, service: Object, port: int) -> tuple[str, int]:
        spec, metadata = service["spec"], service["metadata"]
        if spec.get("type") not in ("ClusterIP", "LoadBalancer", "NodePort"):
            raise ResolveError(f'unsupported service type "{spec.get("type", "")}"')
        port_name = _port(service, port).get("name", "")
        slices = list(self._services.endpoint_slices(metadata["namespace"], metadata["name"]))
        # Any order will do, but the service's first address family comes first.
        random.shuffle(slices)
        family = (spec.get("ipFamilies") or [""])[0]
        slices.sort(key=lambda found: found.get("addressType") != family)
        for found in slices:
            target = next((p["port"] for p in found.get("ports") or () if _is_port(p, port_name)), None)
            ready = [endpoint for endpoint in found.get("endpoints") or () if is_ready(endpoint)]
            if target is not None and ready:
                return random.choice(ready)["addresses"][0], target
        raise ResolveError(f'no endpoints available for service "{metadata["name"]}"')


def _port(service: Object, number: int) -> Object:
    for port in service["spec"].get("ports") or ():
        if port.get("port") == number:
            found: Object = port
            return found
    raise ResolveError(f'no service port {number} found for service "{service["metadata"]["name"]}"')


def _is_port(port: Object, name: str) -> bool:
    return port.get("name") is not None and port["name"] == name and port.get("port") is not None


def is_ready(endpoint: Object) -> bool:
    ready: bool | None = (endpoint.get("conditions") or {}).get("ready")
    return ready is None or ready


def has_available_endpoint(slices: Sequence[Object], port_name: str) -> bool:
    """Whether one of `slices` has an endpoint that is ready, and the port."""
    return any(
        any(is_ready(endpoint) for endpoint in found.get("endpoints") or ())
        and any(_is_port(port, port_name) for port in found.get("ports") or ())
        for found in slices
    )
