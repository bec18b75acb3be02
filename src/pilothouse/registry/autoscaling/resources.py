"""Kinds of autoscaling (upstream: pkg/registry/autoscaling)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("autoscaling", "v1", "autoscaling")
_v2 = Kinds("autoscaling", "v2", "autoscaling")

_V1 = (
    _v1(
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        short_names=("hpa",),
        categories=("all",),
        subresources=(STATUS,),
    ),
)

_V2 = (
    _v2(
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        short_names=("hpa",),
        categories=("all",),
        subresources=(STATUS,),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("autoscaling", 17500, (Version("v2", 30, _V2), Version("v1", 15, _V1)))
