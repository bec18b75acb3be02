"""Webhooks that an object in the API describes: by URL, or by a service of the cluster (upstream: pkg/util/webhook
client.go; apiextensions and admissionregistration WebhookClientConfig).

    call = caller_for(client_config, resolve_service, seconds=30.0)
    answer = await call.post(review)
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pilothouse.apimachinery.proxy.location import join_host_port
from pilothouse.apimachinery.webhook.caller import Caller, WebhookError
from pilothouse.apimachinery.webhook.kubeconfig import ClientConfig

#: Where (namespace, name, port) of a service is reached: a host or an address, and a port. Raises ValueError with the
#: text that clients get.
ServiceResolver = Callable[[str, str, int], tuple[str, int]]


def caller_for(
    config: Mapping[str, Any], resolve: ServiceResolver, *, seconds: float, max_answer: int | None = None
) -> Caller:
    """For a WebhookClientConfig in wire form. `seconds` bounds a call, `max_answer` the bytes of its answer.

    Raises WebhookError for one that names neither a URL nor a service, or no certificates.
    """
    authority = _authority(config.get("caBundle") or "")
    service = config.get("service")
    if service is not None:
        name, namespace, port = service["name"], service["namespace"], service.get("port") or 443
        host = f"{name}.{namespace}.svc"
        path = (service.get("path") or "").removeprefix("/")
        server = f"https://{join_host_port(host, str(port))}/{path}?timeout={_duration(seconds)}"
        return Caller(
            ClientConfig(server, authority, server_name=host), seconds, max_answer=max_answer,
            dial=lambda: resolve(namespace, name, port), traced=True,
        )
    url = config.get("url")
    if not url:
        raise WebhookError("webhook configuration must have either service or URL")
    try:
        parts = urlsplit(url)
    except ValueError as e:
        raise WebhookError(f"Unparsable URL: {e}") from None
    server = f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?timeout={_duration(seconds)}"
    return Caller(ClientConfig(server, authority), seconds, max_answer=max_answer, traced=True)


def _duration(seconds: float) -> str:
    """As Go prints durations below a minute."""
    return f"{seconds:.0f}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"


def _authority(bundle: str) -> bytes:
    """The PEM text of a caBundle; blanks are none."""
    try:
        authority = base64.b64decode(bundle, validate=True)
    except (binascii.Error, ValueError):
        raise WebhookError("the caBundle is no base64") from None
    return authority if authority.strip() else b""


def resolve_cluster_ip(service: Mapping[str, Any], port: int) -> tuple[str, int]:
    """Where a Service object is reached from inside of the cluster (upstream: pkg/util/proxy, ResolveCluster). Raises
    ValueError."""
    spec, name = service["spec"], service["metadata"]["name"]
    kind = spec.get("type") or "ClusterIP"
    if kind == "ExternalName":
        return spec.get("externalName") or "", port
    if kind == "ClusterIP" and spec.get("clusterIP") == "None":
        raise ValueError('cannot route to service with ClusterIP "None"')
    if kind not in ("ClusterIP", "LoadBalancer", "NodePort"):
        raise ValueError(f'unsupported service type "{kind}"')
    if not any(known.get("port") == port for known in spec.get("ports") or ()):
        raise ValueError(f'no service port {port} found for service "{name}"')
    return spec.get("clusterIP") or "", port
