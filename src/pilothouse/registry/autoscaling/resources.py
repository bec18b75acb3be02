"""Kinds of autoscaling (upstream: pkg/registry/autoscaling). v2 is what is stored."""

from pilothouse.registry.autoscaling import conversion, defaults
from pilothouse.registry.autoscaling.printers import PRINTERS
from pilothouse.registry.autoscaling.strategies import AutoscalerStrategy
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version
from pilothouse.registry.rest import Converter

_v1 = Kinds("autoscaling", "v1", "autoscaling", PRINTERS)
_v2 = Kinds("autoscaling", "v2", "autoscaling", PRINTERS)

_STRATEGY = AutoscalerStrategy()

_V1 = (
    _v1(
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        short_names=("hpa",),
        categories=("all",),
        subresources=(STATUS,),
        strategy=_STRATEGY,
        default=defaults.default_v1,
        converter=Converter(conversion.v1_to_v2, conversion.v2_to_v1),
    ),
)

_V2 = (
    _v2(
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        short_names=("hpa",),
        categories=("all",),
        subresources=(STATUS,),
        strategy=_STRATEGY,
        default=defaults.default_v2,
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("autoscaling", 17500, (Version("v2", 30, _V2), Version("v1", 15, _V1)))
