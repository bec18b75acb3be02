"""The authenticators that the options ask for, and what keeps them up to date (upstream: pkg/kubeapiserver/options/
authentication.go, ApplyTo).
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import StatusError
from pilothouse.authentication import factory, legacytoken
from pilothouse.authentication.anonymous import AnonymousAuthenticator
from pilothouse.authentication.boundtoken import BoundTokenValidator
from pilothouse.authentication.legacytoken import LegacyTokenValidator
from pilothouse.authentication.requestheader import RequestHeaderAuthenticator
from pilothouse.authentication.serviceaccount import ServiceAccountAuthenticator
from pilothouse.authentication.serviceaccountmetrics import ServiceAccountMetrics
from pilothouse.authentication.x509 import X509Authenticator, expiration_metric
from pilothouse.controlplane import config
from pilothouse.controlplane.bootstrap.system import identity
from pilothouse.controlplane.client_authorities import ClientAuthorities
from pilothouse.controlplane.token_issuer import public_keys
from pilothouse.controlplane.token_subjects import TokenSubjects
from pilothouse.observability.logging import log
from pilothouse.server.routes.openid import key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from pilothouse.admission.interface import Lister
    from pilothouse.apimachinery.webhook.caller import Caller
    from pilothouse.authentication.interface import Authenticator, TokenAuthenticator
    from pilothouse.authentication.oidc.reloading import ReloadingIssuers
    from pilothouse.controlplane.jwt_configuration import ConfigurationFile
    from pilothouse.options.options import Options
    from pilothouse.server.hooks import HookContext
    from pilothouse.server.loopback import LoopbackClient

_SECRETS = GroupResource("", "secrets")


def build(options: Options, objects: Lister) -> Authentication:
    """Raises OSError or ValueError for files that cannot be used."""
    given = options.authentication
    audiences = given.api_audiences
    usage = TokenUsage()
    certificates = X509Authenticator(
        [path.read_bytes() for path in options.client_ca_files],
        read_uid=options.feature_gates.enabled("AllowParsingUserUIDFromCertAuth"), expirations=expiration_metric(),
    )
    issuers, file, anonymous = _configured(options)
    proxies = RequestHeaderAuthenticator(config.request_header(options))
    webhook, caller = _webhook(options) if given.authentication_token_webhook_config_file else (None, None)
    requests = factory.build(
        audiences=audiences, request_header=proxies, certificates=certificates,
        token_auth_file=given.token_auth_file, service_accounts=_service_accounts(options, objects, usage),
        bootstrap_tokens=_bootstrap_tokens(objects) if given.enable_bootstrap_token_auth else None,
        jwt=issuers, webhook=webhook,
        anonymous=anonymous,
    )
    authorities = []
    if given.client_ca_file:
        authorities.append(ClientAuthorities("client-ca", options.client_ca_files, certificates))
    if "requestheader-client-ca-file" in options.given:
        authorities.append(ClientAuthorities("request-header", [Path(given.requestheader_client_ca_file)], proxies))
    return Authentication(requests, usage, authorities, caller, issuers, file)


class Authentication:
    """`requests` authenticates requests. `start` begins what goes on beside them, `close` ends connections.

    `authorities` are the files that may change while the server runs.
    """

    def __init__(
        self, requests: Authenticator, usage: TokenUsage, authorities: Sequence[ClientAuthorities],
        webhook: Caller | None = None,
        issuers: ReloadingIssuers | None = None, file: ConfigurationFile | None = None,
    ) -> None:
        self.requests = requests
        self.authorities = tuple(authorities)
        self._usage = usage
        self._webhook = webhook
        self._issuers = issuers
        self._file = file

    def start(self, context: HookContext) -> None:
        self._usage.client = context.client
        if self._issuers is not None:
            self._issuers.start()
        for authority in self.authorities:
            context.start(authority.run(), "client-authorities")
        if self._file is not None:
            context.start(self._file.run(), "authentication-configuration")

    async def close(self) -> None:
        if self._issuers is not None:
            await self._issuers.close()
        if self._webhook is not None:
            await self._webhook.close()


class TokenUsage:
    """Labels Secrets with the day on which their tokens were last used, once there is a client to do it."""

    def __init__(self) -> None:
        self.client: LoopbackClient | None = None

    async def mark(self, namespace: str, name: str, uid: str, day: str) -> None:
        """An `authentication.legacytoken.MarkUsed`."""
        if self.client is None:
            return
        patch = {"metadata": {"uid": uid, "labels": {legacytoken.LAST_USED_LABEL: day}}}
        try:
            await self.client.patch("", "v1", "secrets", name, patch, namespace)
        except StatusError as error:
            log.error(
                f"Failed to label legacy service account token {namespace}/{name} with last-used date", error
            )


def _service_accounts(options: Options, objects: Lister, usage: TokenUsage) -> Sequence[TokenAuthenticator]:
    """Tokens in Secrets, then those of TokenRequests."""
    accounts, audiences = options.service_accounts, options.authentication.api_audiences
    lookup, metrics = TokenSubjects(objects), ServiceAccountMetrics()
    keys = _keys(accounts.service_account_key_file)
    if "service-account-key-file" in options.given:
        # what is wrong with somebody's files is told at once; our own are read when they are needed
        keys()
    legacy = LegacyTokenValidator(lookup if accounts.service_account_lookup else None, usage.mark, metrics=metrics)
    bound = BoundTokenValidator(lookup, metrics=metrics)
    return [
        ServiceAccountAuthenticator([legacytoken.ISSUER], keys, audiences, legacy, metrics),
        ServiceAccountAuthenticator(accounts.service_account_issuer, keys, audiences, bound, metrics),
    ]


def _keys(files: tuple[str, ...]) -> Callable[[], list[tuple[str, PublicKeyTypes]]]:
    return cache(lambda: [(key_id(key), key) for key in public_keys(files)])


def _bootstrap_tokens(objects: Lister) -> TokenAuthenticator:
    from pilothouse.authentication import bootstraptoken

    return bootstraptoken.BootstrapTokenAuthenticator(
        lambda name: objects.get(_SECRETS, bootstraptoken.NAMESPACE, name)
    )


def _configured(
    options: Options,
) -> tuple[ReloadingIssuers | None, ConfigurationFile | None, Authenticator | None]:
    """Other issuers, the file that says so, and who is anonymous. Raises OSError or ValueError."""
    given, own = options.authentication, options.service_accounts.service_account_issuer
    path = given.authentication_config
    if options.values["anonymous-auth"] and not given.anonymous_auth:
        log.warning("AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false. "
                    "You should use a different authorizer")
    if not path and not given.oidc_issuer_url:
        return None, None, AnonymousAuthenticator() if given.anonymous_auth else None
    # what most servers do without is not loaded at start
    from pilothouse.authentication.oidc.metrics import JWTMetrics
    from pilothouse.authentication.oidc.reloading import ReloadingIssuers
    from pilothouse.controlplane.jwt_configuration import ConfigurationFile, anonymous_of, configured
    from pilothouse.observability.configmetrics import ConfigurationMetrics

    configuration, algorithms, text = configured(given, own)
    anonymous = anonymous_of(configuration, given, options.given)
    server = identity(platform.node())
    issuers, file = ReloadingIssuers(configuration, algorithms, JWTMetrics(server)), None
    if path:
        metrics = ConfigurationMetrics("authentication", server)
        file = ConfigurationFile(Path(path), text, configuration.anonymous, issuers, own, metrics)
    return issuers, file, AnonymousAuthenticator(anonymous.paths) if anonymous.enabled else None


def _webhook(options: Options) -> tuple[TokenAuthenticator, Caller]:
    from pilothouse.apimachinery.webhook.caller import Caller as WebhookCaller
    from pilothouse.authentication.tokencache import CachingTokenAuthenticator
    from pilothouse.authentication.tokenwebhook import WebhookTokenAuthenticator

    given = options.authentication
    caller = WebhookCaller.of_file(Path(given.authentication_token_webhook_config_file))
    asking = WebhookTokenAuthenticator(caller, given.authentication_token_webhook_version, given.api_audiences)
    seconds = given.authentication_token_webhook_cache_ttl
    return CachingTokenAuthenticator(
        asking, success_seconds=seconds, failure_seconds=seconds, cache_errors=False
    ), caller
