"""The rules of roles and their bindings (upstream: pkg/registry/rbac).

Nobody may grant what he does not hold, unless he may "escalate" the role or "bind" to it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery import field, names, status
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.authorization import escalation
from pilothouse.authorization.rbac import UnknownRole
from pilothouse.registry.keys import check_key
from pilothouse.registry.rbac import validation
from pilothouse.registry.rbac.defaults import GROUP
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pilothouse.apimachinery.http import Context
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.authorization.rbac import RBACAuthorizer

_AGGREGATION_REFUSAL = "must have cluster-admin privileges to use the aggregationRule"
#: Metadata that the garbage collector writes: whoever changes only these grants nothing.
#: Rules and permissions that are compared at once; more are compared aside.
_MANY: Final = 2000
_COLLECTED = ("ownerReferences", "finalizers", "selfLink", "managedFields")


class _Guarded(Strategy):
    """Names may be anything that can stand in a path. Without an authorizer, nobody but system:masters grants."""

    allow_create_on_update = True
    validate_name = staticmethod(names.is_path_segment)

    def __init__(self, name: str, authorizer: Authorizer | None, rbac: RBACAuthorizer | None) -> None:
        self._resource = GroupResource(GROUP, name)
        self._authorizer = authorizer
        self._rbac = rbac

    def _refuse(self, obj: Object, reason: str) -> status.StatusError:
        return status.forbidden(self._resource, obj["metadata"].get("name") or "", reason)

    async def _confirm(self, ctx: Context, namespace: str, obj: Object, rules: Sequence[Mapping[str, Any]]) -> None:
        if text := await self._why_not(ctx, namespace, rules):
            raise self._refuse(obj, text)

    async def _why_not(self, ctx: Context, namespace: str, rules: Sequence[Mapping[str, Any]]) -> str:
        """Why the user may not grant `rules`, or ""."""
        if self._rbac is None:
            return ""
        held = self._rbac.policy_rules_for(ctx.user, namespace)
        compare = partial(escalation.refusal, held, ctx.user, rules, self._resource)
        long = len(held[0]) + sum(map(escalation.permissions, rules)) > _MANY
        return await aside(compare) if long else compare()


class _RoleStrategy(_Guarded):
    async def permit(self, ctx: Context, namespace: str, obj: Object, old: Object | None) -> None:
        if escalation.privileged(ctx.user) or (old and _only_collected(obj, old)):
            return
        authorizer = self._authorizer
        if authorizer is not None and await escalation.may_escalate(authorizer, ctx.user, ctx.request_info):
            return
        await self._confirm(ctx, namespace, obj, obj.get("rules") or ())
        if not (_aggregates(obj) or _aggregates(old or {})):
            return
        if await self._why_not(ctx, namespace, escalation.FULL_AUTHORITY):
            raise self._refuse(obj, _AGGREGATION_REFUSAL)


class RoleStrategy(_RoleStrategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_role(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_role(obj))


class ClusterRoleStrategy(_RoleStrategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_cluster_role(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_cluster_role(obj, old))


class _BindingStrategy(_Guarded):
    async def permit(self, ctx: Context, namespace: str, obj: Object, old: Object | None) -> None:
        if escalation.privileged(ctx.user) or (old and _only_collected(obj, old)):
            return
        ref = obj.get("roleRef") or {}
        authorizer = self._authorizer
        if authorizer is not None and await escalation.may_bind(authorizer, ctx.user, ref, namespace):
            return
        if self._rbac is None:
            return
        kind, name = ref.get("kind") or "", ref.get("name") or ""
        try:
            rules = self._rbac.role_rules(kind, name, namespace)
        except UnknownRole:
            check_key(kind == "Role", namespace, name)
            # the role is read in the name of this request, which is about bindings: kept
            raise status.not_found(self._resource, name) from None
        except LookupError as e:
            raise status.plain_internal(str(e.args[0])) from None
        await self._confirm(ctx, namespace, obj, rules)


class RoleBindingStrategy(_BindingStrategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_role_binding(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_role_binding(obj), *validation.validate_role_ref_update(obj, old)]


class ClusterRoleBindingStrategy(_BindingStrategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_cluster_role_binding(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_cluster_role_binding(obj), *validation.validate_role_ref_update(obj, old)]


def _aggregates(role: Object) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _only_collected(obj: Object, old: Object) -> bool:
    return _without_collected(obj) == _without_collected(old)


def _without_collected(obj: Object) -> Object:
    """What counts of an object; nothing and empty are the same."""
    metadata = {k: v for k, v in obj["metadata"].items() if v and k not in _COLLECTED}
    return {k: v for k, v in obj.items() if v and k not in ("kind", "apiVersion")} | {"metadata": metadata}
