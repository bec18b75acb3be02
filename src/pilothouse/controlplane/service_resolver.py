"""Finds the services of the cluster that webhooks name (upstream: NewClusterIPServiceResolver of kube-aggregator)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.webhook.client_config import ServiceResolver, resolve_cluster_ip
from pilothouse.registry.store import Store, decode

_SERVICES: Final = GroupResource("", "services")


def cluster_ips(stores: Mapping[GroupResource, Store]) -> ServiceResolver:
    """Resolves by the stored Services."""

    def resolve(namespace: str, name: str, port: int) -> tuple[str, int]:
        store = stores.get(_SERVICES)
        item = None if store is None else store.cacher.get(f"{store.key_root(namespace)}{name}")
        if item is None:
            raise ValueError(f'service "{name}" not found')
        return resolve_cluster_ip(decode(item), port)

    return resolve
