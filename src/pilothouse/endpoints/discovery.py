"""Discovery documents (upstream: apiserver pkg/endpoints/discovery and discovery/aggregated).

The functions make wire forms from `Resource` tables; a `Document` holds one of them encoded, and answers
requests with it. Who serves which document under which path is the server's business.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import negotiation
from pilothouse.endpoints.metrics import discovered_without_peers
from pilothouse.endpoints.negotiation import MEDIA_TYPES, Accepted, Negotiator
from pilothouse.endpoints.response import dumps, write
from pilothouse.registry.rest import Resource

#: By storage prefix, the kind and version in which objects are stored; see `storage_versions`.
StorageVersions = Mapping[str, GroupVersionKind]

#: Kinds that kube-apiserver 1.36 still writes in an older version than the one it serves; the hash says so.
_WRITTEN_AS = {
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): "v1beta1",
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): "v1beta1",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "v1beta1",
}


def storage_version_hash(gvk: GroupVersionKind) -> str:
    """Base64 of the first eight bytes of the SHA-256 of "group/version/kind"."""
    digest = hashlib.sha256(f"{gvk.group}/{gvk.version}/{gvk.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def storage_versions(resources: Iterable[Resource]) -> dict[str, GroupVersionKind]:
    """By storage prefix, the kind and version in which objects are stored."""
    return {
        r.storage_prefix: r.gvk._replace(version=_WRITTEN_AS.get(r.group_kind, r.version))
        for r in resources if r.storage_prefix and r.converter is None
    }


def resource_list(
    group_version: GroupVersion, resources: Iterable[Resource], stored: StorageVersions
) -> dict[str, Any]:
    """The APIResourceList of one group version; the core one has no apiVersion, as upstream's has none."""
    document: dict[str, Any] = {"kind": "APIResourceList"}
    if group_version.group:
        document["apiVersion"] = "v1"
    document["groupVersion"] = str(group_version)
    entries = [entry for resource in resources for entry in _entries(resource, stored)]
    document["resources"] = sorted(entries, key=lambda entry: str(entry["name"]))
    return document


def _entries(resource: Resource, stored: StorageVersions) -> Iterable[dict[str, Any]]:
    entry: dict[str, Any] = {
        "name": resource.name, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.kind, "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    storage_gvk = stored.get(resource.storage_prefix)
    if storage_gvk is not None:
        entry["storageVersionHash"] = storage_version_hash(storage_gvk)
    yield entry
    for sub in resource.subresources:
        kind = sub.kind or resource.gvk
        nested: dict[str, Any] = {
            "name": f"{resource.name}/{sub.name}", "singularName": "", "namespaced": resource.namespaced
        }
        if (kind.group, kind.version) != (resource.group, resource.version):
            nested["group"], nested["version"] = kind.group, kind.version
            if not kind.group:
                del nested["group"]
        nested["kind"], nested["verbs"] = kind.kind, sorted(sub.verbs)
        yield nested


def api_group(name: str, versions: Sequence[str]) -> dict[str, Any]:
    """An APIGroup as a part of the list, without kind and apiVersion; the preferred version comes first."""
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def api_group_document(group: Mapping[str, Any]) -> dict[str, Any]:
    """/apis/GROUP."""
    return {"kind": "APIGroup", "apiVersion": "v1", **group}


def api_group_list(groups: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """/apis."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [dict(group) for group in groups]}


def api_versions(address: str, versions: Sequence[str] = ("v1",)) -> dict[str, Any]:
    """/api; `address` is the "host:port" under which clients reach the server."""
    return {
        "kind": "APIVersions",
        "versions": list(versions),
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


class Document:
    """One encoded document. `data` is its compact JSON."""

    def __init__(self, document: Mapping[str, Any], negotiator: Negotiator | None = None) -> None:
        self.data = dumps(document)
        self._negotiate = negotiator or _plain

    async def __call__(self, request: Request) -> Response:
        """An `http.Handler`. Raises 406."""
        return await write(request, self._negotiate(request), 200, self.data)


class ChangingDocument:
    """A document that is made when it is asked for the first time, and anew after `invalidate`."""

    def __init__(self, build: Callable[[], Mapping[str, Any]]) -> None:
        self._build = build
        self._document: Document | None = None

    def invalidate(self) -> None:
        self._document = None

    async def __call__(self, request: Request) -> Response:
        """An `http.Handler`. Raises 406."""
        if self._document is None:
            self._document = Document(self._build())
        return await self._document(request)


_plain = Negotiator(MEDIA_TYPES, negotiation.allows_no_transform)


# Aggregated discovery


def version_discovery(
    version: str, resources: Iterable[Resource], *, freshness: str = "Current"
) -> dict[str, Any]:
    """An APIVersionDiscovery (apidiscovery.k8s.io/v2)."""
    listed = sorted(resources, key=lambda resource: resource.name)
    return {"version": version, "resources": [_discovered(r) for r in listed], "freshness": freshness}


def _discovered(resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resource": resource.name,
        "responseKind": _response_kind(resource, None),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        found["shortNames"] = list(resource.short_names)
    if resource.categories:
        found["categories"] = list(resource.categories)
    if resource.subresources:
        found["subresources"] = [
            {
                "subresource": sub.name, "responseKind": _response_kind(resource, sub.kind), "verbs": sorted(sub.verbs)
            }
            for sub in sorted(resource.subresources, key=lambda sub: sub.name)
        ]
    return found


def _response_kind(resource: Resource, kind: GroupVersionKind | None) -> dict[str, str]:
    """Group and version only where they differ from the resource's own."""
    if kind is None or (kind.group, kind.version) == (resource.group, resource.version):
        return {"group": "", "version": "", "kind": (kind or resource.gvk).kind}
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def group_discovery(name: str, versions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An APIGroupDiscovery; the core group has no name."""
    return {"metadata": {"name": name} if name else {}, "versions": [dict(version) for version in versions]}


_aggregated = Negotiator(MEDIA_TYPES, negotiation.allows_aggregated_discovery)


@dataclass(frozen=True, slots=True)
class Encoded:
    """An APIGroupDiscoveryList as bytes, by version of its API."""

    etag: bytes
    by_version: Mapping[str, bytes]


def encoded_list(groups: Iterable[bytes]) -> Encoded:
    """`groups` are encoded APIGroupDiscoveries; they look the same in both versions."""
    items = b",".join(groups)
    by_version = {
        version: b'{"kind":"APIGroupDiscoveryList","apiVersion":"%b/%b","metadata":{},"items":[%b]}' % (
            negotiation.DISCOVERY_GROUP.encode(), version.encode(), items)
        for version in ("v2", "v2beta1")
    }
    digest = hashlib.sha512(by_version["v2"]).hexdigest().upper()
    return Encoded(f'"{digest}"'.encode(), by_version)


class AggregatedDocument:
    """The aggregated form of /api or /apis, with its ETag."""

    def __init__(self, groups: Iterable[Mapping[str, Any]] = ()) -> None:
        self._encoded = encoded_list(dumps(group) for group in groups)

    def encoded(self) -> Encoded:
        return self._encoded

    @staticmethod
    def wanted(request: Request) -> Accepted | None:
        """The representation when the request asks for aggregated discovery, else None."""
        header = request.header(b"accept")
        if not header or negotiation.DISCOVERY_GROUP not in header:
            return None
        return _aggregated.handler_match(request)

    async def respond(self, request: Request, accepted: Accepted) -> Response:
        """The document, or 304 when the client has it."""
        encoded = self.encoded()
        target = accepted.transform
        version = target.version if target is not None else "v2"
        if version == "v2" and "profile=nopeer" in (request.header(b"accept") or ""):
            discovered_without_peers()
        headers = [(b"etag", encoded.etag), (b"vary", b"Accept"), (b"cache-control", b"public")]
        if (request.header(b"if-none-match") or "").encode() == encoded.etag:
            return Response(304, b"", headers)
        response = await write(request, accepted, 200, encoded.by_version[version])
        content_type = f"{accepted.media_type};g={negotiation.DISCOVERY_GROUP};v={version};as=APIGroupDiscoveryList"
        response.headers = [
            *headers, *((name, content_type.encode() if name == b"content-type" else value)
                        for name, value in response.headers if name != b"vary"),
        ]
        return response


class Discovery:
    """A path that shows a plain document, and the aggregated one to those who ask (upstream: WrappedHandler)."""

    def __init__(self, plain: Handler, aggregated: AggregatedDocument) -> None:
        self.plain = plain
        self.aggregated = aggregated

    async def __call__(self, request: Request) -> Response:
        """An `http.Handler`. Raises 406."""
        accepted = AggregatedDocument.wanted(request)
        if accepted is not None:
            return await self.aggregated.respond(request, accepted)
        return await self.plain(request)
