"""Discovery of everything the server chain serves (upstream: kube-aggregator pkg/apiserver/handler_apis.go)."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.endpoints.discovery import (
    AggregatedDocument,
    Discovery,
    Document,
    api_group,
    api_group_document,
    api_group_list,
    api_versions,
    group_discovery,
    version_discovery,
)
from pilothouse.registry.kinds import Group
from pilothouse.server.apiserver import GenericAPIServer


def install(server: GenericAPIServer, groups: Sequence[Group], address: str) -> None:
    """/api, /apis and /apis/GROUP. `groups` in the order of their priority; `address` is "host:port"."""
    named = [group for group in groups if group.name]
    core = [group for group in groups if not group.name]
    server.director.install_service(
        "/api", Discovery(Document(api_versions(address)), _aggregated(core))
    )
    server.director.install_service(
        "/apis", Discovery(Document(api_group_list(_api_group(group) for group in named)), _aggregated(named))
    )
    for group in named:
        server.director.install_service(f"/apis/{group.name}", Document(api_group_document(_api_group(group))))


def _api_group(group: Group) -> dict[str, object]:
    return api_group(group.name, [version.version for version in group.versions])


def _aggregated(groups: Sequence[Group]) -> AggregatedDocument:
    return AggregatedDocument(
        group_discovery(group.name, [version_discovery(v.version, v.resources) for v in group.versions])
        for group in groups
    )
