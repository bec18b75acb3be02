"""RBAC policy rules: when one matches a request (upstream: pkg/apis/rbac/v1/evaluation_helpers.go)."""

from collections.abc import Mapping
from typing import Any

PolicyRule = Mapping[str, Any]
"""rbac/v1 PolicyRule in wire form: verbs, apiGroups, resources, resourceNames, nonResourceURLs."""

ALL = "*"


def strings(rule: PolicyRule, field: str) -> tuple[str, ...]:
    return tuple(rule.get(field) or ())


class CompiledRule:
    """A rule with its lists as sets. Made once when the role is stored."""

    __slots__ = ("_groups", "_prefixes", "_resources", "_urls", "_verbs", "names")

    def __init__(self, rule: PolicyRule) -> None:
        self._verbs = _set(rule, "verbs")
        self._groups = _set(rule, "apiGroups")
        self._resources = _set(rule, "resources")
        names = strings(rule, "resourceNames")
        self.names = frozenset(names) if names else None
        """The only names that the rule is about, or None for all."""
        urls = strings(rule, "nonResourceURLs")
        self._urls = _set(rule, "nonResourceURLs")
        self._prefixes = tuple(url.rstrip("*") for url in urls if url.endswith("*"))

    def matches_resource(self, verb: str, group: str, resource: str, subresource: str) -> bool:
        """Whether the rule is about this kind of request, names aside."""
        if not self._resources or not _has(self._verbs, verb) or not _has(self._groups, group):
            return False
        resources = self._resources
        if not subresource:
            return ALL in resources or resource in resources
        return ALL in resources or f"{resource}/{subresource}" in resources or f"*/{subresource}" in resources

    def matches_path(self, verb: str, path: str) -> bool:
        return _has(self._verbs, verb) and (_has(self._urls, path) or path.startswith(self._prefixes))


def _set(rule: PolicyRule, field: str) -> frozenset[str]:
    return frozenset(strings(rule, field))


def _has(known: frozenset[str], asked: str) -> bool:
    return asked in known or ALL in known
