"""Requests, limits and claims of containers and pods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.registry.core.resource_validation import container_resources, pod_level_resources
from tests.registry.core.checks import POD_RULES, Object, container, texts


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({"limits": {"cpu": "1"}, "requests": {"cpu": "1", "memory": "1Gi"}}, []),
        ({"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
         ['requests: Invalid value: "2": must be less than or equal to cpu limit of 1']),
        ({"requests": {"cpu": "-1"}}, ['requests[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
        ({"limits": {"a/b": "1500m"}}, ['limits[a/b]: Invalid value: "1500m": must be an integer']),
        ({"requests": {"a/b": "1"}}, ["limits: Required value: Limit must be set for non overcommitable resources"]),
        ({"limits": {"a/b": "2"}, "requests": {"a/b": "1"}},
         ['requests: Invalid value: "1": must be equal to a/b limit of 2']),
        ({"limits": {"hugepages-2Mi": "1Mi"}}, [
            'limits[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer multiple of hugepages-2Mi',
            ": Forbidden: HugePages require cpu or memory",
        ]),
        ({"limits": {"pods": "1"}}, [
            'limits[pods]: Invalid value: "pods": must be a standard resource for containers'
        ]),
        ({"limits": {"requests.a/b": "1"}}, [
            'limits[requests.a/b]: Invalid value: "requests.a/b": doesn\'t follow extended resource name standard'
        ]),
    ],
)
def test_containers(resources: Object, wanted: list[str]) -> None:
    assert texts(container_resources(resources, frozenset(), POD_RULES)) == wanted


@pytest.mark.parametrize(
    ("claims", "wanted"),
    [
        ([{"name": "a"}], []),
        ([{"name": "a", "request": "r"}, {"name": "a", "request": "s"}], []),
        ([{}], ["claims[0]: Required value"]),
        ([{"name": "a"}, {"name": "a"}], ['claims[1]: Duplicate value: "a"']),
        ([{"name": "a", "request": "r"}, {"name": "a"}], ['claims[1]: Duplicate value: "a"']),
        ([{"name": "x"}],
         ['claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims: a, b']),
    ],
)
def test_claims(claims: list[Object], wanted: list[str]) -> None:
    assert texts(container_resources({"claims": claims}, {"b", "a"}, POD_RULES)) == wanted


def test_a_pod_asks_for_no_less_than_its_containers() -> None:
    spec = {
        "containers": [container(resources={"requests": {"cpu": "2"}, "limits": {"memory": "2Gi"}})],
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi", "x": "1"}},
    }
    assert texts(pod_level_resources(spec, frozenset(), POD_RULES)) == [
        'resources.limits[x]: Invalid value: "x": must be a standard resource type or fully qualified',
        'resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests '
        "of 2",
        'resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi',
    ]
    assert texts(pod_level_resources({"resources": {}, "os": {"name": "windows"}}, frozenset(), POD_RULES)) == [
        "resources: Forbidden: may not be set for a windows pod"
    ]


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_request_is_within_its_limit(request: int, limit: int) -> None:
    resources = {"requests": {"cpu": f"{request}"}, "limits": {"cpu": f"{limit}"}}
    assert bool(container_resources(resources, frozenset(), POD_RULES)) is (request > limit)
