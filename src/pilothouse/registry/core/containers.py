"""Which container of a pod a request means (upstream: pkg/registry/core/pod/strategy.go, validateContainer)."""

from __future__ import annotations

from typing import Any

from pilothouse.apimachinery import status


def container_names(pod: dict[str, Any]) -> list[str]:
    """Of all containers: init, ordinary, ephemeral."""
    spec = pod.get("spec") or {}
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [container.get("name", "") for kind in kinds for container in spec.get(kind) or ()]


def chosen_container(pod: dict[str, Any], asked: str) -> str:
    """The container asked for, or the pod's only one. Raises StatusError (400)."""
    name = pod["metadata"]["name"]
    if asked:
        if asked not in container_names(pod):
            raise status.bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    containers = (pod.get("spec") or {}).get("containers") or []
    if len(containers) == 1:
        return str(containers[0]["name"])
    message = f"a container name must be specified for pod {name}"
    if containers:
        message += f", choose one of: [{' '.join(container_names(pod))}]"
    raise status.bad_request(message)
