"""The rules of aggregated cluster roles (upstream: pkg/controller/clusterroleaggregation)."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from pilothouse.apimachinery.labels import from_label_selector
from pilothouse.authorization.rules import PolicyRule


def aggregated_rules(role: Mapping[str, Any], cluster_roles: Iterable[Mapping[str, Any]]) -> list[PolicyRule] | None:
    """The rules that `role` should have, or None when it has no aggregation rule.

    `cluster_roles` are all there are, decoded. For each selector in order: the matching roles by name, their
    rules in order, each rule once.
    """
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return None
    own_name = role["metadata"]["name"]
    others = (other for other in cluster_roles if other["metadata"]["name"] != own_name)
    by_name = sorted(others, key=lambda other: str(other["metadata"]["name"]))
    rules: dict[bytes, PolicyRule] = {}
    for text in aggregation.get("clusterRoleSelectors") or ():
        selector = from_label_selector(text)
        for other in by_name:
            if selector.matches(other["metadata"].get("labels") or {}):
                for rule in other.get("rules") or ():
                    rules.setdefault(_meaning(rule), rule)
    return list(rules.values())


def _meaning(rule: PolicyRule) -> bytes:
    """The same for rules that are equal; nothing and empty are the same."""
    return orjson.dumps({field: values for field, values in rule.items() if values}, option=orjson.OPT_SORT_KEYS)
