import copy
from typing import Any

import pytest

from pilothouse.registry.resource.conversion import CONVERTERS


def slice_of(*devices: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"driver": "d", **spec, "devices": list(devices)}}


def claim_of(*requests: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"devices": {"requests": list(requests)}}}


FIRST = [{"name": "a", "deviceClassName": "c"}]


@pytest.mark.parametrize(("kind", "beta", "stable"), [
    (
        "ResourceClaim",
        claim_of({"name": "r", "deviceClassName": "c", "count": 2, "adminAccess": False}),
        claim_of({"name": "r", "exactly": {"deviceClassName": "c", "count": 2, "adminAccess": False}}),
    ),
    (
        "ResourceClaim",
        claim_of({"name": "r", "deviceClassName": "", "firstAvailable": FIRST}),
        claim_of({"name": "r", "firstAvailable": FIRST}),
    ),
    (
        "ResourceClaim",
        claim_of({"name": "r", "deviceClassName": "", "count": 1}),
        claim_of({"name": "r", "exactly": {"deviceClassName": "", "count": 1}}),
    ),
    (
        "ResourceClaimTemplate",
        {"spec": claim_of({"name": "r", "deviceClassName": "c"})},
        {"spec": claim_of({"name": "r", "exactly": {"deviceClassName": "c"}})},
    ),
    (
        "ResourceSlice",
        slice_of({"name": "d", "basic": {"attributes": {"m": {"bool": False}}, "allNodes": False}}, nodeName="n"),
        slice_of({"name": "d", "attributes": {"m": {"bool": False}}, "allNodes": False}, nodeName="n"),
    ),
    ("ResourceSlice", slice_of({"name": "d", "basic": {}}), slice_of({"name": "d"})),
    ("ResourceSlice", {"spec": {}}, {"spec": {}}),
    ("ResourceClaim", {}, {}),
])
def test_both_ways(kind: str, beta: dict[str, Any], stable: dict[str, Any]) -> None:
    converter = CONVERTERS[kind]
    assert converter.to_storage(copy.deepcopy(beta)) == stable
    assert converter.from_storage(copy.deepcopy(stable)) == beta


def test_what_v1beta1_cannot_say() -> None:
    """Plain values of Go: false is the same as nothing."""
    given = slice_of({"name": "d"}, nodeName="", allNodes=False)
    assert CONVERTERS["ResourceSlice"].to_storage(given) == slice_of({"name": "d"})


def test_a_whole_object_says_its_version() -> None:
    claim = {"apiVersion": "resource.k8s.io/v1beta1", **claim_of()}
    assert CONVERTERS["ResourceClaim"].to_storage(claim)["apiVersion"] == "resource.k8s.io/v1"
    assert CONVERTERS["ResourceClaim"].from_storage(claim)["apiVersion"] == "resource.k8s.io/v1beta1"
