"""ComponentStatuses: asked of the components at every read (upstream: pkg/registry/core/componentstatus).

Upstream asks the scheduler and the controller manager on this machine, and etcd. None of them belongs to
this server; the storage is asked by /readyz.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.registry.rest import Object, SubresourceCall

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_PORTS = {"controller-manager": 10257, "scheduler": 10259}


async def list_components(store: Any, ctx: Context, call: SubresourceCall) -> Object:
    items = [_unreachable(name, port) for name, port in _PORTS.items()]
    items.append(_component("etcd-0", "True", "ok"))
    return {"kind": "ComponentStatusList", "apiVersion": "v1", "metadata": {}, "items": items}


async def get_component(store: Any, ctx: Context, call: SubresourceCall) -> Object:
    """Raises 404 for a component that nobody knows."""
    if call.name == "etcd-0":
        component = _component(call.name, "True", "ok")
    elif call.name in _PORTS:
        component = _unreachable(call.name, _PORTS[call.name])
    else:
        raise status.not_found(GroupResource("", "componentstatuses"), call.name)
    return {"kind": "ComponentStatus", "apiVersion": "v1", **component}


def _unreachable(name: str, port: int) -> Object:
    return _component(
        name, "False",
        f'Get "https://127.0.0.1:{port}/healthz": dial tcp 127.0.0.1:{port}: connect: connection refused',
    )


def _component(name: str, healthy: str, message: str) -> Object:
    condition = {"type": "Healthy", "status": healthy, "message": message}
    return {"metadata": {"name": name}, "conditions": [condition]}
