"""The rules of endpoint slices (upstream: pkg/registry/discovery/endpointslice/strategy.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1123_subdomain
from pilothouse.registry.discovery.validation import address_warnings, validate_endpoint_slice
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_HOSTNAME = "kubernetes.io/hostname"


class EndpointSliceStrategy(Strategy):
    """Labels count for the generation; the topology of old versions cannot be written any more."""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        obj["metadata"]["generation"] = 1
        _drop_topology(obj, set())

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        metadata, before = obj["metadata"], old["metadata"]
        changed = any(obj.get(k) != old.get(k) for k in (obj.keys() | old.keys()) - {"metadata", "kind", "apiVersion"})
        if changed or (metadata.get("labels") or {}) != (before.get("labels") or {}):
            metadata["generation"] = (before.get("generation") or 0) + 1
        if obj.get("endpoints") != old.get("endpoints"):
            _drop_topology(obj, _old_node_names(old))

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_endpoint_slice(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_endpoint_slice(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        deprecated = obj.get("addressType") == "FQDN"
        return [*(["spec.addressType: FQDN endpoints are deprecated"] if deprecated else ()), *address_warnings(obj)]

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return address_warnings(obj)


def _old_node_names(old: Object) -> set[str]:
    return {
        endpoint["deprecatedTopology"][_HOSTNAME]
        for endpoint in old.get("endpoints") or ()
        if _HOSTNAME in (endpoint.get("deprecatedTopology") or {})
    }


def _drop_topology(obj: Object, known: set[str]) -> None:
    for endpoint in obj.get("endpoints") or ():
        topology = endpoint.pop("deprecatedTopology", None)
        name = (topology or {}).get(_HOSTNAME)
        if name in known and endpoint.get("nodeName") is None and not is_dns1123_subdomain(name):
            endpoint["nodeName"] = name
