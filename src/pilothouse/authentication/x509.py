"""Client certificates (upstream: k8s.io/apiserver pkg/authentication/request/x509).

A certificate is verified once, in a thread, and remembered by its bytes; later requests only look at the clock.
The x509 library is loaded by the first certificate, not at start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import Request
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.observability.metrics import REGISTRY, HistogramSeries, Registry

if TYPE_CHECKING:
    from pilothouse.authentication.certificates import Verifier

_REMEMBERED = 4096
_HOUR, _DAY = 3600.0, 86400.0
_LIFETIMES = (
    0.0, _HOUR / 2, _HOUR, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 30 * _DAY, 90 * _DAY,
    180 * _DAY, 360 * _DAY,
)


def expiration_metric(registry: Registry = REGISTRY) -> HistogramSeries:
    """For how long the certificates still hold that requests bring."""
    return registry.histogram(
        "apiserver_client_certificate_expiration_seconds",
        "Distribution of the remaining lifetime on the certificate used to authenticate a request.",
        buckets=_LIFETIMES,
    ).labels()


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate says, for as long as its chain holds (Unix seconds). `response` None: it names nobody.
    `expires` is when the certificate itself does."""

    response: AuthenticatorResponse | None
    not_before: float
    not_after: float
    identifier: str
    expires: float


class X509Authenticator:
    """Common name as user, organizations as groups, for certificates signed by one of `authorities` (PEM).

    `read_uid`: also the user's uid (upstream: the AllowParsingUserUIDFromCertAuth gate). `expirations` is told for how
    long each certificate still holds.
    """

    def __init__(
        self, authorities: Sequence[bytes], *, read_uid: bool = True, expirations: HistogramSeries | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._authorities = tuple(authorities)
        self._read_uid = read_uid
        self._expirations = expirations
        self._clock = clock
        self._verifier: Verifier | None = None
        self._known: dict[bytes, Identity | AuthenticationError] = {}

    def set_authorities(self, authorities: Sequence[bytes]) -> None:
        """From now on these, and no longer those before: every certificate is verified anew. Raises ValueError."""
        from pilothouse.authentication.certificates import Verifier

        self._verifier = Verifier(authorities, read_uid=self._read_uid)
        self._authorities = tuple(authorities)
        # A new map, not a cleared one: what is being verified now must not find its way into it.
        self._known = {}

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        chain = request.peer_certificates
        if not chain:
            return None
        identity = self._known.get(chain[0])
        if identity is None:
            identity = await self._verify(tuple(chain))
        if isinstance(identity, AuthenticationError):
            raise AuthenticationError(str(identity))
        now = self._clock()
        if self._expirations is not None:
            self._expirations.observe(identity.expires - now)
        if not identity.not_before <= now <= identity.not_after:
            raise AuthenticationError(
                f"verifying certificate {identity.identifier} failed: x509: certificate has expired or is not yet valid"
            )
        return identity.response

    async def _verify(self, chain: tuple[bytes, ...]) -> Identity | AuthenticationError:
        known = self._known
        identity = await asyncio.to_thread(self._identify, chain)
        if len(known) >= _REMEMBERED:
            known.clear()
        # A failure may be due to missing intermediates, which another connection could send: not remembered.
        if isinstance(identity, Identity):
            known[chain[0]] = identity
        return identity

    def _identify(self, chain: tuple[bytes, ...]) -> Identity | AuthenticationError:
        if self._verifier is None:
            from pilothouse.authentication.certificates import Verifier

            self._verifier = Verifier(self._authorities, read_uid=self._read_uid)
        try:
            return self._verifier.identify(chain)
        except AuthenticationError as error:
            return error
