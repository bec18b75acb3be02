"""Discovery of the built-in groups (upstream: pkg/controlplane/apiserver, installation of groups)."""

from __future__ import annotations

from pilothouse.endpoints.discovery import (
    AggregatedDocument,
    Discovery,
    Document,
    api_group,
    api_group_document,
    api_versions,
    group_discovery,
    version_discovery,
)
from pilothouse.endpoints.discovery_manager import Registrar
from pilothouse.registry.kinds import Group
from pilothouse.server.apiserver import GenericAPIServer
from pilothouse.server.webservice import web_service

_FIRST = "apiregistration.k8s.io"
_ABOVE_ALL = 20001
"""More than an APIService may have, so that the aggregator's own group stands first (upstream:
APIRegistrationGroupPriority)."""


def install_core(server: GenericAPIServer, core: Group, address: str) -> None:
    """/api on the server of the core group; `address` is "host:port"."""
    versions = [version_discovery(version.version, version.resources) for version in core.versions]
    found = Discovery(
        Document(api_versions(address, [version.version for version in core.versions])),
        AggregatedDocument([group_discovery("", versions)]),
    )
    server.director.install_service("/api", web_service(found))


def install_group(server: GenericAPIServer, group: Group) -> None:
    """Everything below /apis/GROUP that no version serves is answered by the group's own server."""
    document = Document(api_group_document(api_group(group.name, [version.version for version in group.versions])))
    server.director.install_service(f"/apis/{group.name}", web_service(document))


def announce(registrar: Registrar, group: Group) -> None:
    """Put a group into aggregated discovery."""
    priority = _ABOVE_ALL if group.name == _FIRST else group.priority
    for version in group.versions:
        registrar.set_priority(group.name, version.version, priority, version.priority)
        registrar.set(group.name, version_discovery(version.version, version.resources))
