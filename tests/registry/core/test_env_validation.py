"""Environment variables and where their values come from."""

import pytest

from pilothouse.registry.core.env_validation import validate_env_from, variable
from tests.registry.core.checks import SUBDOMAIN, Object, texts


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        ({"name": "a.b c"}, []),
        ({}, ["name: Required value"]),
        ({"name": "a=b"}, [
            'name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII '
            "characters other than '='"
        ]),
        ({"name": "a", "valueFrom": {}}, [
            'valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, '
            "`secretKeyRef` or `fileKeyRef`"
        ]),
        ({"name": "a", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
         ['valueFrom: Invalid value: "": may not be specified when `value` is not empty']),
        ({"name": "a", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"},
                                     "configMapKeyRef": {"name": "", "key": ""}}}, [
            f'valueFrom.configMapKeyRef.name: Invalid value: "": {SUBDOMAIN}',
            "valueFrom.configMapKeyRef.key: Required value",
            'valueFrom: Invalid value: "": may not have more than one field specified at a time',
        ]),
        ({"name": "a", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.phase"}}}, [
            'valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", '
            '"metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", '
            '"status.hostIPs", "status.podIP", "status.podIPs"'
        ]),
        ({"name": "a", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['a']"}}}, []),
        ({"name": "a", "valueFrom": {"fileKeyRef": {"key": "k", "volumeName": "v", "path": "../x"}}},
         ["valueFrom.fileKeyRef.path: Invalid value: \"../x\": must not contain '..'"]),
    ],
)
def test_variables(item: Object, wanted: list[str]) -> None:
    assert texts(variable(item)) == wanted


def test_whole_objects() -> None:
    assert texts(validate_env_from([{"configMapRef": {"name": "a"}, "prefix": "P_"}])) == []
    assert texts(validate_env_from([{}, {"configMapRef": {}, "secretRef": {"name": "A"}}])) == [
        ': Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
        "[1].configMapRef.name: Required value",
        f'[1].secretRef.name: Invalid value: "A": {SUBDOMAIN}',
        ': Invalid value: "": may not have more than one field specified at a time',
    ]
