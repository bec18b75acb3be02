"""Finds the resources of kinds, as clients find them in discovery (upstream: pkg/registry/admissionregistration
/resolver)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery.gvk import GroupResource, GroupVersionKind
from pilothouse.registry.store import decode
from pilothouse.storage.interface import Predicate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pilothouse.registry.store import Store

_DEFINITIONS = GroupResource("apiextensions.k8s.io", "customresourcedefinitions")


def resource_of(stores: Mapping[GroupResource, Store], gvk: GroupVersionKind) -> str:
    """The resource of a served kind, built-in or custom; "" if there is none. Kinds of extension servers are not
    known here."""
    for store in stores.values():
        for resource in store.served:
            if resource.gvk == gvk:
                return resource.name
    definitions = stores.get(_DEFINITIONS)
    if definitions is None or not gvk.group:
        return ""
    for item in definitions.cacher.snapshot(Predicate(definitions.key_root()))[0]:
        if not item.key.endswith(f".{gvk.group}"):
            continue
        spec = decode(item).get("spec") or {}
        names = spec.get("names") or {}
        if spec.get("group") == gvk.group and names.get("kind") == gvk.kind:
            served = any(v.get("name") == gvk.version and v.get("served") for v in spec.get("versions") or ())
            return names.get("plural") or "" if served else ""
    return ""
