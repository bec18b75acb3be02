"""Which flow schema a request belongs to (upstream: pkg/util/flowcontrol/rule.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.apimachinery.user import User

_SERVICE_ACCOUNT = "system:serviceaccount:"
Rule = Mapping[str, Any]


class Schema:
    """A FlowSchema's spec, compiled."""

    __slots__ = ("_rules", "distinguisher", "level", "name", "uid")

    def __init__(self, obj: Mapping[str, Any]) -> None:
        spec = obj["spec"]
        self.name: str = obj["metadata"]["name"]
        self.uid: str = obj["metadata"].get("uid", "")
        self.level: str = spec["priorityLevelConfiguration"]["name"]
        self.distinguisher: str = (spec.get("distinguisherMethod") or {}).get("type", "")
        """ "ByUser", "ByNamespace" or ""."""
        self._rules = [_Rule(rule) for rule in spec.get("rules") or ()]

    def matches(self, user: User, info: RequestInfo) -> bool:
        return any(rule.matches(user, info) for rule in self._rules)


class _Rule:
    __slots__ = ("_accounts", "_everybody", "_groups", "_namespaces", "_paths", "_resources", "_users")

    def __init__(self, rule: Rule) -> None:
        self._users: set[str] = set()
        self._groups: set[str] = set()
        self._namespaces: list[str] = []
        self._everybody = False
        for subject in rule.get("subjects") or ():
            self._add(subject)
        self._resources = [_ResourceRule(r) for r in rule.get("resourceRules") or ()]
        self._paths = [_PathRule(r) for r in rule.get("nonResourceRules") or ()]

    def _add(self, subject: Rule) -> None:
        match subject.get("kind"):
            case "User" if user := subject.get("user"):
                self._users.add(user["name"])
            case "Group" if group := subject.get("group"):
                self._groups.add(group["name"])
            case "ServiceAccount" if account := subject.get("serviceAccount"):
                prefix = f"{_SERVICE_ACCOUNT}{account['namespace']}:"
                if account["name"] == "*":
                    self._namespaces.append(prefix)
                else:
                    self._users.add(prefix + account["name"])
        self._everybody = "*" in self._users or "*" in self._groups

    def matches(self, user: User, info: RequestInfo) -> bool:
        if not (
            self._everybody or user.name in self._users or not self._groups.isdisjoint(user.groups)
            or user.name.startswith(tuple(self._namespaces))
        ):
            return False
        if info.is_resource_request:
            return any(rule.matches(info) for rule in self._resources)
        return any(rule.matches(info) for rule in self._paths)


class _ResourceRule:
    __slots__ = ("_cluster", "_groups", "_namespaces", "_resources", "_verbs")

    def __init__(self, rule: Rule) -> None:
        self._verbs = _listed(rule.get("verbs"))
        self._groups = _listed(rule.get("apiGroups"))
        self._resources = _listed(rule.get("resources"))
        self._namespaces = _listed(rule.get("namespaces"))
        self._cluster = bool(rule.get("clusterScope"))

    def matches(self, info: RequestInfo) -> bool:
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        if not _has(self._verbs, info.verb) or not _has(self._groups, info.api_group):
            return False
        if not _has(self._resources, resource):
            return False
        return _has(self._namespaces, info.namespace) if info.namespace else self._cluster


class _PathRule:
    __slots__ = ("_paths", "_verbs")

    def __init__(self, rule: Rule) -> None:
        self._verbs = _listed(rule.get("verbs"))
        self._paths: Sequence[str] = rule.get("nonResourceURLs") or ()

    def matches(self, info: RequestInfo) -> bool:
        return _has(self._verbs, info.verb) and any(_covers(path, info.path) for path in self._paths)


def _covers(path: str, asked: str) -> bool:
    if path in ("*", asked):
        return True
    prefix = path.removesuffix("*")
    return asked.startswith(prefix if prefix.endswith("/") else f"{prefix}/")


def _listed(values: Sequence[str] | None) -> frozenset[str] | None:
    """None for everything: a list with the star alone."""
    return None if values is not None and list(values) == ["*"] else frozenset(values or ())


def _has(values: frozenset[str] | None, asked: str) -> bool:
    return values is None or asked in values
