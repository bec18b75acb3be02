from typing import Any

import pytest

from pilothouse.registry.apiserverinternal.validation import validate_storage_version, validate_storage_version_name
from tests.registry.checks import ABSENT, begins, edited

SERVER = {
    "apiServerID": "a", "encodingVersion": "apps/v1", "decodableVersions": ["apps/v1", "apps/v1beta1"],
    "servedVersions": ["apps/v1"],
}
VERSION = {
    "status": {
        "storageVersions": [SERVER], "commonEncodingVersion": "apps/v1",
        "conditions": [{"type": "AllEncodingVersionsEqual", "status": "True", "reason": "R", "message": "m"}],
    }
}
FIRST = "status.storageVersions[0]"


def test_names() -> None:
    assert not validate_storage_version_name("apps.deployments")
    assert validate_storage_version_name("pods") == ["name must be in the form of <group>.<resource>"]
    assert [text[:22] for text in validate_storage_version_name("A.1x")] == [
        "the group segment a lo", "the resource segment a",
    ]


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("status.storageVersions.0.apiServerID", "A_", [f'{FIRST}.apiServerID: Invalid value: "A_"']),
    ("status.storageVersions.0.servedVersions", ["v2"], [
        f'{FIRST}.servedVersions[0]: Invalid value: "v2": individual served version : v2 must be included in '
        "decodableVersions : [apps/v1 apps/v1beta1]",
    ]),
    ("status.storageVersions.0.decodableVersions", ["a/b/c", "/v1", "apps/v1"], [
        f'{FIRST}.decodableVersions[0]: Invalid value: "a/b/c": an apiVersion is a DNS-1035 label',
        f'{FIRST}.decodableVersions[1]: Invalid value: "/v1": group part: must be non-empty',
    ]),
    ("status.storageVersions.1", SERVER, ['status.storageVersions[1].apiServerID: Duplicate value: "a"']),
    ("status.commonEncodingVersion", ABSENT, [
        "status.commonEncodingVersion: Invalid value: null: the common encoding version is apps/v1",
    ]),
    ("status.commonEncodingVersion", "v1", [
        'status.commonEncodingVersion: Invalid value: "v1": the actual common encoding version is apps/v1',
    ]),
    ("status.storageVersions", [], [
        'status.commonEncodingVersion: Invalid value: "apps/v1": should be nil if servers do not agree',
    ]),
    ("status.conditions.0.reason", "", ["status[0].reason: Required value"]),
])
def test_storage_versions(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_storage_version(edited(VERSION, path, value)), expected)
