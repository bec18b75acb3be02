"""Metrics about the process as a whole: what it is, which features it has, how much it stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pilothouse.controlplane.version import version_info
from pilothouse.observability.process import install_feature_metrics, install_process_metrics, install_registry_metrics
from pilothouse.observability.stored import install_storage_metrics

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupResource
    from pilothouse.observability.metrics import Registry
    from pilothouse.options.gates import FeatureGates
    from pilothouse.registry.store import Store
    from pilothouse.storage.interface import Backend, Cacher


def install_metrics(
    registry: Registry, features: FeatureGates, stores: Mapping[GroupResource, Store], backend: Backend
) -> None:
    """Once in a process for each registry."""

    def caches() -> Iterator[tuple[str, str, Cacher]]:
        for resource, store in stores.items():
            # what is served under two names is counted under that of its storage
            if resource == store.resource.group_resource:
                yield resource.group, resource.resource, store.cacher

    install_registry_metrics(registry)
    install_process_metrics(version_info(), registry)
    install_feature_metrics(features.described(), registry)
    install_storage_metrics(caches, backend.size, registry)
