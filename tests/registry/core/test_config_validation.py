from base64 import b64encode
from typing import Any

import pytest

from pilothouse.registry.core.config_validation import MAX_BYTES, validate_config_map, validate_secret


def _texts(errors: list[Any]) -> list[str]:
    return [str(error) for error in errors]


def test_config_map_keys() -> None:
    errors = validate_config_map({"metadata": {}, "data": {"k": "1", "..": "2"}, "binaryData": {"k": "AA=="}})
    assert _texts(errors) == [
        'data[k]: Invalid value: "k": duplicate of key present in binaryData',
        "data[..]: Invalid value: \"..\": must not be '..'",
    ]


@pytest.mark.parametrize("validate", [validate_config_map, validate_secret])
def test_size(validate: Any) -> None:
    text = b64encode(b"x" * (MAX_BYTES + 1)).decode()
    assert [error.reason for error in validate({"metadata": {}, "data": {"k": text}})] == ["FieldValueTooLong"]
    fits = {"metadata": {}, "data": {"k": b64encode(b"x" * MAX_BYTES).decode()}}
    assert validate_secret(fits) == []


@pytest.mark.parametrize(
    ("kind", "data", "texts"),
    [
        ("Opaque", {}, []),
        ("kubernetes.io/tls", {}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": ""}, ["data[ssh-privatekey]: Required value"]),
        ("kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]),
        ("kubernetes.io/basic-auth", {"password": ""}, []),
        ("kubernetes.io/dockercfg", {}, ["data[.dockercfg]: Required value"]),
        ("kubernetes.io/dockercfg", {".dockercfg": b64encode(b"{}").decode()}, []),
        (
            "kubernetes.io/dockerconfigjson", {".dockerconfigjson": b64encode(b"{").decode()},
            ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input'],
        ),
        (
            "kubernetes.io/dockerconfigjson", {".dockerconfigjson": b64encode(b"[]").decode()},
            [
                'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array '
                "into Go value of type map[string]interface {}"
            ],
        ),
        (
            "kubernetes.io/service-account-token", {},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
    ],
)
def test_types_of_secrets(kind: str, data: dict[str, str], texts: list[str]) -> None:
    assert _texts(validate_secret({"metadata": {}, "type": kind, "data": data})) == texts
