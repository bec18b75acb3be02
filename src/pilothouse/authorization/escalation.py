"""Nobody grants what he does not hold (upstream: pkg/registry/rbac, component-helpers auth/rbac/validation)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.requestinfo import RequestInfo
from pilothouse.apimachinery.user import SYSTEM_PRIVILEGED_GROUP, User
from pilothouse.authorization.interface import Attributes, AuthorizationError, Authorizer, Decision
from pilothouse.authorization.rbac import RBACAuthorizer, UnknownRole
from pilothouse.authorization.rules import ALL, PolicyRule, strings

FULL_AUTHORITY: tuple[PolicyRule, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
"""What who sets an aggregation rule must hold: it can gather anything."""

_GROUP = "rbac.authorization.k8s.io"


def privileged(user: User) -> bool:
    """system:masters may grant anything (upstream: EscalationAllowed)."""
    return SYSTEM_PRIVILEGED_GROUP in user.groups


async def may_escalate(authorizer: Authorizer, user: User, info: RequestInfo) -> bool:
    """Whether the user holds the verb "escalate" on the role that the request is about."""
    if not info.is_resource_request or info.api_group != _GROUP or info.resource not in ("roles", "clusterroles"):
        return False
    return await _allowed(authorizer, Attributes(
        user, "escalate", api_group=info.api_group, api_version="*", namespace=info.namespace,
        resource=info.resource, name=info.name,
    ))


async def may_bind(authorizer: Authorizer, user: User, role_ref: Mapping[str, Any], namespace: str) -> bool:
    """Whether the user holds the verb "bind" on the role of a binding in `namespace` ("": cluster-wide)."""
    resource = {"ClusterRole": "clusterroles", "Role": "roles"}.get(role_ref.get("kind", ""))
    if resource is None:
        return False
    return await _allowed(authorizer, Attributes(
        user, "bind", api_group=role_ref.get("apiGroup", ""), api_version="*", namespace=namespace,
        resource=resource, name=role_ref.get("name", ""),
    ))


async def _allowed(authorizer: Authorizer, attributes: Attributes) -> bool:
    try:
        decision, _ = await authorizer.authorize(attributes)
    except AuthorizationError:
        return False
    return decision is Decision.ALLOW


def refusal(
    rbac: RBACAuthorizer, user: User, namespace: str, rules: Sequence[PolicyRule], resource: GroupResource
) -> str:
    """Why the user may not grant `rules` in `namespace`; "" when he holds them all (upstream: ConfirmNoEscalation).

    `resource` is what the request is about: upstream reads roles in its name, so that a role of his own which is not
    there is said to be of this resource. Kept.
    """
    owned, errors = rbac.policy_rules_for(user, namespace)
    missing = missing_rules(owned, rules)
    if not missing:
        return ""
    described = sorted({compact_text(rule) for rule in compact(missing)})
    groups = "[" + " ".join(_quoted(group) for group in user.groups) + "]"
    text = (f"user {_quoted(user.name)} (groups={groups}) is attempting to grant RBAC permissions not currently held:\n"
            + "\n".join(described))
    if not errors:
        return text
    unresolved = [f'{resource} "{e.name}" not found' if isinstance(e, UnknownRole) else str(e) for e in errors]
    return f"{text}; resolution errors: [{aggregate(unresolved)}]"


def missing_rules(owned: Sequence[PolicyRule], wanted: Sequence[PolicyRule]) -> list[PolicyRule]:
    """The parts of `wanted`, one verb, resource and name each, that no single rule of `owned` covers."""
    return [part for rule in wanted for part in break_down(rule) if not any(_covers(own, part) for own in owned)]


def covers(owned: Sequence[PolicyRule], wanted: Sequence[PolicyRule]) -> bool:
    return not missing_rules(owned, wanted)


def break_down(rule: PolicyRule) -> Iterator[PolicyRule]:
    """The same permissions as rules of one verb, resource and resource name (or URL) each."""
    names = strings(rule, "resourceNames")
    verbs = strings(rule, "verbs")
    for group in strings(rule, "apiGroups"):
        for resource in strings(rule, "resources"):
            for verb in verbs:
                part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                if names:
                    yield from ({**part, "resourceNames": [name]} for name in names)
                else:
                    yield part
    for url in strings(rule, "nonResourceURLs"):
        for verb in verbs:
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(own: PolicyRule, part: PolicyRule) -> bool:
    own_names = strings(own, "resourceNames")
    return (
        _all(own, part, "verbs")
        and _all(own, part, "apiGroups")
        and all(_resource_covered(own, resource) for resource in strings(part, "resources"))
        and (not own_names or _names_covered(own_names, strings(part, "resourceNames")))
        and all(_url_covered(own, url) for url in strings(part, "nonResourceURLs"))
    )


def _names_covered(held: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return bool(names) and set(names) <= set(held)


def _all(own: PolicyRule, part: PolicyRule, field: str) -> bool:
    held = strings(own, field)
    return ALL in held or set(strings(part, field)) <= set(held)


def _resource_covered(own: PolicyRule, resource: str) -> bool:
    held = strings(own, "resources")
    if ALL in held or resource in held:
        return True
    _, separator, subresource = resource.partition("/")
    return bool(separator) and f"*/{subresource}" in held


def _url_covered(own: PolicyRule, url: str) -> bool:
    return any(
        held == url or (held.endswith("*") and url.startswith(held.rstrip("*")))
        for held in strings(own, "nonResourceURLs")
    )


def compact(rules: Sequence[PolicyRule]) -> list[PolicyRule]:
    """Joins rules that differ by verb only, for shorter messages (upstream: CompactRules)."""
    joined: dict[tuple[str, str, tuple[str, ...]], dict[str, list[str]]] = {}
    others: list[PolicyRule] = []
    for rule in rules:
        groups, resources, names = (strings(rule, f) for f in ("apiGroups", "resources", "resourceNames"))
        if rule.get("nonResourceURLs") or len(groups) != 1 or len(resources) != 1 or len(names) > 1:
            others.append(rule)
            continue
        key = (groups[0], resources[0], names)
        if key in joined:
            joined[key]["verbs"] += rule.get("verbs") or []
        else:
            joined[key] = {field: list(values or ()) for field, values in rule.items()}
    return [*others, *joined.values()]


def compact_text(rule: PolicyRule) -> str:
    """ {APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]} (upstream: CompactString)."""
    parts = [
        f"{title}:[{' '.join(_quoted(value) for value in rule[field])}]"
        for title, field in (
            ("APIGroups", "apiGroups"), ("Resources", "resources"), ("NonResourceURLs", "nonResourceURLs"),
            ("ResourceNames", "resourceNames"), ("Verbs", "verbs"),
        ) if rule.get(field)
    ]
    return "{" + ", ".join(parts) + "}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
