from typing import Any

import pytest

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.apimachinery.schema.decode_error import DecodeError
from pilothouse.apimachinery.schema.unstructured import converted

POD = type_for(GroupVersionKind("", "v1", "Pod"))
SECRET = type_for(GroupVersionKind("", "v1", "Secret"))


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


@pytest.mark.parametrize(("value", "want"), [
    (spec(priority=2**31), spec(priority=-(2**31))), (spec(priority=-1), spec(priority=-1)),
    (spec(priority=3.0), spec(priority=3)), (spec(priority=2.0**40 + 5), spec(priority=5)),
    (spec(terminationGracePeriodSeconds=2**63), spec(terminationGracePeriodSeconds=-(2**63))),
    (spec(nodeName=None, unknown={"a": 1}), spec(nodeName=None, unknown={"a": 1})),
    (spec(overhead={"cpu": 1}), spec(overhead={"cpu": 1})),
])
def test_numbers_are_cut_to_size(value: Any, want: Any) -> None:
    assert POD is not None
    assert converted(POD, value) == want


@pytest.mark.parametrize(("value", "text"), [
    (spec(priority=1.5), "cannot convert float64 to int32"), (spec(priority="1"), "unrecognized type: int32"),
    (spec(nodeName=1), "cannot convert int64 to string"), (spec(nodeName=1.5), "unrecognized type: string"),
    (spec(hostNetwork="x"), "unrecognized type: bool"), (spec(containers={}), "cannot restore slice from map"),
    (spec(containers=["x"]), "cannot restore struct from: string"),
    (spec(nodeSelector=[]), "cannot restore map from slice"), ({"spec": True}, "cannot restore struct from: bool"),
    ({"metadata": {"creationTimestamp": 1}}, "json: cannot unmarshal number into Go value of type string"),
    (spec(overhead={"cpu": "x"}),
     "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
])
def test_refusals(value: Any, text: str) -> None:
    assert POD is not None
    with pytest.raises(DecodeError) as e:
        converted(POD, value)
    assert str(e.value) == text


def test_bytes() -> None:
    assert SECRET is not None
    assert converted(SECRET, {"data": {"a": "AA=="}}) == {"data": {"a": "AA=="}}
    with pytest.raises(DecodeError, match="error decoding from json: illegal base64 data at input byte 0"):
        converted(SECRET, {"data": {"a": "%"}})
