"""Kinds of events.k8s.io (upstream: pkg/registry/events). Events are stored as those of the core group."""

from pilothouse.registry.core.events import EventStrategy, selectable
from pilothouse.registry.core.printers import PRINTERS
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.events import conversion
from pilothouse.registry.kinds import Group, Kinds, Version
from pilothouse.registry.rest import Converter

_v1 = Kinds("events.k8s.io", "v1", "core", PRINTERS)

_V1 = (
    _v1(
        "Event",
        "events",
        short_names=("ev",),
        strategy=EventStrategy(),
        selectable=selectable,
        selectable_names=("reason", "type"),
        converter=Converter(conversion.to_core, conversion.from_core),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("events.k8s.io", 17750, (Version("v1", 15, _V1),))
