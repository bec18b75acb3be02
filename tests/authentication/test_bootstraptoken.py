"""Tokens of Secrets in kube-system."""

import asyncio
import base64
from typing import Any

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authentication.bootstraptoken import BootstrapTokenAuthenticator

TOKEN = "abcdef.0123456789abcdef"
NOW = 1_800_000_000.0


def secret(type: str = "bootstrap.kubernetes.io/token", metadata: Any = None, **data: str | None) -> dict[str, Any]:
    values = {
        "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true",
        **{key.replace("_", "-"): value for key, value in data.items()},
    }
    return {"metadata": {"name": "bootstrap-token-abcdef", **(metadata or {})}, "type": type, "data": {
        key: base64.b64encode(value.encode()).decode() for key, value in values.items() if value is not None
    }}


def authenticate(stored: dict[str, Any] | None, token: str = TOKEN) -> User | None:
    def get(name: str) -> dict[str, Any] | None:
        return stored if name == "bootstrap-token-abcdef" else None

    authenticator = BootstrapTokenAuthenticator(get, clock=lambda: NOW)
    response = asyncio.run(authenticator.authenticate_token(token))
    return response.user if response else None


@pytest.mark.parametrize(("data", "groups"), [
    ({}, ()),
    ({"expiration": "2027-01-15T08:00:01Z"}, ()),
    ({"expiration": "2027-01-15T08:00:00.5Z"}, ()),
    ({"expiration": "2027-01-15T09:00:01+01:00"}, ()),
    ({"auth_extra_groups": "system:bootstrappers:b,system:bootstrappers:a"},
     ("system:bootstrappers:a", "system:bootstrappers:b")),
])
def test_good_tokens(data: dict[str, str], groups: tuple[str, ...]) -> None:
    user = User("system:bootstrap:abcdef", groups=("system:bootstrappers", *groups))
    assert authenticate(secret(**data)) == user


@pytest.mark.parametrize("stored", [
    None, secret("Opaque"), secret(metadata={"deletionTimestamp": "2027-01-01T00:00:00Z"}),
    {**secret(), "data": None}, secret(token_secret="0123456789abcdeg"), secret(token_secret=None),
    secret(token_id="abcdeg"), secret(expiration="2027-01-15T08:00:00Z"), secret(expiration="soon"),
    secret(expiration="2099-01-01"), secret(expiration="2099-01-01T00:00:00"), secret(expiration="20990101T000000Z"),
    secret(expiration="2099-13-01T00:00:00Z"), secret(expiration="2099-01-01 00:00:00Z"),
    secret(usage_bootstrap_authentication="false"), secret(usage_bootstrap_authentication=None),
    secret(auth_extra_groups="system:masters"), secret(auth_extra_groups="system:bootstrappers:a,"),
    secret(auth_extra_groups="system:bootstrappers:A"), secret(auth_extra_groups="system:bootstrappers:a\n"),
])
def test_secrets_that_give_nobody(stored: dict[str, Any] | None) -> None:
    assert authenticate(stored) is None


@pytest.mark.parametrize("token", [
    "", "abcdef", "abcdef.", "abcdef.0123456789abcde", TOKEN + "0", TOKEN + "\n", TOKEN.upper(),
    "abcde.0123456789abcdef", "../../x.0123456789abcdef", "abcdef.0123456789abcde\n",
])
def test_tokens_of_another_form(token: str) -> None:
    assert authenticate(secret(), token) is None
