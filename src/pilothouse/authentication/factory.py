"""The authenticator that the flags ask for (upstream: pkg/kubeapiserver/authenticator)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pilothouse.authentication.anonymous import AnonymousAuthenticator
from pilothouse.authentication.bearer import BearerTokenAuthenticator
from pilothouse.authentication.group import AuthenticatedGroupAdder
from pilothouse.authentication.interface import Authenticator, TokenAuthenticator
from pilothouse.authentication.requestheader import RequestHeaderAuthenticator, RequestHeaderConfig
from pilothouse.authentication.tokenfile import load
from pilothouse.authentication.union import UnionAuthenticator, UnionTokenAuthenticator
from pilothouse.authentication.x509 import X509Authenticator


@dataclass(frozen=True, slots=True)
class Authentication:
    """`requests` authenticates requests; `tokens` is what TokenReview asks."""

    requests: Authenticator
    tokens: TokenAuthenticator


def build(
    *,
    request_header: RequestHeaderConfig | None = None,
    client_ca_files: Sequence[Path] = (),
    token_auth_file: str = "",
    token_authenticators: Sequence[TokenAuthenticator] = (),
    anonymous: bool = True,
    read_certificate_uid: bool = True,
) -> Authentication:
    """Upstream's order: front proxies' headers, client certificates, then bearer tokens (the file's first), then
    anonymous.

    `token_authenticators` are asked after the token file (service accounts, bootstrap tokens, OIDC, webhook).
    A wrong credential is never anonymous. Raises OSError or ValueError for files that cannot be read.
    """
    authenticators: list[Authenticator] = []
    if request_header is not None:
        authenticators.append(RequestHeaderAuthenticator(request_header))
    if client_ca_files:
        authorities = [path.read_bytes() for path in client_ca_files]
        authenticators.append(X509Authenticator(authorities, read_uid=read_certificate_uid))
    by_token: list[TokenAuthenticator] = [load(Path(token_auth_file))] if token_auth_file else []
    by_token += token_authenticators
    # There even without any: upstream always knows service account tokens, so that no bearer is ever anonymous.
    tokens = by_token[0] if len(by_token) == 1 else UnionTokenAuthenticator(by_token)
    authenticators.append(BearerTokenAuthenticator(tokens))
    chain: Authenticator = AuthenticatedGroupAdder(UnionAuthenticator(authenticators))
    if anonymous:
        chain = UnionAuthenticator([chain, AnonymousAuthenticator()], fail_on_error=True)
    return Authentication(chain, tokens)
