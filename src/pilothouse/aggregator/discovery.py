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
from pilothouse.server.webservice import web_service


def install(server: GenericAPIServer, groups: Sequence[Group]) -> None:
    """/apis and /apis/GROUP on the aggregator, for all `groups` in the order of their priority.

    Only these exact paths, with and without a slash: what lies below belongs to the server of the group.
    """
    named = [group for group in groups if group.name]
    every = Discovery(Document(api_group_list(_api_group(group) for group in named)), _aggregated(named))
    server.mux.handle("/apis", every)
    server.mux.handle("/apis/", every)
    for group in named:
        document = Document(api_group_document(_api_group(group)))
        server.mux.handle(f"/apis/{group.name}", document)
        server.mux.handle(f"/apis/{group.name}/", document, listed=False)


def install_core(server: GenericAPIServer, core: Group, address: str) -> None:
    """/api on the server of the core group; `address` is "host:port"."""
    found = Discovery(
        Document(api_versions(address, [version.version for version in core.versions])), _aggregated([core])
    )
    server.director.install_service("/api", web_service(found))


def install_group(server: GenericAPIServer, group: Group) -> None:
    """Everything below /apis/GROUP that no version serves is answered by the group's own server."""
    path = f"/apis/{group.name}"
    server.director.install_service(path, web_service(Document(api_group_document(_api_group(group)))))


def _api_group(group: Group) -> dict[str, object]:
    return api_group(group.name, [version.version for version in group.versions])


def _aggregated(groups: Sequence[Group]) -> AggregatedDocument:
    return AggregatedDocument(
        group_discovery(group.name, [version_discovery(v.version, v.resources) for v in group.versions])
        for group in groups
    )
