"""How an extension API server is reached (upstream: kube-aggregator controllers/status/remote, BuildTransportConfig;
client-go transport/round_trippers.go, SetAuthProxyHeaders)."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, replace

from pilothouse.aggregator.resolver import Object, ServiceResolver
from pilothouse.apimachinery.http import Headers
from pilothouse.apimachinery.proxy.backend import BackendError, Files, Transport
from pilothouse.apimachinery.proxy.forward import send
from pilothouse.apimachinery.proxy.location import Location
from pilothouse.apimachinery.proxy.servercert import ServerCertificates
from pilothouse.apimachinery.user import SYSTEM_PRIVILEGED_GROUP, User

AGGREGATOR = User("system:kube-aggregator", groups=(SYSTEM_PRIVILEGED_GROUP,))
_EXTRA = b"x-remote-extra-"
_certificates = ServerCertificates("kube_aggregator")
#: What header names may hold without an escape (RFC 9110, 5.6.2), the escape's own sign aside.
_LEGAL = frozenset(b"!#$&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class ServiceTransport(Transport):
    """TLS as an APIService's spec wants it, with this server's front proxy certificate; connections are kept."""

    def __init__(self, spec: Object, client: Files) -> None:
        service = spec["service"]
        super().__init__(
            Files("", client.certificate, client.key), server_name=f"{service['name']}.{service['namespace']}.svc",
            keep=True, certificates=_certificates,
        )
        self._insecure = bool(spec.get("insecureSkipTLSVerify"))
        self._bundle = base64.b64decode(spec.get("caBundle") or "")

    def _trust(self, context: ssl.SSLContext) -> None:
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return
        # An intermediate authority that is trusted by itself ends the chain, as in Go.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if not self._bundle:
            context.load_default_certs()
            return
        try:
            context.load_verify_locations(cadata=self._bundle.decode("ascii", "replace"))
        except (ssl.SSLError, ValueError):
            raise BackendError(
                "unable to load root certificates: unable to parse bytes as PEM block"
            ) from None


@dataclass(frozen=True, slots=True)
class Fetched:
    """`headers` have lower-case names."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


class Backend:
    """The server of one remote APIService."""

    def __init__(self, obj: Object, resolver: ServiceResolver, client: Files) -> None:
        service = obj["spec"]["service"]
        self.name: str = obj["metadata"]["name"]
        self.spec: Object = obj["spec"]
        self.service = (service["namespace"], service["name"], service.get("port", 443))
        self.transport = ServiceTransport(obj["spec"], client)
        self._resolver = resolver

    @property
    def group_version(self) -> tuple[str, str]:
        return self.spec.get("group", ""), self.spec["version"]

    def locate(self) -> Location:
        """Raises ResolveError."""
        return self._resolver.resolve(*self.service)

    async def prepare(self) -> None:
        """Read certificates in a thread: the system's authorities take their time. Raises BackendError."""
        await asyncio.to_thread(self.transport.tls)

    async def get(self, path: str, *headers: tuple[bytes, bytes], user: User, seconds: float, limit: int) -> Fetched:
        """A GET of this server's own, as `user`.

        Raises ResolveError; BackendError, also for bodies above `limit` bytes and after `seconds`.
        """
        location = replace(self.locate(), path=path)
        await self.prepare()
        try:
            async with asyncio.timeout(seconds):
                answer = await send(self.transport, "GET", location, [*headers, *user_headers(user)])
                try:
                    body = await answer.read(limit + 1)
                except ConnectionError as error:
                    raise BackendError(str(error)) from None
        except TimeoutError:
            raise BackendError("context deadline exceeded") from None
        if len(body) > limit:
            raise BackendError(f"the answer has more than {limit} bytes")
        return Fetched(answer.status, answer.headers, body)


    async def probe(self, location: Location, user: User, seconds: float) -> int:
        """The status code of a GET of `location`. Raises BackendError."""
        await self.prepare()
        try:
            async with asyncio.timeout(seconds):
                answer = await send(self.transport, "GET", location, user_headers(user))
        except TimeoutError:
            raise BackendError(
                "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            ) from None
        await answer.aclose()
        return answer.status


def user_headers(user: User) -> Headers:
    """The headers that name a user to an extension server.

    Raises BackendError for a user whose values no header can hold: a line feed would begin another one.
    """
    headers: Headers = [(b"x-remote-user", user.name.encode())]
    if user.uid:
        headers.append((b"x-remote-uid", user.uid.encode()))
    headers += ((b"x-remote-group", group.encode()) for group in user.groups)
    headers += (
        (_EXTRA + escape_key(key), value.encode()) for key, values in user.extra.items() for value in values
    )
    for name, value in headers:
        if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in value):
            shown = name.title().decode()
            raise BackendError(f'net/http: invalid header field value for "{shown}"')
    return headers


def without_user(headers: Headers) -> Headers:
    """`headers` without any that names a user; nobody but this server may."""
    dropped = (b"x-remote-user", b"x-remote-uid", b"x-remote-group")
    return [header for header in headers if header[0] not in dropped and not header[0].startswith(_EXTRA)]


def escape_key(key: str) -> bytes:
    """An extra's key as a part of a header name: percent signs and whatever is not allowed there are escaped."""
    return b"".join(bytes((byte,)) if byte in _LEGAL else b"%%%02X" % byte for byte in key.encode())
