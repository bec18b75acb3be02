"""The rules of admissionregistration.k8s.io (upstream: pkg/registry/admissionregistration)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from pilothouse.apimachinery import field
from pilothouse.registry.admissionregistration import policy_validation, webhook_validation
from pilothouse.registry.admissionregistration.access import ParameterAccess
from pilothouse.registry.rest import Heavier, Object
from pilothouse.registry.strategies import ConditionalWithGeneration, DesiredStatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_STATIC_SUFFIX = ".static.k8s.io"
_LONG = 4096


class _Named:
    """Names that belong to files of the server get a warning."""

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        if not (obj["metadata"].get("name") or "").endswith(_STATIC_SUFFIX):
            return []
        return [
            f'metadata.name: names ending with "{_STATIC_SUFFIX}" are reserved for static manifest-based '
            "configurations and cannot be managed via the API"
        ]

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return self.warnings_on_create(ctx, obj)


class WebhookStrategy(_Named, ConditionalWithGeneration):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(webhook_validation.validate_webhooks(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(webhook_validation.validate_webhooks(obj, old))


def _look_aside(ctx: Context, policy: Object) -> None:
    """Raises Heavier for a policy of more expressions than compile within some milliseconds."""
    if not ctx.heavy and len(orjson.dumps(policy.get("spec") or {})) > _LONG:
        raise Heavier


class _Policy(_Named):
    def __init__(self, access: ParameterAccess) -> None:
        self._access = access

    async def authorize_values(
        self, ctx: Context, obj: Object, old: Object | None, subresource: str
    ) -> list[field.Error]:
        return [] if subresource else await self._access.of_policy(ctx.user, obj, old)


class _Binding(_Named):
    def __init__(self, access: ParameterAccess) -> None:
        self._access = access

    async def authorize_values(
        self, ctx: Context, obj: Object, old: Object | None, subresource: str
    ) -> list[field.Error]:
        return await self._access.of_binding(ctx.user, obj)


class ValidatingPolicyStrategy(_Policy, DesiredStatusOnly):
    allow_unconditional_update = False

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        _look_aside(ctx, obj)
        return list(policy_validation.validate_validating_policy(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        _look_aside(ctx, obj)
        return list(policy_validation.validate_validating_policy(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(policy_validation.validate_policy_status(obj))


class MutatingPolicyStrategy(_Policy, ConditionalWithGeneration):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        _look_aside(ctx, obj)
        return list(policy_validation.validate_mutating_policy(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        _look_aside(ctx, obj)
        return list(policy_validation.validate_mutating_policy(obj, old))


class ValidatingBindingStrategy(_Binding, ConditionalWithGeneration):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(policy_validation.validate_validating_binding(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(policy_validation.validate_validating_binding(obj))


class MutatingBindingStrategy(_Binding, ConditionalWithGeneration):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(policy_validation.validate_mutating_binding(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(policy_validation.validate_mutating_binding(obj))
