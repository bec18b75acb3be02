"""pods/proxy, nodes/proxy and services/proxy: any HTTP request, carried to what the object stands for.

upstream: pkg/registry/core/{pod/rest,node/rest,service}, the ResourceLocation functions.
"""

from __future__ import annotations

import asyncio
import random
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.proxy.backend import Transport, describe
from pilothouse.apimachinery.proxy.handler import rewriting
from pilothouse.apimachinery.proxy.location import (
    Location,
    is_global_unicast,
    join_host_port,
    split_scheme_name_port,
)
from pilothouse.observability.logging import log
from pilothouse.registry.core import connect_options as query
from pilothouse.registry.core.kubelet import PODS, Kubelets, read

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Handler, Request
    from pilothouse.registry.dependencies import Stores
    from pilothouse.registry.rest import Object

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
SERVICES = GroupResource("", "services")
ENDPOINTS = GroupResource("", "endpoints")
_NOT_ALLOWED = "address not allowed"
T = TypeVar("T")

#: Pods and services are reached by address: no name that a certificate could hold.
_unverified = Transport()


class _Proxy(ABC):
    """A `rest.Connecter` for what `locate` finds."""

    methods = METHODS

    def connect_options(self, request: Request) -> Object:
        return query.proxy_path(request)

    async def connect(self, ctx: Context, namespace: str, name: str, options: Object) -> Handler:
        location, transport = await self.locate(ctx, namespace, name)
        location = replace(location, scheme=location.scheme or "http", path=query.target_path(options))
        return rewriting(location, transport)

    @abstractmethod
    async def locate(self, ctx: Context, namespace: str, name: str) -> tuple[Location, Transport]:
        """Raises StatusError."""


class PodProxy(_Proxy):
    """To the pod's address: "pod", "pod:port" or "scheme:pod:port"; without a port the first that it declares."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def locate(self, ctx: Context, namespace: str, name: str) -> tuple[Location, Transport]:
        scheme, pod_name, port = _split(name, "pod")
        pod = await read(self._stores, PODS, ctx, namespace, pod_name)
        addresses = (pod.get("status") or {}).get("podIPs") or ()
        address = addresses[0].get("ip", "") if addresses else ""
        if not is_global_unicast(address):
            raise status.bad_request(_NOT_ALLOWED)
        port = port or _first_port(pod)
        bare = f"[{address}]" if ":" in address else address
        return Location(scheme, join_host_port(address, port) if port else bare), _unverified


class NodeProxy(_Proxy):
    """To the node's kubelet, or with "node:port" to another port of the node."""

    def __init__(self, kubelets: Kubelets) -> None:
        self._kubelets = kubelets

    async def locate(self, ctx: Context, namespace: str, name: str) -> tuple[Location, Transport]:
        scheme, node_name, port = _split(name, "node")
        info = await self._kubelets.connection(ctx, node_name)
        await _check_hostname(info.hostname)
        if port in ("", info.port):
            return Location(info.scheme, info.host), info.transport
        return Location(scheme, join_host_port(info.hostname, port)), _unverified


class ServiceProxy(_Proxy):
    """To one of the pods behind the service, by its Endpoints: "svc", "svc:port" or "scheme:svc:port"."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def locate(self, ctx: Context, namespace: str, name: str) -> tuple[Location, Transport]:
        scheme, service_name, port = _split(name, "service")
        number = query.parse_integer(port)
        if number is not None and query.fits_int64(number):
            port = await self._port_name(ctx, namespace, service_name, number)
        endpoints = await read(self._stores, ENDPOINTS, ctx, namespace, service_name)
        subsets = endpoints.get("subsets") or ()
        if not subsets:
            raise _unavailable(f"no endpoints available for service {go_quote(service_name)}")
        for subset in _rotated(subsets):
            for candidate in subset.get("ports") or ():
                if candidate.get("name", "") != port:
                    continue
                for address in _rotated(subset.get("addresses") or ()):
                    if await self._is_pod(ctx, namespace, address):
                        return Location(scheme, join_host_port(address["ip"], str(candidate["port"]))), _unverified
        raise _unavailable(f"no endpoints available for service {go_quote(name)}")

    async def _port_name(self, ctx: Context, namespace: str, name: str, number: int) -> str:
        service = await read(self._stores, SERVICES, ctx, namespace, name)
        for port in (service.get("spec") or {}).get("ports") or ():
            if port["port"] == number:
                return str(port.get("name", ""))
        raise _unavailable(f"no service port {number} found for service {go_quote(name)}")

    async def _is_pod(self, ctx: Context, namespace: str, address: Mapping[str, Any]) -> bool:
        """Endpoints may be written by anybody; only addresses that pods of this namespace have are proxied to."""
        target = address.get("targetRef") or {}
        if not target or target.get("namespace", "") != namespace:
            return False
        try:
            pod = await read(self._stores, PODS, ctx, namespace, target.get("name", ""))
        except status.StatusError as error:
            log.warning("An endpoint's address is not valid", address=address.get("ip", ""), reason=str(error))
            return False
        return any(ip.get("ip") == address["ip"] for ip in (pod.get("status") or {}).get("podIPs") or ())


def _split(name: str, what: str) -> tuple[str, str, str]:
    parts = split_scheme_name_port(name)
    if parts is None:
        raise status.bad_request(f"invalid {what} request {go_quote(name)}")
    return parts


def _first_port(pod: Object) -> str:
    for container in (pod.get("spec") or {}).get("containers") or ():
        for port in container.get("ports") or ():
            return str(port["containerPort"])
    return ""


def _unavailable(message: str) -> status.StatusError:
    return status.service_unavailable(message)


def _rotated(items: Sequence[T]) -> Iterator[T]:
    """All of them, from a random one on."""
    if items:
        start = random.randrange(len(items))
        yield from (*items[start:], *items[:start])


async def _check_hostname(hostname: str) -> None:
    """A node's address is what its kubelet says; it must not lead back to this machine or to its link."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(hostname, None, type=socket.SOCK_STREAM)
    except OSError as error:
        text = describe(error, Location("https", hostname)).removeprefix("dial tcp: ")
        raise status.bad_request(text) from None
    if not found:
        raise status.bad_request("no addresses for hostname")
    if not all(is_global_unicast(str(address[0])) for *_, address in found):
        raise status.bad_request(_NOT_ALLOWED)
