"""The `kubernetes` service, its endpoints and the default service CIDR.

Upstream: pkg/controlplane/controller/{kubernetesservice,defaultservicecidr} and pkg/controlplane/reconcilers.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass

from pilothouse.apimachinery.gvk import GroupVersionResource
from pilothouse.controlplane.bootstrap.ensure import Reconcile, ensure
from pilothouse.controlplane.bootstrap.tables import Object
from pilothouse.server.loopback import APPLY_PATCH, LoopbackClient

SERVICES = GroupVersionResource("", "v1", "services")
ENDPOINTS = GroupVersionResource("", "v1", "endpoints")
ENDPOINT_SLICES = GroupVersionResource("discovery.k8s.io", "v1", "endpointslices")
SERVICE_CIDRS = GroupVersionResource("networking.k8s.io", "v1", "servicecidrs")
_NAME = {"name": "kubernetes", "namespace": "default"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where clients of the cluster find this server: service ranges, the advertised IP and port."""

    service_cidrs: tuple[str, ...]
    advertise_ip: str
    port: int
    service_port: int = 443

    @property
    def service_ip(self) -> str:
        """The first usable address of the first range."""
        return str(ipaddress.ip_network(self.service_cidrs[0])[1])


async def default_service_cidr(client: LoopbackClient, address: Address) -> None:
    wanted: list[Object] = [{"metadata": {"name": "kubernetes"}, "spec": {"cidrs": list(address.service_cidrs)}}]
    await ensure(client, SERVICE_CIDRS, wanted)
    stored = await client.get(*SERVICE_CIDRS, "kubernetes")
    cidrs = list(address.service_cidrs)
    if len(cidrs) == 2 and stored["spec"]["cidrs"] == cidrs[:1]:
        # the cluster has become dual-stack
        stored = await client.update(*SERVICE_CIDRS, {**stored, "spec": {"cidrs": cidrs}})
    conditions = stored.get("status", {}).get("conditions") or ()
    if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
        return
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    await client.patch(
        *SERVICE_CIDRS, "kubernetes",
        {
            "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"},
            "status": {"conditions": [{
                "type": "Ready", "status": "True", "reason": "", "lastTransitionTime": now,
                "message": "Kubernetes default Service CIDR is ready",
            }]},
        },
        patch_type=APPLY_PATCH, subresource="status", fieldManager="kubernetes-service-cidr-controller", force=True,
    )


async def kubernetes_service(client: LoopbackClient, address: Address) -> None:
    """The service first, then where it leads: endpoints and their slice."""
    await ensure(client, SERVICES, [{
        "metadata": {**_NAME, "labels": {"provider": "kubernetes", "component": "apiserver"}},
        "spec": {
            "ports": [{
                "name": "https", "protocol": "TCP", "port": address.service_port, "targetPort": address.port,
            }],
            "clusterIP": address.service_ip, "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
            "type": "ClusterIP",
        },
    }], _same_ports, list_namespace="default")
    ports = [{"name": "https", "port": address.port, "protocol": "TCP"}]
    await ensure(client, ENDPOINTS, [{
        "metadata": {**_NAME, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": address.advertise_ip}], "ports": ports}],
    }], _field("subsets"), list_namespace="default")
    family = "IPv6" if ":" in address.advertise_ip else "IPv4"
    await ensure(client, ENDPOINT_SLICES, [{
        "metadata": {**_NAME, "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": family,
        "endpoints": [{"addresses": [address.advertise_ip], "conditions": {"ready": True}}], "ports": ports,
    }], _field("endpoints", "ports"), list_namespace="default")


def _same_ports(stored: Object, wanted: Object) -> Object | None:
    if stored["spec"]["ports"] == wanted["spec"]["ports"]:
        return None
    return {**stored, "spec": {**stored["spec"], "ports": wanted["spec"]["ports"]}}


def _field(*names: str) -> Reconcile:
    def reconcile(stored: Object, wanted: Object) -> Object | None:
        if all(stored.get(name) == wanted[name] for name in names):
            return None
        return {**stored, **{name: wanted[name] for name in names}}

    return reconcile
