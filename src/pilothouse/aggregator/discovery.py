"""/apis and /apis/GROUP of everything the server chain serves (upstream: kube-aggregator pkg/apiserver/handler_apis.go
and apiserver.go, AddAPIService).

What they list comes from the APIServices. What lies below belongs to the server of the group.
"""

from __future__ import annotations

from pilothouse.aggregator.api_services import GROUP, LEGACY, APIServices, Object
from pilothouse.endpoints.discovery import (
    ChangingDocument,
    Discovery,
    api_group,
    api_group_document,
    api_group_list,
)
from pilothouse.server.apiserver import GenericAPIServer


class GroupPaths:
    """Keeps the paths of the aggregator's mux in step with the APIServices."""

    def __init__(self, server: GenericAPIServer, services: APIServices) -> None:
        self._mux = server.mux
        self._services = services
        self._groups: dict[str, tuple[ChangingDocument, set[str]]] = {}
        self._list = ChangingDocument(self._group_list)
        every = Discovery(self._list, server.config.discovery)
        self._mux.handle("/apis", every)
        self._mux.handle("/apis/", every)
        services.listen(self._changed)

    def _group_list(self) -> Object:
        # Our own group has no APIService, and stands first.
        listed = [api_group(GROUP, ["v1"])]
        listed += (api_group(group, versions) for group, versions in self._services.by_group())
        return api_group_list(listed)

    def _changed(self, name: str, obj: Object | None) -> None:
        if name == LEGACY:
            return
        self._list.invalidate()
        version, _, group = name.partition(".")
        known = self._groups.get(group)
        if obj is not None:
            document, versions = known or self._add_group(group)
            versions.add(version)
            self._mux.list_path(f"/apis/{group}/{version}")
            document.invalidate()
        elif known is not None:
            document, versions = known
            versions.discard(version)
            self._mux.unregister(f"/apis/{group}/{version}")
            document.invalidate()
            if not versions:
                del self._groups[group]
                self._mux.unregister(f"/apis/{group}")
                self._mux.unregister(f"/apis/{group}/")

    def _add_group(self, group: str) -> tuple[ChangingDocument, set[str]]:
        document = ChangingDocument(lambda: self._group_document(group))
        self._mux.handle(f"/apis/{group}", document)
        self._mux.handle(f"/apis/{group}/", document, listed=False)
        added: tuple[ChangingDocument, set[str]] = document, set()
        self._groups[group] = added
        return added

    def _group_document(self, group: str) -> Object:
        return api_group_document(api_group(group, dict(self._services.by_group())[group]))
