"""The rules of networking.k8s.io (upstream: pkg/registry/networking)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.networking import addresses
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.strategies import Desired, StatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_INGRESS_CLASS = "kubernetes.io/ingress.class"


class IngressStrategy(Desired):
    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        annotations = obj["metadata"].get("annotations") or {}
        if _INGRESS_CLASS in annotations and "ingressClassName" not in (obj.get("spec") or {}):
            return [f'annotation "{_INGRESS_CLASS}" is deprecated, please use \'spec.ingressClassName\' instead']
        return []


class IPAddressStrategy(Strategy):
    @staticmethod
    def validate_name(name: str, prefix: bool) -> Sequence[str]:
        return addresses.canonical_ip_errors(name)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return addresses.parent_errors((obj.get("spec") or {}).get("parentRef"))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        errors = []
        ref, before = (obj.get("spec") or {}).get("parentRef"), (old.get("spec") or {}).get("parentRef")
        if ref is None:
            errors.append(field.required("spec.parentRef", "cannot be empty"))
        if ref != before:
            errors.append(field.invalid("spec.parentRef", ref, "field is immutable"))
        return errors


class ServiceCIDRStrategy(StatusOnly):
    """A new ServiceCIDR keeps no status that a client sends."""
