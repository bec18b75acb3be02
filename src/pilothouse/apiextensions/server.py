"""The innermost server: CustomResourceDefinitions (upstream: apiextensions-apiserver pkg/apiserver).

It serves the definitions themselves; the resources that they define follow.
"""

from __future__ import annotations

from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.hooks import HookContext

GROUP = "apiextensions.k8s.io"
HOOKS = ("start-apiextensions-informers", "start-apiextensions-controllers", "crd-informer-synced")


async def _nothing(context: HookContext) -> None:
    """Definitions are read from the watch cache: there is no informer to wait for."""


def new(config: ServerConfig) -> GenericAPIServer:
    """The server without its groups, which the control plane installs. It delegates to "not found"."""
    return GenericAPIServer("apiextensions-apiserver", config)


def add_hooks(server: GenericAPIServer) -> None:
    for name in HOOKS:
        server.add_post_start_hook(name, _nothing)
