"""The paths outside of the API groups, all on the outermost server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.controlplane.token_issuer import public_keys
from pilothouse.controlplane.version import version_info
from pilothouse.endpoints.openapi.builtin import BuiltinDocuments
from pilothouse.server.routes.openid import install_openid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.options.options import Options
    from pilothouse.registry.kinds import Group
    from pilothouse.server.apiserver import GenericAPIServer


def install_paths(server: GenericAPIServer, options: Options, groups: Sequence[Group], host_port: str) -> None:
    """OpenAPI with that of all `groups`, OpenID, and what every server has; `host_port` is the advertised one."""
    _install_openapi(server, groups)
    accounts = options.service_accounts
    install_openid(
        server.director, accounts.service_account_issuer[0], lambda: public_keys(accounts.service_account_key_file),
        accounts.service_account_jwks_uri or f"https://{host_port}/openid/v1/jwks",
    )
    server.install_base_routes(version_info(), flags=options.shown(), profiling=options.features.profiling)


def _install_openapi(server: GenericAPIServer, groups: Sequence[Group]) -> None:
    openapi = server.config.openapi
    builtin = BuiltinDocuments(resource for group in groups for resource in group.resources)
    openapi.set_v2("builtin", builtin.v2, rank=())
    openapi.set_v3("builtin", builtin.v3, rank=())
    server.mux.handle("/openapi/v2", openapi.v2)
    server.mux.handle("/openapi/v3", openapi.v3_index)
    server.mux.handle_prefix("/openapi/v3/", openapi.v3_document)
