"""Options of authentication."""

from pathlib import Path

import pytest

from pilothouse.options.complete import complete
from pilothouse.options.options import Options
from pilothouse.options.validation import validate


def errors(*flags: str) -> list[str]:
    return validate(complete(Options.parse(["--data-dir=/tmp/x", *flags])))


@pytest.mark.parametrize(("flags", "error"), [
    (["--oidc-client-id=x"],
     "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set"),
    (["--oidc-issuer-url=https://x"],
     "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set"),
    (["--authentication-config=x", "--oidc-client-id=x"],
     "authentication-config file and oidc-* flags are mutually exclusive"),
    (["--oidc-issuer-url=https://x", "--oidc-client-id=x", "--oidc-ca-file=/no/such"],
     "--oidc-ca-file: open /no/such: no such file or directory"),
    (["--authentication-token-webhook-config-file=/no/such"],
     "--authentication-token-webhook-config-file: open /no/such: no such file or directory"),
    (["--service-account-max-token-expiration=10m"],
     "the service-account-max-token-expiration must be between 1 hour and 2^32 seconds"),
    (["--oidc-issuer-url=https://x", "--oidc-client-id=x", "--oidc-required-claim=a"],
     'invalid argument "a" for "--oidc-required-claim" flag: malformed pair, expect string=string'),
])
def test_what_is_wrong(flags: list[str], error: str) -> None:
    assert errors(*flags) == [error]


def test_versions_of_the_webhook(tmp_path: Path) -> None:
    file = tmp_path / "webhook"
    file.touch()
    flags = [f"--authentication-token-webhook-config-file={file}", "--authentication-token-webhook-version=v2"]
    assert errors(*flags) == [
        'unsupported authentication webhook version "v2", supported versions are "v1", "v1beta1"'
    ]


def test_required_claims_are_pairs_with_commas() -> None:
    options = Options.parse(["--oidc-required-claim=a=b,c=d", "--oidc-required-claim=e=f"])
    assert options.authentication.oidc_required_claim == {"a": "b,c=d", "e": "f"}


@pytest.mark.parametrize(("mode", "anonymous"), [("RBAC", True), ("AlwaysAllow", False), ("RBAC,AlwaysAllow", False)])
def test_who_may_do_everything_says_who_he_is(mode: str, anonymous: bool) -> None:
    options = complete(Options.parse(["--data-dir=/tmp/x", f"--authorization-mode={mode}"]))
    assert options.authentication.anonymous_auth == anonymous
