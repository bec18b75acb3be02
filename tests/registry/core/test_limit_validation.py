"""What is wrong with limit ranges."""

import pytest

from pilothouse.registry.core.limit_validation import validate_limit_range
from tests.registry.core.checks import Object, texts


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [
        ({"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1"}, "default": {"cpu": "1500m"}}, []),
        ({"type": "Odd"}, ['type: Invalid value: "Odd": must be a standard limit type or fully qualified']),
        ({"type": "Pod", "default": {"cpu": "1"}},
         ["default: Forbidden: may not be specified when `type` is 'Pod'"]),
        ({"type": "PersistentVolumeClaim"}, [
            "limits: Required value: either minimum or maximum storage value is required, but neither was provided"
        ]),
        ({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}},
         ['min[cpu]: Invalid value: "2": min value 2 is greater than max value 1']),
        ({"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}},
         ['default[cpu]: Invalid value: "1": default value 2 is greater than max value 1']),
        ({"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "2"}},
         ['defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1']),
        ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "500m"}},
         ['maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1']),
        ({"type": "Pod", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}},
         ['maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000']),
        ({"type": "Container", "default": {"a.b/c": "2"}, "defaultRequest": {"a.b/c": "1"}},
         ['defaultRequest[a.b/c]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a.b/c']),
    ],
)
def test_limits(limit: Object, wanted: list[str]) -> None:
    assert texts(validate_limit_range({"spec": {"limits": [limit]}})) == [f"spec.limits[0].{text}" for text in wanted]


def test_types_occur_once() -> None:
    limits = [{"type": "Pod"}, {"type": "Pod"}]
    assert texts(validate_limit_range({"spec": {"limits": limits}})) == [
        'spec.limits[1].type: Duplicate value: "Pod"'
    ]
