"""Table cells of the admissionregistration.k8s.io group."""

from __future__ import annotations

from functools import partial
from typing import Any

from pilothouse.registry.printing import UNSET, Obj, TablePrinter, age, name


def _webhooks(obj: Obj, now: float) -> list[Any]:
    return [name(obj), len(obj.get("webhooks") or ()), age(obj, now)]


def _policy(rules: str, obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    kind = spec.get("paramKind")
    param = f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else UNSET
    return [name(obj), len(spec.get(rules) or ()), param, age(obj, now)]


def _binding(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    param = UNSET
    ref = spec.get("paramRef") or {}
    if ref.get("name"):
        # whether the parameter is cluster-scoped cannot be told from here
        param = f"{ref.get('namespace') or '*'}/{ref['name']}"
    elif ref.get("selector") is not None:
        param = _go_selector(ref["selector"])
    return [name(obj), spec.get("policyName", ""), param, age(obj, now)]


def _go_selector(selector: Obj) -> str:
    """A label selector as Go prints it."""
    labels = "".join(f"{k}: {v}," for k, v in sorted((selector.get("matchLabels") or {}).items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{e.get('key', '')},Operator:{e.get('operator', '')},"
        f"Values:[{' '.join(e.get('values') or ())}],}},"
        for e in selector.get("matchExpressions") or ()
    )
    return (f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
            f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}")


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("mutatingwebhookconfigurations", _webhooks),
        ("validatingwebhookconfigurations", _webhooks),
        ("mutatingadmissionpolicies", partial(_policy, "mutations")),
        ("validatingadmissionpolicies", partial(_policy, "validations")),
        ("mutatingadmissionpolicybindings", _binding),
        ("validatingadmissionpolicybindings", _binding),
    )
}
