"""Where a node's kubelet is, and how it is reached (upstream: pkg/kubelet/client, pkg/util/node)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.proxy.backend import CONNECT_SECONDS, Files, Transport
from pilothouse.apimachinery.proxy.location import join_host_port
from pilothouse.registry.store import decode

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import KubeletClientConfig, Stores
    from pilothouse.registry.rest import Object

NODES = GroupResource("", "nodes")
PODS = GroupResource("", "pods")
KUBELET_PORT = 10250
"""Where a kubelet listens whose node does not say."""


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """One kubelet. `insecure` is the transport that verifies nothing."""

    hostname: str
    port: str
    transport: Transport
    insecure: Transport
    scheme: str = "https"

    @property
    def host(self) -> str:
        return join_host_port(self.hostname, self.port)


class Kubelets:
    """Finds kubelets by what their nodes' statuses say."""

    def __init__(self, config: KubeletClientConfig, stores: Stores) -> None:
        files = Files(config.certificate_authority, config.client_certificate, config.client_key)
        self._types = config.preferred_address_types
        self._stores = stores
        self._transport = Transport(files, config.timeout if config.timeout > 0 else CONNECT_SECONDS)
        self._insecure = self._transport.insecure()

    async def connection(self, ctx: Context, node_name: str) -> ConnectionInfo:
        """Raises StatusError: 404 for a node that is not there, 500 for one without a suitable address."""
        node = await read(self._stores, NODES, ctx, "", node_name)
        node_status = node.get("status") or {}
        hostname = preferred_address(node_status.get("addresses") or (), self._types)
        endpoint = (node_status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}
        port = endpoint.get("Port") or 0
        return ConnectionInfo(hostname, str(port if port > 0 else KUBELET_PORT), self._transport, self._insecure)


def preferred_address(addresses: Sequence[Mapping[str, Any]], types: Sequence[str]) -> str:
    """The first address of the first type that there is. Raises StatusError when there is none."""
    for wanted in types:
        for address in addresses:
            if address.get("type") == wanted:
                return str(address.get("address", ""))
    known = " ".join(f"{{{a.get('type', '')} {a.get('address', '')}}}" for a in addresses)
    raise status.plain_internal(f"no preferred addresses found; known addresses: [{known}]")


async def read(stores: Stores, resource: GroupResource, ctx: Context, namespace: str, name: str) -> Object:
    """A stored object. One that is not there is named as the resource that the request is about, whatever it is
    (upstream: Store.qualifiedResourceFromContext): logs on a node that is gone answer `pods "node" not found`."""
    try:
        return decode(await stores(resource).get(ctx, namespace, name))
    except status.StatusError as error:
        if error.reason != status.REASON_NOT_FOUND:
            raise
        info = ctx.request_info
        raise status.not_found(GroupResource(info.api_group, info.resource), name) from None
