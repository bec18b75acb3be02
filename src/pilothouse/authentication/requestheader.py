"""Users that a front proxy names in headers (upstream: k8s.io/apiserver pkg/authentication/request/headerrequest).

The headers count only on connections whose client certificate one of the front proxies' authorities signed; anybody
can write headers. An aggregating API server is such a proxy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.authentication.x509 import X509Authenticator


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHeaderConfig:
    """`authorities` are PEM bundles; header names may be written in any case. The first name header with a value
    counts, and of several values the first; all values of all group headers do. Without `allowed_names` any
    certificate of the authorities will do."""

    authorities: Sequence[bytes]
    allowed_names: Sequence[str] = ()
    username_headers: Sequence[str] = ()
    uid_headers: Sequence[str] = ()
    group_headers: Sequence[str] = ()
    extra_header_prefixes: Sequence[str] = ()


class RequestHeaderAuthenticator:
    """`clock` gives Unix seconds."""

    def __init__(self, config: RequestHeaderConfig, *, clock: Callable[[], float] = time.time) -> None:
        self._proxies = X509Authenticator(config.authorities, read_uid=False, clock=clock)
        self._allowed = frozenset(config.allowed_names)
        self._name, self._uid = _lower(config.username_headers), _lower(config.uid_headers)
        self._groups, self._extra = _lower(config.group_headers), _lower(config.extra_header_prefixes)

    def set_authorities(self, authorities: Sequence[bytes]) -> None:
        """From now on these. Raises ValueError."""
        self._proxies.set_authorities(authorities)

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        name = _first(request, self._name)
        # Upstream looks at the certificate first. Nearly all certificates are users' own ones: they are not looked at.
        if not name or not request.peer_certificates:
            return None
        await self._check_proxy(request)
        groups = [_text(v) for header in self._groups for k, v in request.headers if k == header and v]
        return AuthenticatorResponse(User(name, _first(request, self._uid), tuple(groups), self._extras(request)))

    async def _check_proxy(self, request: Request) -> None:
        """Raises AuthenticationError for a certificate that is no front proxy's."""
        proxy = await self._proxies.authenticate(request)
        common_name = proxy.user.name if proxy is not None else ""
        if self._allowed and common_name not in self._allowed:
            raise AuthenticationError(f"x509: subject with cn={common_name} is not in the allowed list")

    def _extras(self, request: Request) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for prefix in self._extra:
            for name, value in request.headers:
                if name.startswith(prefix):
                    key = _unescaped(name[len(prefix):].decode("latin-1"))
                    found[key] = (*found.get(key, ()), _text(value))
        return found


def _lower(names: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(name.strip().lower().encode() for name in names)


def _first(request: Request, headers: Sequence[bytes]) -> str:
    """The first value of the first of `headers` whose first value is not empty."""
    values = request.first_headers
    for header in headers:
        if value := values.get(header):
            return _text(value)
    return ""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _unescaped(key: str) -> str:
    """Percent-decoded; what is malformed stays as it is."""
    escapes = key.split("%")[1:]
    if any(len(part) < 2 or not all(c in "0123456789abcdef" for c in part[:2].lower()) for part in escapes):
        return key
    return unquote(key, errors="replace")
