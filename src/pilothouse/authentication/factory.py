"""The authenticator that the configuration asks for (upstream: pkg/kubeapiserver/authenticator)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pilothouse.authentication.audience import AudienceAgnostic, AudienceAgnosticTokens
from pilothouse.authentication.bearer import BearerTokenAuthenticator, WebSocketProtocolAuthenticator
from pilothouse.authentication.group import AuthenticatedGroupAdder
from pilothouse.authentication.interface import Authenticator, TokenAuthenticator
from pilothouse.authentication.tokencache import CachingTokenAuthenticator
from pilothouse.authentication.tokenfile import load
from pilothouse.authentication.union import UnionAuthenticator, UnionTokenAuthenticator

SUCCESS_SECONDS = 10.0
"""How long a good token is believed without another look (upstream: TokenSuccessCacheTTL; failures are not kept)."""


def build(
    *,
    audiences: Sequence[str] = (),
    request_header: Authenticator | None = None,
    certificates: Authenticator | None = None,
    token_auth_file: str = "",
    service_accounts: Sequence[TokenAuthenticator] = (),
    bootstrap_tokens: TokenAuthenticator | None = None,
    jwt: TokenAuthenticator | None = None,
    webhook: TokenAuthenticator | None = None,
    anonymous: Authenticator | None = None,
) -> Authenticator:
    """Upstream's order: front proxies' headers, client certificates, then bearer tokens: the file's, those of service
    accounts, bootstrap tokens, those of other issuers (`jwt`), what a webhook knows. Then `anonymous`.

    `audiences` are this server's. A wrong credential is never anonymous. Raises OSError or ValueError for files that
    cannot be read.
    """
    by_certificate: list[Authenticator] = []
    if request_header is not None:
        by_certificate.append(AudienceAgnostic(request_header, audiences))
    if certificates is not None:
        by_certificate.append(certificates)
    by_token: list[TokenAuthenticator] = []
    if token_auth_file:
        by_token.append(AudienceAgnosticTokens(load(Path(token_auth_file)), audiences))
    by_token += service_accounts
    if bootstrap_tokens is not None:
        by_token.append(AudienceAgnosticTokens(bootstrap_tokens, audiences))
    if jwt is not None:
        by_token.append(AudienceAgnosticTokens(jwt, audiences))
    if webhook is not None:
        by_token.append(webhook)
    # There even without any: upstream always knows service account tokens, so that no bearer is ever anonymous.
    union = by_token[0] if len(by_token) == 1 else UnionTokenAuthenticator(by_token)
    tokens = CachingTokenAuthenticator(union, success_seconds=SUCCESS_SECONDS, failure_seconds=0.0)
    by_header: list[Authenticator] = [BearerTokenAuthenticator(tokens), WebSocketProtocolAuthenticator(tokens)]
    # upstream: anonymous stands outside of the group adder, which leaves it as it is
    return AuthenticatedGroupAdder(
        UnionAuthenticator(by_header, by_certificate=by_certificate, otherwise=anonymous)
    )
