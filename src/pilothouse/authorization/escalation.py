"""Nobody grants what he does not hold (upstream: pkg/registry/rbac, component-helpers auth/rbac/validation)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.requestinfo import RequestInfo
from pilothouse.apimachinery.user import SYSTEM_PRIVILEGED_GROUP, User
from pilothouse.authorization.interface import Attributes, AuthorizationError, Authorizer, Decision
from pilothouse.authorization.rbac import UnknownRole
from pilothouse.authorization.rules import ALL, PolicyRule, strings

FULL_AUTHORITY: tuple[PolicyRule, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
"""What who sets an aggregation rule must hold: it can gather anything."""

MOST_PERMISSIONS = 100_000
"""Those of a role multiply: three lists of a thousand names each are a thousand million."""
Held = tuple[Sequence[PolicyRule], Sequence[LookupError]]
"""A user's rules, and what of them could not be found."""

_GROUP = "rbac.authorization.k8s.io"
_FIELDS = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")


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


def refusal(held: Held, user: User, rules: Sequence[PolicyRule], resource: GroupResource) -> str:
    """Why the user, who holds what `RBACAuthorizer.policy_rules_for` gave, may not grant `rules`; "" when he holds them
    all (upstream: ConfirmNoEscalation).

    `resource` is what the request is about: upstream reads roles in its name, so that a role of his own which is not
    there is said to be of this resource. Kept.
    """
    owned, errors = held
    holdings = Holdings(owned)
    rules = [rule for rule in rules if not holdings.hold(rule)]
    groups = "[" + " ".join(_quoted(group) for group in user.groups) + "]"
    who = f"user {_quoted(user.name)} (groups={groups}) is attempting to grant"
    if sum(map(permissions, rules)) > MOST_PERMISSIONS:
        return f"{who} more than {MOST_PERMISSIONS} RBAC permissions that no single rule holds"
    missing = [part for rule in rules for part in holdings.missing(rule)]
    if not missing:
        return ""
    described = sorted({compact_text(rule) for rule in compact(missing)})
    text = f"{who} RBAC permissions not currently held:\n" + "\n".join(described)
    if not errors:
        return text
    unresolved = [f'{resource} "{e.name}" not found' if isinstance(e, UnknownRole) else str(e) for e in errors]
    return f"{text}; resolution errors: [{aggregate(unresolved)}]"


def missing_rules(owned: Sequence[PolicyRule], wanted: Sequence[PolicyRule]) -> list[PolicyRule]:
    """The parts of `wanted`, one verb, resource and name each, that no single rule of `owned` covers."""
    holdings = Holdings(owned)
    return [part for rule in wanted for part in break_down(rule) if not holdings.hold(part)]


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


def permissions(rule: PolicyRule) -> int:
    """How many permissions of one verb, resource and name (or URL) each a rule grants."""
    groups, resources, names, urls, verbs = (
        len(strings(rule, field)) for field in ("apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs")
    )
    return verbs * (groups * resources * max(names, 1) + urls)


class Holdings:
    """Which of some rules cover a permission: a bit for each rule.

    Every verb, group, resource and name has the bits of the rules that cover it. A permission is held if one rule
    covers all of it, so if its parts have a bit in common.
    """

    def __init__(self, owned: Iterable[PolicyRule]) -> None:
        self._bits: dict[str, dict[str, int]] = {field: {} for field in _FIELDS}
        self._unnamed = 0
        for i, rule in enumerate(owned):
            bit = 1 << i
            for field, bits in self._bits.items():
                for value in strings(rule, field):
                    bits[value] = bits.get(value, 0) | bit
            if not rule.get("resourceNames"):
                self._unnamed |= bit
        urls = self._bits["nonResourceURLs"]
        self._prefixes = [(url.rstrip("*"), bits) for url, bits in urls.items() if url.endswith("*")]

    def hold(self, rule: PolicyRule) -> bool:
        """Whether one rule covers all of `rule`. (Several may cover it all the same.)"""
        common = self._named(strings(rule, "resourceNames"))
        for field in ("verbs", "apiGroups"):
            for value in strings(rule, field):
                common &= self._of(field, value)
        for resource in strings(rule, "resources"):
            common &= self._resource(resource)
        for url in strings(rule, "nonResourceURLs"):
            common &= self._url(url) & self._unnamed
        return common != 0

    def missing(self, rule: PolicyRule) -> Iterator[PolicyRule]:
        """The parts of `rule` that no single rule covers: of one resource and name each, or one URL and verb."""
        verbs = [(verb, self._of("verbs", verb)) for verb in strings(rule, "verbs")]
        names = strings(rule, "resourceNames")
        named = [({"resourceNames": [name]}, self._named((name,))) for name in names] or [({}, self._unnamed)]
        resources = [(resource, self._resource(resource)) for resource in strings(rule, "resources")]
        for group in strings(rule, "apiGroups"):
            of_group = self._of("apiGroups", group)
            for resource, of_resource in resources:
                for field, of_name in named:
                    common = of_group & of_resource & of_name
                    lacking = [verb for verb, of_verb in verbs if not common & of_verb]
                    if lacking:
                        yield {"apiGroups": [group], "resources": [resource], **field, "verbs": lacking}
        for url in strings(rule, "nonResourceURLs"):
            common = self._url(url) & self._unnamed
            yield from (
                {"nonResourceURLs": [url], "verbs": [verb]} for verb, of_verb in verbs if not common & of_verb
            )

    def _of(self, field: str, value: str) -> int:
        bits = self._bits[field]
        return bits.get(value, 0) | bits.get(ALL, 0)

    def _resource(self, resource: str) -> int:
        _, separator, subresource = resource.partition("/")
        every = self._bits["resources"].get(f"*/{subresource}", 0) if separator else 0
        return self._of("resources", resource) | every

    def _named(self, names: Iterable[str]) -> int:
        """The rules that are about all of `names`; about everything, if there are none."""
        known = self._bits["resourceNames"]
        found = [known.get(name, 0) for name in names]
        return self._unnamed | reduce(and_, found) if found else self._unnamed

    def _url(self, url: str) -> int:
        bits = self._bits["nonResourceURLs"].get(url, 0)
        for prefix, others in self._prefixes:
            if url.startswith(prefix):
                bits |= others
        return bits


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
