"""Groups that an issuer keeps elsewhere: distributed claims (upstream: claimResolver; OpenID Connect Core 5.6.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.authentication.interface import AuthenticationError
from pilothouse.authentication.oidc.client import Client, FetchError
from pilothouse.authentication.oidc.provider import Accepted, Verifier, discover
from pilothouse.authentication.unverified import read, untrusted_issuer

_RETRY_SECONDS = 10.0
_MOST_ISSUERS = 64


class ClaimResolver:
    """Fetches `claim` where a token says that it is somewhere else. `clock` gives monotonic seconds."""

    def __init__(self, claim: str, client: Client, accepted: Accepted, clock: Callable[[], float]) -> None:
        self._claim = claim
        self._client = client
        self._accepted = accepted
        self._clock = clock
        self._verifiers: dict[str, Verifier] = {}
        self._failed: dict[str, tuple[float, str]] = {}

    async def expand(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims, with the distributed one among them, if there is one. Raises AuthenticationError."""
        names = claims.get("_claim_names")
        if self._claim in claims or names is None:
            return claims
        if not isinstance(names, dict) or not all(isinstance(source, str) for source in names.values()):
            raise AuthenticationError("oidc: error parsing distributed claim names")
        sources = claims.get("_claim_sources")
        if sources is None:
            raise AuthenticationError("oidc: no claim sources")
        if not isinstance(sources, dict) or not all(isinstance(source, dict) for source in sources.values()):
            raise AuthenticationError("oidc: could not parse claim sources")
        source = names.get(self._claim)
        if source is None:
            return claims
        if source not in sources:
            raise AuthenticationError(
                f"id token _claim_names contained a source {source} missing in _claims_sources"
            )
        endpoint, token = sources[source].get("endpoint") or "", sources[source].get("access_token") or ""
        if not isinstance(endpoint, str) or not isinstance(token, str):
            raise AuthenticationError("oidc: could not parse claim sources")
        # Without an endpoint it is an aggregated claim, which upstream does not know either.
        return claims if not endpoint else {**claims, self._claim: await self._resolve(endpoint, token)}

    async def _resolve(self, endpoint: str, access_token: str) -> Any:
        try:
            document = await self._client.get(endpoint, access_token)
        except FetchError as error:
            raise AuthenticationError(f'while getting distributed claim "{self._claim}": {error}') from None
        if not 200 <= document.code <= 226:
            raise AuthenticationError(
                f'while getting distributed claim "{self._claim}": error while getting distributed claim JWT: '
                f"{document.status}"
            )
        token = document.body.decode("utf-8", "replace")
        unverified = read(token)
        if unverified is None:
            raise AuthenticationError(
                f'getting untrusted issuer from endpoint {endpoint} failed for claim "{self._claim}": malformed token'
            )
        verifier = await self._verifier(untrusted_issuer(unverified.claims))
        try:
            claims = await verifier.verify(token, unverified.header)
        except AuthenticationError as error:
            raise AuthenticationError(f"verify distributed claim token: {error}") from None
        if self._claim not in claims:
            raise AuthenticationError(
                f'jwt returned by distributed claim endpoint "{endpoint}" did not contain claim: {self._claim}'
            )
        return claims[self._claim]

    async def _verifier(self, issuer: str) -> Verifier:
        """Raises AuthenticationError for an issuer that says nothing; it is asked again only after a while."""
        known = self._verifiers.get(issuer)
        if known is not None:
            return known
        failed = self._failed.get(issuer)
        if failed is not None and self._clock() < failed[0]:
            raise AuthenticationError(failed[1])
        if not issuer.startswith("https://") or len(self._verifiers) + len(self._failed) >= _MOST_ISSUERS:
            raise AuthenticationError(f'verifying untrusted issuer {issuer} failed: verifier not initialized')
        try:
            verifier = self._verifiers[issuer] = await discover(self._client, issuer, self._accepted)
        except FetchError as error:
            text = f"verifying untrusted issuer {issuer} failed: init verifier failed: {error}"
            self._failed[issuer] = (self._clock() + _RETRY_SECONDS, text)
            raise AuthenticationError(text) from None
        self._failed.pop(issuer, None)
        return verifier
