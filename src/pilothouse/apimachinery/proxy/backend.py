"""Reaching a backend: TLS, dialing, and what went wrong in Go's words (upstream: util/proxy/dial.go, Go's net)."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.proxy.location import Location, join_host_port
from pilothouse.apimachinery.proxy.servercert import LEGACY_NAME

if TYPE_CHECKING:
    import aiohttp

    from pilothouse.apimachinery.proxy.servercert import ServerCertificates, Watched

CONNECT_SECONDS = 30.0
"""How long a connection may take (upstream: http.DefaultTransport's dialer)."""
_REFUSALS = {
    errno.ECONNREFUSED: "connection refused", errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable", errno.ETIMEDOUT: "connection timed out",
    errno.ECONNRESET: "connection reset by peer", errno.EACCES: "permission denied",
    errno.EADDRNOTAVAIL: "cannot assign requested address", errno.EINVAL: "invalid argument",
}
_UNKNOWN_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class BackendError(Exception):
    """A backend could not be reached or did not speak HTTP. The text is Go's, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files; "" for none. Without `authority` the backend's certificate is not verified."""

    authority: str = ""
    certificate: str = ""
    key: str = ""


class Transport:
    """How to connect to a sort of backends; files that changed are read again.

    `server_name` is what their certificates must be for (and what they are told by SNI), "" for the host of the
    location. With `keep`, connections are kept for later requests until `close`. `certificates` counts outdated ones.
    """

    def __init__(
        self, files: Files | None = None, connect_seconds: float = CONNECT_SECONDS, *, server_name: str = "",
        keep: bool = False, certificates: ServerCertificates | None = None,
    ) -> None:
        self._files = files or Files()
        self.connect_seconds = connect_seconds
        self.server_name = server_name
        self._keep = keep
        self._certificates = certificates
        self._watched: Watched | None = None
        self._kept: aiohttp.ClientSession | None = None
        self._context: ssl.SSLContext | None = None
        self._stamp: tuple[int, ...] = ()

    def insecure(self) -> Transport:
        """The same, with the same client certificate, without verifying anything."""
        files = self._files
        return Transport(Files("", files.certificate, files.key), self.connect_seconds)

    def tls(self) -> ssl.SSLContext:
        """Raises BackendError for files that cannot be read."""
        try:
            stamp = tuple(os.stat(name).st_mtime_ns for name in self._names())
            if self._context is None or stamp != self._stamp:
                self._context, self._stamp = self._load(), stamp
        except OSError as error:
            raise BackendError(f"unable to load TLS files: {error}") from None
        return self._context

    def _names(self) -> list[str]:
        return [name for name in (self._files.authority, self._files.certificate, self._files.key) if name]

    def _load(self) -> ssl.SSLContext:
        files = self._files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._trust(context)
        if self._certificates is None:
            context.hostname_checks_common_name = False
        else:
            self._watched = self._certificates.watch(context)
        if files.certificate:
            context.load_cert_chain(files.certificate, files.key)
        return context

    def _trust(self, context: ssl.SSLContext) -> None:
        """Whose certificates are believed. Raises OSError or BackendError."""
        if self._files.authority:
            context.load_verify_locations(cadata=Path(self._files.authority).read_text())
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE

    def answered(self) -> None:
        """A backend has answered."""
        if self._watched is not None:
            self._watched.answered()

    def tls_for(self, location: Location) -> ssl.SSLContext | None:
        return self.tls() if location.scheme == "https" else None

    def session(self) -> aiohttp.ClientSession:
        """For one request; give it back with `release`."""
        if self._kept is not None:
            return self._kept
        import aiohttp

        connector = aiohttp.TCPConnector(force_close=not self._keep, limit=0)
        timeout = aiohttp.ClientTimeout(total=None, connect=self.connect_seconds)
        session = aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
            max_line_size=65536, max_field_size=65536,
        )
        if self._keep:
            self._kept = session
        return session

    async def release(self, session: aiohttp.ClientSession) -> None:
        if session is not self._kept:
            await session.close()

    async def close(self) -> None:
        """Give up the connections that were kept; requests that still run lose theirs."""
        session, self._kept = self._kept, None
        if session is not None:
            await session.close()

    async def connect(self, location: Location, factory: Callable[[], asyncio.Protocol]) -> None:
        """A bare connection for `factory`'s protocol. Raises BackendError."""
        host, port = location.address[0], port_number(location)
        context = self.tls_for(location)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.connect_seconds):
                name = (self.server_name or host) if context else None
                await loop.create_connection(factory, host, port, ssl=context, server_hostname=name)
        except (OSError, TimeoutError) as error:
            raise BackendError(self.describe(error, location)) from None

    def describe(self, error: BaseException, location: Location) -> str:
        """What Go would say about a failure to connect to `location`."""
        return describe(error, location, self.server_name)


def port_number(location: Location) -> int:
    """A port may be given as the name of a well-known service. Raises BackendError."""
    port = location.address[1]
    if port.isascii() and port.isdigit() and whole(port) < 1 << 16:
        return whole(port)
    try:
        return socket.getservbyname(port, "tcp")
    except OSError:
        raise BackendError(f"dial tcp: lookup tcp/{port}: unknown port") from None


def describe(error: BaseException, location: Location, server_name: str = "") -> str:
    """What Go's net and crypto/tls would say about a failure to connect."""
    host, port = location.address
    address = join_host_port(host, port)
    if isinstance(error, TimeoutError):
        return f"dial tcp {address}: i/o timeout"
    if isinstance(error, socket.gaierror):
        reason = "no such host" if error.errno in _UNKNOWN_HOST else "server misbehaving"
        return f"dial tcp: lookup {host}{_resolver()}: {reason}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: x509: {_certificate_problem(error, server_name or host)}"
    if isinstance(error, ssl.SSLError):
        if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
            return "http: server gave HTTP response to HTTPS client"
        return f"remote error: tls: {(error.reason or str(error)).lower().replace('_', ' ')}"
    if isinstance(error, ConnectionResetError) or (isinstance(error, OSError) and not error.errno):
        return "EOF"
    if isinstance(error, OSError):
        number = error.errno or 0
        return f"dial tcp {address}: connect: {_REFUSALS.get(number) or os.strerror(number).lower()}"
    return str(error) or "EOF"


def _certificate_problem(error: ssl.SSLCertVerificationError, host: str) -> str:
    text = error.verify_message
    if text == LEGACY_NAME:
        return text
    if "self-signed" in text or "self signed" in text or "unable to get" in text:
        return "certificate signed by unknown authority"
    if "expired" in text or "not yet valid" in text:
        return "certificate has expired or is not yet valid"
    if "match" in text or "mismatch" in text.lower():
        return f"certificate is not valid for {host}"
    return text


def _resolver() -> str:
    """Go's own resolver names the server that it asked."""
    try:
        lines = Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        return ""
    servers = [line.split()[1] for line in lines if line.startswith("nameserver ") and len(line.split()) > 1]
    return f" on {join_host_port(servers[0], '53')}" if servers else ""
