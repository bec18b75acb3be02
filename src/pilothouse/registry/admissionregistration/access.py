"""Who may have a policy read its parameters (upstream: pkg/registry/admissionregistration, authz.go of each kind).

Whoever writes a policy that takes parameters, or binds one to them, must be able to read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.gvk import GroupResource, GroupVersion, GroupVersionKind
from pilothouse.authorization.escalation import privileged
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pilothouse.apimachinery.user import User
    from pilothouse.registry.dependencies import Dependencies
    from pilothouse.registry.rest import Object

_ANYTHING = ("*", "*", "*")


class ParameterAccess:
    """Asks the authorizer about the parameters of the policies that `policies` names ("validatingadmissionpolicies").
    Without an authorizer everybody may read them."""

    def __init__(self, dependencies: Dependencies, policies: str) -> None:
        self._dependencies = dependencies
        self._policies = GroupResource("admissionregistration.k8s.io", policies)

    async def of_policy(self, user: User, policy: Object, old: Object | None) -> list[field.Error]:
        """What is wrong with the paramKind of a valid policy; one that stays as it is stored is not looked at."""
        kind = (policy.get("spec") or {}).get("paramKind")
        if kind is None or kind == ((old or {}).get("spec") or {}).get("paramKind") or privileged(user):
            return []
        group, version, resource, _ = self._resolve(kind)
        text = await self._refused(user, "get", group, version, resource, name="*", namespace="*")
        if text is None:
            return []
        shown = f"(kind={kind.get('kind') or ''}, apiVersion={kind.get('apiVersion') or ''})"
        needed = f'user {_shown(user)} must have "get" permission on all objects of the referenced paramKind {shown}'
        return [field.forbidden("spec.paramKind", text or needed)]

    async def of_binding(self, user: User, binding: Object) -> list[field.Error]:
        """What is wrong with the paramRef of a valid binding."""
        spec = binding.get("spec") or {}
        ref = spec.get("paramRef")
        if ref is None or privileged(user):
            return []
        verb = "get" if ref.get("name") else "list"
        policy, kind = self._policy(spec.get("policyName") or ""), None
        (group, version, resource), unresolved = _ANYTHING, ""
        if policy is not None and (kind := (policy.get("spec") or {}).get("paramKind")) is not None:
            group, version, resource, unresolved = self._resolve(kind)
        text = await self._refused(
            user, verb, group, version, resource, name=ref.get("name") or "", namespace=ref.get("namespace") or ""
        )
        if text is None:
            return []
        validating = self._policies.resource.startswith("validating")
        if text:
            text = f"failed to authorize request: {text}" if validating else text
            return [field.forbidden("spec.paramRef", text)]
        who, lacks = _shown(user), "to determine minimum required permissions and user"
        everything = f'{who} does not have "{verb}" permission for all groups, versions and resources'
        if policy is None:
            text = f"unable to get policy {spec.get('policyName')} {lacks} {everything}"
        elif unresolved and kind is not None:
            shown = f"&{{{kind.get('apiVersion') or ''} {kind.get('kind') or ''}}}"
            text = f"unable to {unresolved} paramKind {shown} {lacks} {everything}"
        else:
            # upstream confuses the two for mutating policies: kept
            first, second = (who, verb) if validating else (verb, who)
            text = f'user {first} does not have "{second}" permission on the object referenced by paramRef'
        return [field.forbidden("spec.paramRef", text)]

    def _policy(self, name: str) -> Object | None:
        from pilothouse.registry.store import decode

        store = self._dependencies.stores(self._policies)
        item = store.cacher.newest(store.key("", name))
        return None if item is None else decode(item)

    def _resolve(self, kind: Mapping[str, Any]) -> tuple[str, str, str, str]:
        """Group, version and resource of a paramKind, "*" for what is not known, and what could not be done."""
        try:
            group, version = GroupVersion.parse(kind.get("apiVersion") or "")
        except ValueError:
            return (*_ANYTHING, "parse")
        resource = self._dependencies.resource_of(GroupVersionKind(group, version, kind.get("kind") or ""))
        return (group, version, resource, "") if resource else (group, version, "*", "resolve")

    async def _refused(
        self, user: User, verb: str, group: str, version: str, resource: str, *, name: str, namespace: str
    ) -> str | None:
        """None if the user may; else what kept the authorizer from deciding, or ""."""
        authorizer = self._dependencies.authorizer
        if authorizer is None:
            return None
        try:
            decision, _ = await authorizer.authorize(Attributes(
                user, verb, api_group=group, api_version=version, resource=resource, name=name, namespace=namespace,
            ))
        except AuthorizationError as e:
            return str(e)
        return None if decision is Decision.ALLOW else ""


def _shown(user: User) -> str:
    """A user as Go prints it."""
    extra = " ".join(f"{key}:[{' '.join(user.extra[key])}]" for key in sorted(user.extra))
    return f"&{{{user.name} {user.uid} [{' '.join(user.groups)}] map[{extra}]}}"
