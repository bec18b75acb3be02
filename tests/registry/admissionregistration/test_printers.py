from typing import Any

import pytest

from pilothouse.registry.admissionregistration.printers import PRINTERS


@pytest.mark.parametrize(("ref", "shown"), [
    (None, "<unset>"), ({"name": "x"}, "*/x"), ({"name": "x", "namespace": "ns"}, "ns/x"),
    ({"selector": {}},
     "&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}"),
    ({"selector": {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [
        {"key": "k", "operator": "In", "values": ["x", "y"]}, {"key": "l", "operator": "Exists"},
    ]}}, "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{"
     "LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},"
     "LabelSelectorRequirement{Key:l,Operator:Exists,Values:[],},},}"),
])
def test_parameters_of_bindings(ref: Any, shown: str) -> None:
    binding = {"metadata": {"name": "b"}, "spec": {"policyName": "p"} | ({} if ref is None else {"paramRef": ref})}
    for kind in ("validating", "mutating"):
        assert PRINTERS[f"{kind}admissionpolicybindings"].cells(binding, 0.0)[:3] == ["b", "p", shown]
