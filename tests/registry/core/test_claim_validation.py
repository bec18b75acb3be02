"""What claims ask for."""

from typing import Any

import pytest

from pilothouse.registry.core.claim_validation import validate_claim_spec, validate_claim_template
from tests.registry.core.checks import SUBDOMAIN, Object, texts

_GOOD: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_MODES = 'supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, []),
        ({"accessModes": []}, ["accessModes: Required value: at least 1 access mode is required"]),
        ({"accessModes": ["X"]}, [f'accessModes: Unsupported value: "X": {_MODES}']),
        ({"accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]},
         ["accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
        ({"resources": {}}, ["resources[storage]: Required value"]),
        ({"resources": {"requests": {"storage": "0"}}},
         ['resources[storage]: Invalid value: "0": must be greater than zero']),
        ({"storageClassName": "A"}, [f'storageClassName: Invalid value: "A": {SUBDOMAIN}']),
        ({"volumeMode": "X"}, ['volumeMode: Unsupported value: "X": supported values: "Block", "Filesystem"']),
        ({"dataSource": {"kind": "X", "name": "x"}}, [
            "dataSource: Invalid value: \"X\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        ]),
        ({"dataSource": {"kind": "X", "name": "x", "apiGroup": "a.b"},
          "dataSourceRef": {"kind": "X", "name": "y", "apiGroup": "a.b"}},
         [": Invalid value: {}: must match dataSourceRef"]),
    ],
)
def test_specs(fields: dict[str, Any], wanted: list[str]) -> None:
    assert texts(validate_claim_spec({**_GOOD, **fields})) == wanted


def test_templates_have_no_names() -> None:
    assert texts(validate_claim_template({"metadata": {"labels": {"a": "b"}}, "spec": _GOOD})) == []
    assert texts(validate_claim_template({"metadata": {"name": "a", "uid": "u"}, "spec": _GOOD})) == [
        "metadata.name: Forbidden: cannot be set", "metadata.uID: Forbidden: cannot be set",
    ]
