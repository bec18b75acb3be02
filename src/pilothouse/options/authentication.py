"""The options of authentication, and their checks (upstream: pkg/kubeapiserver/options/authentication.go)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pilothouse.authentication.tokenwebhook import VERSIONS
from pilothouse.options.values import quoted

_HOUR = 3600.0
_MOST_SECONDS = float(1 << 32)
OIDC_FLAGS = (
    "oidc-ca-file", "oidc-client-id", "oidc-groups-claim", "oidc-groups-prefix", "oidc-issuer-url",
    "oidc-required-claim", "oidc-signing-algs", "oidc-username-claim", "oidc-username-prefix",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class AuthenticationOptions:
    """How requests prove who sends them. Times in seconds."""

    anonymous_auth: bool
    """Completed: False with --authorization-mode=AlwaysAllow."""
    authentication_config: str
    authentication_token_webhook_cache_ttl: float
    authentication_token_webhook_config_file: str
    authentication_token_webhook_version: str
    client_ca_file: str
    """As given; `Options.client_ca_files` are all that count."""
    enable_bootstrap_token_auth: bool
    oidc_ca_file: str
    oidc_client_id: str
    oidc_groups_claim: str
    oidc_groups_prefix: str
    oidc_issuer_url: str
    oidc_required_claim: Mapping[str, str]
    oidc_signing_algs: tuple[str, ...]
    oidc_username_claim: str
    oidc_username_prefix: str
    token_auth_file: str
    api_audiences: tuple[str, ...]
    """Completed: the issuers, if not given."""
    requestheader_client_ca_file: str
    """Completed, with the names and headers below: our own front proxy authority, if not given."""
    requestheader_allowed_names: tuple[str, ...]
    requestheader_username_headers: tuple[str, ...]
    requestheader_uid_headers: tuple[str, ...]
    requestheader_group_headers: tuple[str, ...]
    requestheader_extra_headers_prefix: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ServiceAccountOptions:
    """Tokens of service accounts. Completed: without key flags, those of the pair that `transport.pki` makes."""

    service_account_extend_token_expiration: bool
    service_account_issuer: tuple[str, ...]
    service_account_jwks_uri: str
    service_account_key_file: tuple[str, ...]
    service_account_lookup: bool
    service_account_max_token_expiration: float
    """Seconds; 0 for no limit."""
    service_account_signing_key_file: str


def validate(options: AuthenticationOptions, given: frozenset[str]) -> Iterator[str]:
    """`given` are the names of the flags that were given."""
    oidc = [flag for flag in OIDC_FLAGS if flag in given]
    if options.authentication_config:
        if oidc:
            yield "authentication-config file and oidc-* flags are mutually exclusive"
    elif oidc and not (options.oidc_issuer_url and options.oidc_client_id):
        yield "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set"
    version = options.authentication_token_webhook_version
    if options.authentication_token_webhook_config_file and version not in VERSIONS:
        yield (f'unsupported authentication webhook version {quoted(version)}, supported versions are "v1", "v1beta1"')
    for flag, path in (
        ("authentication-token-webhook-config-file", options.authentication_token_webhook_config_file),
        ("oidc-ca-file", options.oidc_ca_file),
    ):
        if path and not os.access(path, os.R_OK):
            reason = "permission denied" if os.path.exists(path) else "no such file or directory"
            yield f"--{flag}: open {path}: {reason}"


def validate_service_accounts(options: ServiceAccountOptions) -> Iterator[str]:
    most = options.service_account_max_token_expiration
    if most and not _HOUR <= most <= _MOST_SECONDS:
        yield "the service-account-max-token-expiration must be between 1 hour and 2^32 seconds"
