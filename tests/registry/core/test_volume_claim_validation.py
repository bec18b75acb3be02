"""What may change of claims."""

from typing import Any

import pytest

from pilothouse.registry.core.volume_claim_validation import (
    claim_warnings,
    validate_claim_status,
    validate_claim_update,
)
from tests.registry.core.checks import Object, texts

_CLASS = "volume.beta.kubernetes.io/storage-class"
_STAYS = "spec: Forbidden: spec is immutable after creation except resources.requests and "


def claim(size: str = "1Gi", annotations: Object | None = None, status: Object | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": "c", "annotations": annotations or {}},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "volumeMode": "Filesystem",
            **spec,
        },
        "status": status or {},
    }


BOUND: Object = {"phase": "Bound", "capacity": {"storage": "1Gi"}}


@pytest.mark.parametrize(
    ("new", "old", "wanted"),
    [
        (claim(volumeName="v"), claim(), []),
        (claim("1024Mi"), claim(), []),
        (claim("2Gi", status=BOUND), claim(status=BOUND), []),
        (claim("1Gi", status=BOUND), claim("2Gi", status=BOUND),
         ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]),
        (claim(storageClassName="a"), claim(), []),
        (claim(storageClassName="a"), claim(annotations={_CLASS: "a"}), []),
        (claim(annotations={_CLASS: "b"}), claim(annotations={_CLASS: "a"}),
         [f'metadata.annotations.{_CLASS}: Invalid value: "b": field is immutable']),
        (claim(status=BOUND, volumeAttributesClassName="b"), claim(status=BOUND, volumeAttributesClassName="a"), []),
        (claim(status=BOUND), claim(status={**BOUND, "currentVolumeAttributesClassName": "a"},
                                    volumeAttributesClassName="a"),
         ["spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when "
          "status.currentVolumeAttributesClassName is not nil"]),
    ],
)
def test_updates(new: Object, old: Object, wanted: list[str]) -> None:
    assert texts(validate_claim_update(new, old)) == wanted


def test_the_rest_of_the_spec_stays() -> None:
    (text,) = texts(validate_claim_update(claim("2Gi"), claim()))
    assert text.startswith(_STAYS)
    assert '-   "storage": "1Gi"\n+   "storage": "2Gi"\n' in text
    assert len(texts(validate_claim_update(claim(storageClassName="b"), claim(storageClassName="a")))) == 1


def test_status() -> None:
    status = {
        "capacity": {"storage": "-1"}, "allocatedResources": {"cpu": "1"},
        "allocatedResourceStatuses": {"storage": "Odd"},
    }
    assert texts(validate_claim_status(claim(status=status))) == [
        "status.capacity[storage]: Invalid value: -1: must be a valid resource quantity",
        'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: '
        '"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", '
        '"NodeResizePending"',
        'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
    ]


def test_warnings() -> None:
    assert claim_warnings(claim("1500m", {_CLASS: "a"})) == [
        f'metadata.annotations[{_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead',
        'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]
