"""The documents of the built-in API (upstream: k8s.io/apiserver pkg/server/routes/openapi.go)."""

from collections.abc import Iterable, Mapping
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.apimachinery.schema import catalog
from pilothouse.endpoints.openapi import v2, v3
from pilothouse.endpoints.openapi.model import JSON, PathItem
from pilothouse.endpoints.openapi.operations import ResourceOperations, discovery, information, root_path
from pilothouse.registry.rest import Resource

INFO = {"title": "Kubernetes", "version": "1.36"}

#: Resources whose deletion is answered with the object (upstream: rest.MayReturnFullObjectDeleter and the stores'
#: ReturnDeletedObject).
_RETURN_DELETED = frozenset((
    ("", "persistentvolumeclaims"), ("", "persistentvolumes"), ("", "pods"), ("", "podtemplates"),
    ("", "resourcequotas"), ("", "serviceaccounts"), ("", "services"),
    ("resource.k8s.io", "deviceclasses"), ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"), ("resource.k8s.io", "resourceslices"),
    ("storage.k8s.io", "csidrivers"), ("storage.k8s.io", "csinodes"), ("storage.k8s.io", "storageclasses"),
    ("storage.k8s.io", "volumeattachments"), ("storage.k8s.io", "volumeattributesclasses"),
))  # fmt: skip


class BuiltinDocuments:
    """Builds documents from `resources`: everything that is served, all groups and versions."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_version: dict[GroupVersion, list[Resource]] = {}
        for resource in resources:
            self._by_version.setdefault(GroupVersion(resource.group, resource.version), []).append(resource)

    def v2(self) -> dict[str, Any]:
        """The document of everything. Takes some tens of milliseconds: build it off the loop."""
        paths = [item for items in self._paths().values() for item in items]
        return v2.document(paths, catalog.definitions(2), INFO)

    def v3(self) -> Mapping[str, bytes]:
        """The documents by their key ("apis/apps/v1"). Takes some tens of milliseconds: build them off the loop."""
        schemas = catalog.definitions(3)
        scopes = {root_path(version): version for version in self._by_version}
        return {
            key: v3.document(items, schemas, INFO, scopes.get(key)) for key, items in sorted(self._paths().items())
        }

    def _paths(self) -> dict[str, list[PathItem]]:
        """All paths, by the key of the v3 document that holds them."""
        found = _outside()
        types = catalog.kinds()
        for version, resources in self._by_version.items():
            root = root_path(version)
            found[root] = [discovery(root, "APIResources", "get available resources", "APIResourceList")]
            if version.group:
                group = f"apis/{version.group}"
                found[group] = [discovery(group, "APIGroup", "get information of a group", "APIGroup")]
            for resource in resources:
                returned = (resource.group, resource.name) in _RETURN_DELETED
                found[root] += ResourceOperations(resource, types, returns_deleted=returned).paths()
        return found


def _outside() -> dict[str, list[PathItem]]:
    issuer = "get service account issuer OpenID "
    items = {
        ".well-known/openid-configuration": information(
            ".well-known/openid-configuration", "getServiceAccountIssuerOpenIDConfiguration",
            f"{issuer}configuration, also known as the 'OIDC discovery doc'", "",
        ),
        "openid/v1/jwks": information(
            "openid/v1/jwks", "getServiceAccountIssuerOpenIDKeyset",
            f"{issuer}JSON Web Key Set (contains public token verification keys)", "", "application/jwk-set+json",
        ),
        "version": information(
            "version", "getCodeVersion", "get the version information for this server",
            "io.k8s.apimachinery.pkg.version.Info", consumes=(JSON,),
        ),
        "api": discovery("api", "APIVersions", "get available API versions", "APIVersions"),
        "apis": discovery("apis", "APIVersions", "get available API versions", "APIGroupList"),
    }  # fmt: skip
    return {key: [item] for key, item in items.items()}
