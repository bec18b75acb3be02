"""Namespaces, priority classes and the configuration that others read from the cluster."""

from __future__ import annotations

import base64
import hashlib
import platform
import time
import uuid
from collections.abc import Mapping

from pilothouse.apimachinery.gvk import GroupVersionResource
from pilothouse.controlplane.bootstrap.ensure import ensure
from pilothouse.controlplane.bootstrap.tables import Object
from pilothouse.server.loopback import LoopbackClient

NAMESPACES = GroupVersionResource("", "v1", "namespaces")
CONFIG_MAPS = GroupVersionResource("", "v1", "configmaps")
LEASES = GroupVersionResource("coordination.k8s.io", "v1", "leases")
PRIORITY_CLASSES = GroupVersionResource("scheduling.k8s.io", "v1", "priorityclasses")
SYSTEM_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")
LEASE_SECONDS = 3600

_CRITICAL = "Used for system critical pods that must "


async def system_namespaces(client: LoopbackClient) -> None:
    await ensure(client, NAMESPACES, ({"metadata": {"name": name}} for name in SYSTEM_NAMESPACES))


async def priority_classes(client: LoopbackClient) -> None:
    """upstream: pkg/apis/scheduling/v1/helpers.go"""
    await ensure(client, PRIORITY_CLASSES, (
        {
            "metadata": {"name": "system-node-critical"}, "value": 2000001000,
            "description": _CRITICAL + "not be moved from their current node.",
        },
        {
            "metadata": {"name": "system-cluster-critical"}, "value": 2000000000,
            "description": _CRITICAL + "run in the cluster, but can be moved to another node if necessary.",
        },
    ))


async def token_tracking(client: LoopbackClient) -> None:
    """The day since which the use of legacy service account tokens is tracked."""
    since = time.strftime("%Y-%m-%d", time.gmtime())
    await ensure(client, CONFIG_MAPS, [{
        "metadata": {"name": "kube-apiserver-legacy-service-account-token-tracking", "namespace": "kube-system"},
        "data": {"since": since},
    }], list_namespace="kube-system")


async def authentication_info(client: LoopbackClient, data: Mapping[str, str]) -> None:
    """What extension API servers need to authenticate as this one does (upstream: clusterauthenticationtrust).

    `data` has "client-ca-file" (PEM) and, when there is a front proxy, the "requestheader-…" keys.
    """

    def reconcile(stored: Object, wanted: Object) -> Object | None:
        merged = {**(stored.get("data") or {}), **wanted["data"]}
        return None if merged == stored.get("data") else {**stored, "data": merged}

    await ensure(client, CONFIG_MAPS, [{
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"}, "data": dict(data),
    }], reconcile, list_namespace="kube-system")


def identity(hostname: str) -> str:
    """This server's name, the same after each restart (upstream: APIServerID)."""
    digest = hashlib.sha256(hostname.encode()).digest()
    return "apiserver-" + base64.b32encode(digest[:16]).decode().rstrip("=").lower()


async def identity_lease(client: LoopbackClient, address: str) -> None:
    """Creates or renews the lease that says that this server is alive; `address` is "host:port"."""
    hostname = platform.node()
    name = identity(hostname)
    now = time.time()
    renewed = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"

    def reconcile(stored: Object, wanted: Object) -> Object:
        return {**stored, "spec": wanted["spec"]}

    await ensure(client, LEASES, [{
        "metadata": {
            "name": name, "namespace": "kube-system",
            "labels": {"apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": hostname},
            "annotations": {"kubernetes.io/peer-advertise-address": address},
        },
        "spec": {
            "holderIdentity": f"{name}_{uuid.uuid4()}", "leaseDurationSeconds": LEASE_SECONDS, "renewTime": renewed,
        },
    }], reconcile, list_namespace="kube-system")
