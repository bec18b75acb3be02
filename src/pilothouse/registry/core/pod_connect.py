"""pods/exec, pods/attach and pods/portforward: an upgraded connection to the kubelet (upstream: pod/rest).

Every upgrade is carried to the kubelet as it came. kube-apiserver translates the newest WebSocket protocols to SPDY
for kubelets that do not declare ExtendWebSocketsToKubelet; such a kubelet refuses them here, and clients fall
back to SPDY.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.proxy.handler import upgrade_only
from pilothouse.apimachinery.proxy.location import Location, encode_query
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.registry.core import connect_options as query
from pilothouse.registry.core.containers import chosen_container
from pilothouse.registry.core.kubelet import PODS, Kubelets, read

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Handler, Request
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.registry.dependencies import Dependencies
    from pilothouse.registry.rest import Object

#: The kubelet's names of the streams (upstream: api.ExecStdinParam …).
_STREAMS = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}


class PodStream:
    """A `rest.Connecter`. `decode` reads its options; `target` gives the kubelet's path, without namespace and pod,
    and the query, for a pod and the options."""

    methods = ("GET", "POST")

    def __init__(
        self, dependencies: Dependencies, kubelets: Kubelets, decode: Callable[[Request], Object],
        target: Callable[[Object, Object], tuple[str, str, str]],
    ) -> None:
        self._stores = dependencies.stores
        self._authorizer = dependencies.authorizer
        self._kubelets = kubelets
        self._decode = decode
        self._target = target

    def connect_options(self, request: Request) -> Object:
        return self._decode(request)

    async def connect(self, ctx: Context, namespace: str, name: str, options: Object) -> Handler:
        await ensure_authorized(ctx, self._authorizer, "create")
        pod = await read(self._stores, PODS, ctx, namespace, name)
        path, container, raw_query = self._target(pod, options)
        node_name = (pod.get("spec") or {}).get("nodeName", "")
        if not node_name:
            raise status.bad_request(f"pod {name} does not have a host assigned")
        info = await self._kubelets.connection(ctx, node_name)
        location = Location(info.scheme, info.host, f"/{path}/{namespace}/{name}{container}", raw_query)
        return upgrade_only(location, info.transport)


def pod_exec(dependencies: Dependencies, kubelets: Kubelets) -> PodStream:
    return PodStream(dependencies, kubelets, _exec_options, _stream_target("exec"))


def pod_attach(dependencies: Dependencies, kubelets: Kubelets) -> PodStream:
    return PodStream(dependencies, kubelets, _attach_options, _stream_target("attach"))


def pod_portforward(dependencies: Dependencies, kubelets: Kubelets) -> PodStream:
    return PodStream(dependencies, kubelets, _ports_options, _ports_target)


def _attach_options(request: Request) -> Object:
    options: Object = query.flags(request, *_STREAMS)
    if container := request.query_value("container"):
        options["container"] = container
    return options


def _exec_options(request: Request) -> Object:
    # "command" is the one field that is written even when it is null.
    command = [value for name, value in request.query if name == "command"]
    return {**_attach_options(request), "command": command or None}


def _ports_options(request: Request) -> Object:
    ports = query.ports(request)
    return {"ports": ports} if ports else {}


def _stream_target(path: str) -> Callable[[Object, Object], tuple[str, str, str]]:
    def target(pod: Object, options: Object) -> tuple[str, str, str]:
        container = chosen_container(pod, options.get("container", ""))
        pairs = [(parameter, "1") for name, parameter in _STREAMS.items() if options.get(name)]
        pairs += [("command", word) for word in options.get("command") or ()]
        return path, f"/{container}", encode_query(pairs)

    return target


def _ports_target(pod: Object, options: Object) -> tuple[str, str, str]:
    ports = ",".join(str(port) for port in options.get("ports") or ())
    return "portForward", "", encode_query([("port", ports)] if ports else [])


async def ensure_authorized(ctx: Context, authorizer: Authorizer | None, verb: str) -> None:
    """A WebSocket begins with a GET; who may only read must not run commands by it (upstream: rest/authorize.go)."""
    info = ctx.request_info
    if info.verb == verb:
        return
    if authorizer is None:
        raise status.internal_error("no authorizer available")
    try:
        decision, reason = await authorizer.authorize(replace(Attributes.of_request(ctx.user, info), verb=verb))
    except AuthorizationError as error:
        raise status.plain_internal(str(error)) from None
    if decision is not Decision.ALLOW:
        raise status.forbidden(GroupResource(info.api_group, info.resource), info.name, reason)
