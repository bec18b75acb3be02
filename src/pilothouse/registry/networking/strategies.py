"""The rules of networking.k8s.io (upstream: pkg/registry/networking)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.networking import addresses, ingress_validation, validation
from pilothouse.registry.networking.ingress_validation import INGRESS_CLASS
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.strategies import Desired, StatusOnly, WithGeneration

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class IngressStrategy(Desired):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [
            *ingress_validation.validate_ingress(obj), *ingress_validation.validate_ingress_class_annotation(obj)
        ]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(ingress_validation.validate_ingress(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(ingress_validation.validate_ingress_status(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        annotations = obj["metadata"].get("annotations") or {}
        if INGRESS_CLASS in annotations and "ingressClassName" not in (obj.get("spec") or {}):
            return [f'annotation "{INGRESS_CLASS}" is deprecated, please use \'spec.ingressClassName\' instead']
        return []


class IngressClassStrategy(WithGeneration):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_ingress_class(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_ingress_class_update(obj, old))


class NetworkPolicyStrategy(WithGeneration):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_network_policy(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_network_policy(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return validation.network_policy_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return validation.network_policy_warnings(obj)


class IPAddressStrategy(Strategy):
    @staticmethod
    def validate_name(name: str, prefix: bool) -> Sequence[str]:
        return addresses.canonical_ip_errors(name)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return addresses.parent_errors((obj.get("spec") or {}).get("parentRef"))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        ref, before = (obj.get("spec") or {}).get("parentRef"), (old.get("spec") or {}).get("parentRef")
        errors = addresses.parent_errors(ref)
        if ref != before:
            errors.append(field.invalid("spec.parentRef", addresses.shown(ref), "field is immutable"))
        return errors


class ServiceCIDRStrategy(StatusOnly):
    """A new ServiceCIDR keeps no status that a client sends."""

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_service_cidr(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_service_cidr_update(obj, old))
