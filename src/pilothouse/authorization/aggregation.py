"""The rules of aggregated cluster roles (upstream: pkg/controller/clusterroleaggregation)."""

from collections.abc import Iterable, Mapping
from typing import Any

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
    rules: list[PolicyRule] = []
    for text in aggregation.get("clusterRoleSelectors") or ():
        selector = from_label_selector(text)
        for other in by_name:
            if selector.matches(other["metadata"].get("labels") or {}):
                rules.extend(rule for rule in other.get("rules") or () if rule not in rules)
    return rules
