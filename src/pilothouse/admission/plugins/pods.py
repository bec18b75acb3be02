"""What several plugins need to know about pods."""

from collections.abc import Iterator
from typing import Any, Final

from pilothouse.apimachinery.gvk import GroupResource

PODS: Final = GroupResource("", "pods")
MIRROR_ANNOTATION: Final = "kubernetes.io/config.mirror"


def containers(spec: dict[str, Any], *fields: str) -> Iterator[dict[str, Any]]:
    """The containers in `fields` ("initContainers", "containers", "ephemeralContainers"), in that order."""
    for name in fields:
        yield from spec.get(name) or ()


def is_mirror(pod: dict[str, Any]) -> bool:
    return MIRROR_ANNOTATION in (pod["metadata"].get("annotations") or {})
