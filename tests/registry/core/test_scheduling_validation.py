"""Affinity, tolerations, spreading and gates."""

import pytest

from pilothouse.registry.core import scheduling_validation as scheduling
from pilothouse.registry.core.pod_rules import PodRules
from tests.registry.core.checks import POD_RULES, Object, texts

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("requirement", "wanted"),
    [
        ({"key": "a", "operator": "In", "values": ["b"]}, []),
        ({"key": "a", "operator": "In"}, [
            "values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
        ]),
        ({"key": "a", "operator": "Exists", "values": ["b"]}, [
            "values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        ]),
        ({"key": "a", "operator": "Gt"}, [
            "values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"
        ]),
        ({"key": "a", "operator": "X"}, ['operator: Invalid value: "X": not a valid selector operator']),
    ],
)
def test_node_requirements(requirement: Object, wanted: list[str]) -> None:
    term = {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}
    prefix = "nodeSelectorTerms[0].matchExpressions[0]."
    assert texts(scheduling.validate_node_selector(term)) == [prefix + text for text in wanted]


def test_node_selectors_have_terms_and_know_one_field() -> None:
    assert texts(scheduling.validate_node_selector({})) == [
        "nodeSelectorTerms: Required value: must have at least one node selector term"
    ]
    fields = [{"key": "metadata.name", "operator": "In", "values": ["a", "b"]}, {"key": "x", "operator": "Exists"}]
    assert texts(scheduling.validate_node_selector_term({"matchFields": fields})) == [
        "matchFields[0].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node "
        "field selector",
        'matchFields[1].operator: Invalid value: "Exists": not a valid selector operator',
        'matchFields[1].key: Invalid value: "x": not a valid field selector key',
    ]


@pytest.mark.parametrize(
    ("term", "wanted"),
    [
        ({"topologyKey": "a"}, []),
        ({}, ["topologyKey: Required value: can not be empty", 'topologyKey: Invalid value: "": name part must be '
              "non-empty", 'topologyKey: Invalid value: "": name part must consist of']),
        ({"topologyKey": "a", "namespaces": ["A"]}, ['namespace: Invalid value: "A": a lowercase RFC 1123 label']),
        ({"topologyKey": "a", "matchLabelKeys": ["x"]}, [
            "matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"
        ]),
        ({"topologyKey": "a", "matchLabelKeys": ["x"], "mismatchLabelKeys": ["x"],
          "labelSelector": {"matchLabels": {"x": "y"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}}, [
            '[0]: Invalid value: "x": exists in both matchLabelKeys and labelSelector',
            'matchLabelKeys[0]: Invalid value: "x": exists in both matchLabelKeys and mismatchLabelKeys',
        ]),
    ],
)
def test_pod_affinity(term: Object, wanted: list[str]) -> None:
    affinity = {"podAntiAffinity": {_REQUIRED: [term], _PREFERRED: [{"weight": 101, "podAffinityTerm": term}]}}
    found = texts(scheduling.validate_affinity(affinity, POD_RULES))
    first = [f"podAntiAffinity.{_REQUIRED}[0]{'' if t[0] == '[' else '.'}{t}" for t in wanted]
    second = [f"podAntiAffinity.{_PREFERRED}[0].podAffinityTerm{'' if t[0] == '[' else '.'}{t}" for t in wanted]
    weight = f"podAntiAffinity.{_PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100"
    expected = [*first, weight, *second]
    assert [text[: len(want)] for text, want in zip(found, expected, strict=True)] == expected


def test_stored_selectors_keep_their_values() -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b c"]}]}
    affinity = {"podAffinity": {_REQUIRED: [{"topologyKey": "a", "labelSelector": selector}]}}
    assert scheduling.validate_affinity(affinity, POD_RULES)
    assert not scheduling.validate_affinity(affinity, PodRules(invalid_selector_values=True))


@pytest.mark.parametrize(
    ("toleration", "wanted"),
    [
        ({"operator": "Exists"}, []),
        ({"key": "a", "value": "b", "effect": "NoSchedule"}, []),
        ({"key": "a", "operator": "Exists", "value": "b"}, [
            "[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'"
        ]),
        ({}, [
            '[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all '
            'values and all keys"'
        ]),
        ({"key": "a", "effect": "NoSchedule", "tolerationSeconds": 1}, [
            "[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"
        ]),
        ({"key": "a", "operator": "Lt", "value": "1"}, [
            '[0].operator: Unsupported value: "Lt": supported values: "Equal", "Exists", "Lt", "Gt"'
        ]),
        ({"key": "a", "effect": "X"}, [
            '[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
        ]),
    ],
)
def test_tolerations(toleration: Object, wanted: list[str]) -> None:
    assert texts(scheduling.validate_tolerations([toleration])) == wanted


def test_spreading() -> None:
    constraint = {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 0}
    good = {"maxSkew": 1, "topologyKey": "b", "whenUnsatisfiable": "DoNotSchedule", "nodeTaintsPolicy": "Honor"}
    assert texts(scheduling.validate_spread_constraints([good], POD_RULES)) == []
    assert texts(scheduling.validate_spread_constraints([constraint, constraint, {}], POD_RULES)) == [
        '[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a, ScheduleAnyway}"',
        "[0].minDomains: Invalid value: 0: must be greater than zero",
        "[0].minDomains: Invalid value: 0: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not "
        "ScheduleAnyway",
        "[1].minDomains: Invalid value: 0: must be greater than zero",
        "[1].minDomains: Invalid value: 0: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not "
        "ScheduleAnyway",
        "[2].maxSkew: Invalid value: 0: must be greater than zero",
        "[2].topologyKey: Required value: can not be empty",
        '[2].whenUnsatisfiable: Unsupported value: "": supported values: "DoNotSchedule", "ScheduleAnyway"',
    ]


def test_groups() -> None:
    assert texts(scheduling.validate_scheduling_group({"podGroupName": "g.h"})) == []
    assert texts(scheduling.validate_scheduling_group({})) == [
        "podGroupName: Invalid value: null: must specify one of: `podGroupName`",
    ]
    assert len(scheduling.validate_scheduling_group({"podGroupName": ""})) == 1


def test_gates() -> None:
    assert texts(scheduling.validate_scheduling_gates([{"name": "a"}, {"name": "a"}])) == ['[1]: Duplicate value: "a"']
    assert texts(scheduling.validate_readiness_gates([{"conditionType": "a.b/c"}])) == []
    assert texts(scheduling.new_gates([{"name": "a"}, {"name": "b"}], ["a"])) == [
        "[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'"
    ]
