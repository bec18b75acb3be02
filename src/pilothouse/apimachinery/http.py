"""Requests and responses as the chain sees them, free of any server framework.

`transport/` makes a `Request` from ASGI and sends a `Response`; tests and the server's own loopback
client make them directly. A handler is `async (Request) -> Response`; a filter takes a handler and
gives a handler. What filters learn stands in declared attributes of `Context`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_plus

from pilothouse.apimachinery.status import StatusError

if TYPE_CHECKING:
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.apimachinery.user import User
    from pilothouse.audit.context import AuditContext
    from pilothouse.authorization.impersonation import Impersonated

Headers = list[tuple[bytes, bytes]]


class ClientGone(ConnectionError):
    """The body will never be whole: the client has closed the connection, or its framing cannot be read. `transport/`
    ends the exchange; nobody else answers."""


class LatencyTrackers:
    """Seconds that a request spent in each phase (upstream: endpoints/request/webhook_duration.go)."""

    __slots__ = (
        "apf_queue_wait", "authentication", "authorization", "decode", "impersonation", "mutating_webhook",
        "response_write", "serialize", "storage", "transform", "validating_webhook",
    )

    def __init__(self) -> None:
        self.apf_queue_wait = 0.0
        self.authentication = 0.0
        self.authorization = 0.0
        self.decode = 0.0
        self.impersonation = 0.0
        self.mutating_webhook = 0.0
        self.response_write = 0.0
        self.serialize = 0.0
        self.storage = 0.0
        self.transform = 0.0
        self.validating_webhook = 0.0

    def outside(self) -> float:
        """Time that is not the server's own: webhooks and waiting for a seat."""
        return self.mutating_webhook + self.validating_webhook + self.apf_queue_wait


class Context:
    """What the filters leave behind for those after them. One for each request; no free-form keys."""

    __slots__ = (
        "_warned", "audiences", "audit", "audit_annotations", "audit_id", "authorization_decision",
        "authorization_reason", "deadline", "end_stream", "filtered_at", "heavy", "impersonated", "latency",
        "mux_incomplete", "received_at", "request_info", "response_headers", "user", "warnings",
    )

    def __init__(self) -> None:
        self.audiences: tuple[str, ...] = ()
        """A credential must be for one of these, if there are any (upstream: authenticator.WithAudiences)."""
        self.audit_id: str = ""
        self.received_at: float = 0.0
        """Loop-independent monotonic seconds (`time.monotonic`)."""
        self.deadline: float | None = None
        """`time.monotonic` at which a request that is not long-running is cut off."""
        self.request_info: RequestInfo
        self.user: User
        """Who is asking, or whom he acts as."""
        self.impersonated: Impersonated | None = None
        """Whom the request acts as, and by which right; None for one who acts as himself."""
        self.warnings: list[str] | None = None
        """Texts for Warning headers, in order, without duplicates; None until the first one."""
        self.authorization_decision: str = ""
        self.authorization_reason: str = ""
        self.audit: AuditContext | None = None
        """What is gathered for the audit events of this request; None where it is not audited."""
        self.audit_annotations: dict[str, str] | None = None
        self.filtered_at: float = 0.0
        """When the last filter that is measured was done (`time.perf_counter`)."""
        self.response_headers: Headers = []
        """Headers that the chain adds to the answer, whoever makes it; one that the answer itself has wins."""
        self.end_stream: Callable[[], None] | None = None
        """Ends this request's stream cleanly from the server's side; a watch sets it (`Watcher.close`)."""
        self.heavy = False
        """The request is about an object so large that work on it is done aside (see `aside`)."""
        self.latency: LatencyTrackers | None = None
        """Where time went, by phase; None until the first phase is tracked."""
        self.mux_incomplete = False
        """The request came before every path was installed: an unknown path answers 503 instead of 404."""

    def track(self, phase: str, seconds: float) -> None:
        """Add to one phase of `LatencyTrackers`."""
        if self.latency is None:
            self.latency = LatencyTrackers()
        setattr(self.latency, phase, getattr(self.latency, phase) + seconds)

    def annotate(self, key: str, value: str) -> None:
        """Add to the annotations of the request's audit event. What is said first stays."""
        if self.audit_annotations is None:
            self.audit_annotations = {}
        self.audit_annotations.setdefault(key, value)

    def warn(self, text: str) -> None:
        if self.warnings is None:
            self.warnings, self._warned = [text], {text}
        elif text not in self._warned:
            self.warnings.append(text)
            self._warned.add(text)


class Request:
    """One request. `path` is decoded; header names are lower case bytes; `query` keeps order and repeats."""

    __slots__ = (
        "_body", "_first", "_headers", "_query", "client", "context", "method", "path", "peer_certificates",
        "protocol", "raw_query", "receive_body", "receive_chunk", "target", "task", "upgrade",
    )

    def __init__(
        self,
        method: str,
        path: str,
        raw_query: str = "",
        headers: Headers | None = None,
        body: bytes | Callable[[int], Awaitable[bytes]] = b"",
        *,
        client: tuple[str, int] | None = None,
        peer_certificates: Sequence[bytes] = (),
        protocol: str = "HTTP/1.1",
    ) -> None:
        self.method = method
        self.path = path
        self.raw_query = raw_query
        self.target = b""
        """As the client wrote it; b"" for a request that came over no connection."""
        self._headers: Headers = headers if headers is not None else []
        self._first: dict[bytes, bytes] | None = None
        """The first value of each header; made when it is asked for."""
        self._body: bytes | None = body if isinstance(body, bytes) else None
        self.receive_body = None if isinstance(body, bytes) else body
        self.receive_chunk: Callable[[], Awaitable[bytes]] | None = None
        """The next piece of a body that is not here yet, b"" at its end; what `transport/` offers."""
        self._query: list[tuple[str, str]] | None = None
        self.client = client
        self.peer_certificates = peer_certificates
        """DER bytes of the client's certificate chain, leaf first; the TLS layer checked only possession."""
        self.protocol = protocol
        self.upgrade: Any = None
        """What `transport/` offers to take over the connection (WebSocket, SPDY), or None."""
        self.task: asyncio.Task[None] | None = None
        """The task in which the request is answered, where `transport/` has made one for it."""
        self.context = Context()

    @property
    def headers(self) -> Headers:
        """All of them, in order. Replace the list, do not change it."""
        return self._headers

    @headers.setter
    def headers(self, headers: Headers) -> None:
        self._headers = headers
        self._first = None

    @property
    def first_headers(self) -> Mapping[bytes, bytes]:
        """The first value of each header."""
        if self._first is None:
            self._first = dict(reversed(self._headers))
        return self._first

    def header(self, name: bytes) -> str | None:
        """The first value of the header `name` (lower case), decoded as latin-1."""
        if self._first is None:
            self._first = dict(reversed(self._headers))
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1")

    def header_values(self, name: bytes) -> list[str]:
        return [v.decode("latin-1") for k, v in self._headers if k == name]

    @property
    def query(self) -> list[tuple[str, str]]:
        """Decoded (key, value) pairs in order; a pair that Go's url.ParseQuery refuses is left out."""
        if self._query is None:
            self._query = parse_query(self.raw_query) if self.raw_query else []
        return self._query

    def query_value(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        for k, v in self.query:
            if k == name:
                return v
        return None

    async def body(self, limit: int) -> bytes:
        """The whole body, decompressed by nobody. Raises 413 past `limit` bytes. May be called again."""
        if self._body is None:
            assert self.receive_body is not None
            self._body = await self.receive_body(limit)
        return self._body

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, for a handler that passes it on; `body` cannot be asked for afterwards."""
        if self._body is not None or self.receive_chunk is None:
            if self._body:
                yield self._body
            return
        while chunk := await self.receive_chunk():
            yield chunk


def parse_query(raw: str) -> list[tuple[str, str]]:
    """Go's url.ParseQuery: "&" separates; a part with ";" or a bad escape is dropped; "+" is a space."""
    out: list[tuple[str, str]] = []
    for part in raw.split("&"):
        if not part or ";" in part:
            continue
        key, _, value = part.partition("=")
        if "%" in part and not _escapes_valid(part):
            continue
        out.append((unquote_plus(key), unquote_plus(value)))
    return out


def _escapes_valid(text: str) -> bool:
    return all(len(p) >= 2 and p[0] in _HEX and p[1] in _HEX for p in text.split("%")[1:])


_HEX = frozenset("0123456789abcdefABCDEF")


class Response:
    """A whole answer. `headers` names are lower case; content-length is added by the transport."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int = 200, body: bytes = b"", headers: Headers | None = None) -> None:
        self.status = status
        self.body = body
        self.headers: Headers = headers if headers is not None else []


class StreamResponse(Response):
    """An answer of unknown length, sent chunk by chunk as `stream` yields.

    The transport calls `stream.aclose()` when the client goes away or the server ends the request.
    """

    __slots__ = ("stream",)

    def __init__(self, stream: AsyncIterator[bytes], status: int = 200, headers: Headers | None = None) -> None:
        super().__init__(status, b"", headers)
        self.stream = stream


Handler = Callable[[Request], Awaitable[Response]]
Filter = Callable[[Handler], Handler]


class ErrorRenderer(Protocol):
    """Turns a `StatusError` into the answer for this request (media type as negotiated)."""

    def __call__(self, request: Request, error: StatusError) -> Response: ...
