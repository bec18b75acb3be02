"""Labels of nodes that are out of date (upstream: pkg/api/node/util.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apimachinery.validation import is_label_value

DEPRECATED: Final = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region":
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods":
        "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def selector_warnings(selector: Mapping[str, Any] | None, path: str) -> list[str]:
    """About a metav1.LabelSelector of nodes."""
    selector = selector or {}
    warnings = [
        f"{path}.matchExpressions[{i}].key: {expression['key']} is {DEPRECATED[expression['key']]}"
        for i, expression in enumerate(selector.get("matchExpressions") or ()) if expression.get("key") in DEPRECATED
    ]
    labels = selector.get("matchLabels") or {}
    return warnings + [
        f"{path}.matchLabels.{label}: {DEPRECATED[label]}" for label in labels if label in DEPRECATED
    ]


def term_warnings(term: Mapping[str, Any], path: str, *, values_too: bool = False) -> list[str]:
    """About a term of a node selector. `values_too`: of preferred terms, whose values nobody refuses."""
    warnings: list[str] = []
    for i, expression in enumerate(term.get("matchExpressions") or ()):
        at, key = f"{path}.matchExpressions[{i}]", expression.get("key")
        if key in DEPRECATED:
            warnings.append(f"{at}.key: {key} is {DEPRECATED[key]}")
        for j, value in enumerate(expression.get("values") or ()) if values_too else ():
            warnings += [f"{at}.values[{j}]: {value} is invalid, {text}" for text in is_label_value(value)]
    return warnings
