"""Warnings about deprecated kinds (upstream: endpoints/deprecation, the kinds' APILifecycle methods)."""

from pilothouse.apimachinery.gvk import GroupVersionKind

_DEPRECATED = {
    GroupVersionKind("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    GroupVersionKind("", "v1", "Endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    ),
}


def warning(gvk: GroupVersionKind) -> str:
    """The text that every answer about this kind carries, or ""."""
    return _DEPRECATED.get(gvk, "")
