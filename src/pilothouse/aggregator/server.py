"""The outermost server: APIServices and what all servers offer together (upstream: kube-aggregator pkg/apiserver)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.healthz import Check
from pilothouse.server.hooks import HookContext
from pilothouse.server.loopback import LoopbackClient

GROUP = "apiregistration.k8s.io"
_API_SERVICES = (GROUP, "v1", "apiservices")
_AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"

Object = dict[str, Any]


def new(config: ServerConfig, delegate: GenericAPIServer) -> GenericAPIServer:
    """The server without its groups, which the control plane installs."""
    return GenericAPIServer("kube-aggregator", config, delegate)


def api_service(group: str, version: str, group_priority: int, version_priority: int) -> Object:
    """The APIService of a group version that this process serves by itself."""
    spec: Object = {"version": version, "groupPriorityMinimum": group_priority, "versionPriority": version_priority}
    if group:
        spec = {"group": group, **spec}
    return {"metadata": {"name": f"{version}.{group}", "labels": {_AUTOMANAGED: "onstart"}}, "spec": spec}


class AutoRegistration:
    """Keeps one APIService for each group version of this process (upstream: controllers/autoregister)."""

    def __init__(self, wanted: Iterable[Object]) -> None:
        self._wanted = {obj["metadata"]["name"]: obj for obj in wanted}
        self._done = False

    def add_hooks(self, server: GenericAPIServer) -> None:
        for name in (
            "aggregator-reload-proxy-client-cert", "start-kube-aggregator-informers",
            "apiservice-status-local-available-controller", "apiservice-status-remote-available-controller",
            "apiservice-registration-controller", "apiservice-wait-for-first-sync", "apiservice-discovery-controller",
        ):
            server.add_post_start_hook(name, _nothing)
        server.add_post_start_hook("kube-apiserver-autoregistration", self._register)
        server.add_boot_check(Check(
            "autoregister-completion", lambda: None if self._done else "missing APIService: not registered yet"
        ))
        for name in ("apiservice-openapi-controller", "apiservice-openapiv3-controller"):
            server.add_post_start_hook(name, _nothing)

    async def _register(self, context: HookContext) -> None:
        stored = {o["metadata"]["name"]: o for o in (await context.client.list(*_API_SERVICES))["items"]}
        async with asyncio.TaskGroup() as tasks:
            for name, obj in self._wanted.items():
                if name not in stored:
                    tasks.create_task(self._create(context.client, obj))
                elif stored[name]["spec"] != obj["spec"] and _automanaged(stored[name]):
                    changed = {**stored[name], "spec": obj["spec"]}
                    tasks.create_task(_ignoring_conflict(context.client.update(*_API_SERVICES, changed)))
            for name, obj in stored.items():
                if name not in self._wanted and _automanaged(obj) and not obj["spec"].get("service"):
                    tasks.create_task(_ignoring_conflict(context.client.delete(*_API_SERVICES, name)))
        self._done = True

    async def _create(self, client: LoopbackClient, obj: Object) -> None:
        await _ignoring_conflict(client.create(*_API_SERVICES, obj))


def _automanaged(obj: Object) -> bool:
    return (obj["metadata"].get("labels") or {}).get(_AUTOMANAGED) == "onstart"


async def _ignoring_conflict(call: Any) -> None:
    """Somebody else was faster: what they wrote stands."""
    try:
        await call
    except StatusError as e:
        if e.code not in (404, 409):
            raise


async def _nothing(context: HookContext) -> None:
    """All APIServices are local: there is nothing to probe or to proxy."""
