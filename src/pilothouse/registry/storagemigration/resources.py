"""Kinds of storagemigration.k8s.io (upstream: pkg/registry/storagemigration)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version
from pilothouse.registry.storagemigration.printers import PRINTERS
from pilothouse.registry.storagemigration.strategies import MigrationStrategy

_v1beta1 = Kinds("storagemigration.k8s.io", "v1beta1", "storagemigration", PRINTERS)

_V1BETA1 = (
    _v1beta1(
        "StorageVersionMigration",
        "storageversionmigrations",
        namespaced=False,
        subresources=(STATUS,),
        strategy=MigrationStrategy(),
        feature_gate="StorageVersionMigrator",
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("storagemigration.k8s.io", 15800, (Version("v1beta1", 9, _V1BETA1),))
