"""What is gathered about one request for its audit events (upstream: apiserver pkg/audit/context.go, request.go)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.audit.event import Event
from pilothouse.audit.latency import latency_annotations
from pilothouse.audit.objects import Document, without_managed_fields
from pilothouse.audit.pieces import Pieces, decision_annotations, document, text
from pilothouse.audit.policy import (
    LEVELS,
    REQUEST,
    REQUEST_RECEIVED,
    REQUEST_RESPONSE,
    RESPONSE_COMPLETE,
    RequestConfig,
)

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Request
    from pilothouse.apimachinery.user import User
    from pilothouse.audit.interface import Sink, Writing
    from pilothouse.audit.metrics import AuditMetrics
    from pilothouse.authorization.impersonation import Impersonated

_SLOW_SECONDS = 0.5
"""Only of slower requests the annotations say where the time went."""
_LEADS = [b'"level":"%b","auditID":' % level.encode() for level in LEVELS]
_KEPT = ("status", "message", "reason", "details", "code")
_REFERENCE = ("resource", "namespace", "name", "uid", "apiGroup", "apiVersion", "resourceVersion", "subresource")


class AuditContext:
    """One request's. `request_object` and `response_object` are kept only where the level asks for them.

    Filters and handlers leave here what only they know; `process` makes an event of it for a stage. It does not know
    the request's context, which knows it: that would be a circle, which waits for the garbage collector.
    """

    __slots__ = (
        "_config", "_lead", "_metrics", "_origin", "_pieces", "_received", "_reference", "_referred", "_sink",
        "_status", "_told", "_user", "request_object", "request_patch", "response_object", "started",
    )

    def __init__(
        self, request: Request, user: User | None, config: RequestConfig, sink: Sink, metrics: AuditMetrics,
        pieces: Pieces,
    ) -> None:
        context = request.context
        self._config = config
        self._sink = sink
        self._metrics = metrics
        self._pieces = pieces
        self._received = time.time_ns() - int((time.monotonic() - context.received_at) * 1e9)
        self._lead = b'%b%b,"stage":"' % (_LEADS[config.level], _quoted_id(context.audit_id))
        asked = document({"requestURI": request_uri(request), "verb": context.request_info.verb})
        self._user = b'",%b,"user":%b' % (asked[1:-1], pieces.user(user))
        self._origin = pieces.origin(request)
        self._reference = _reference(context) if context.request_info.is_resource_request else None
        self._referred: bytes | None = None
        """The reference as it stands in an event; None while that is to be made."""
        self.request_object: Document | None = None
        self.request_patch = False
        """Whether `request_object` is a patch, of which nothing is left out."""
        self.response_object: Document | None = None
        self.started = False
        """Whether it has been told that the answer has begun."""
        self._status: dict[str, Any] | None = None
        """What is known of the answer: a Status in wire form, or just its code."""
        self._told = b""
        """The same as it stands in an event."""

    @property
    def wants_request(self) -> bool:
        return self._config.level >= REQUEST

    @property
    def wants_response(self) -> bool:
        return self._config.level >= REQUEST_RESPONSE

    def see(self, metadata: Mapping[str, Any]) -> None:
        """The object that was sent: what the URL does not say of it."""
        reference = self._reference
        if reference is not None:
            for key in ("namespace", "name", "uid", "resourceVersion"):
                if not reference.get(key) and metadata.get(key):
                    reference[key] = metadata[key]
            self._referred = None

    def answer(self, code: int) -> None:
        """The code of the answer."""
        if self._status is None:
            self._told = b',"responseStatus":{"metadata":{},"code":%d}' % code
            self._status = {"metadata": {}, "code": code}
        elif self._status.get("code") != code:
            self.answer_status(self._status | {"code": code})

    def answer_status(self, status: Mapping[str, Any]) -> None:
        """The answer is this metav1.Status."""
        self._status = {"metadata": {}} | {
            key: status[key] for key in _KEPT if status.get(key) or (key == "details" and status.get(key) is not None)
        }
        self._told = b',"responseStatus":' + document(self._status)

    @property
    def answered(self) -> bool:
        """Whether anything is known of the answer."""
        return self._status is not None

    def process(self, stage: str, context: Context) -> Writing:
        """Make the stage's event and hand it to the sink. `context` is the request's."""
        if stage in self._config.omit_stages:
            return ()
        self._metrics.events.value += 1
        return self._sink.process((self._event(stage, context),))

    @property
    def has_to_prepare(self) -> bool:
        config = self._config
        return config.omit_managed_fields and config.level >= REQUEST

    async def prepare(self) -> None:
        """Take managedFields out of the objects, aside where they are large. To be called before `process` where
        `has_to_prepare`."""
        if not self.request_patch:
            self.request_object = await without_managed_fields(self.request_object)
        self.response_object = await without_managed_fields(self.response_object)

    def _event(self, stage: str, context: Context) -> Event:
        pieces, micro_time = self._pieces, self._pieces.micro_time
        now = self._received if stage == REQUEST_RECEIVED else time.time_ns()
        referred = self._referred
        if referred is None:
            referred = self._referred = b"" if self._reference is None else b',"objectRef":' + document(
                {key: value for key in _REFERENCE if (value := self._reference.get(key))}
            )
        acted = b"" if context.impersonated is None else _impersonated(pieces, context.impersonated)
        head = b"".join((self._lead, stage.encode(), self._user, acted, self._origin, referred, self._told))
        annotations = _annotations(pieces, stage, context, now - self._received)
        tail = b',"requestReceivedTimestamp":"%b","stageTimestamp":"%b"%b' % (
            micro_time(self._received), micro_time(now), annotations
        )
        level = self._config.level
        return Event(level, head, self._objects() if level >= REQUEST else (), tail, self._received)

    def _objects(self) -> list[bytes]:
        made: list[bytes] = []
        if self.request_object is not None:
            made += (b',"requestObject":', self.request_object.joined())
        if self.response_object is not None:
            made += (b',"responseObject":', self.response_object.joined())
        return made


def _impersonated(pieces: Pieces, acted: Impersonated) -> bytes:
    made = b',"impersonatedUser":' + pieces.user(acted.user)
    if acted.constraint:
        made += b',"authenticationMetadata":' + document({"impersonationConstraint": acted.constraint})
    return made


def _annotations(pieces: Pieces, stage: str, context: Context, nanoseconds: int) -> bytes:
    """The field with a comma before it, or nothing. `nanoseconds` since the request came."""
    decision, reason = context.authorization_decision, context.authorization_reason
    slow = stage == RESPONSE_COMPLETE and nanoseconds > _SLOW_SECONDS * 1e9 and context.latency is not None
    if not context.audit_annotations and not slow:
        return b',"annotations":' + pieces.decision(decision, reason) if decision or reason else b""
    found = (context.audit_annotations or {}) | decision_annotations(decision, reason)
    if slow and context.latency is not None:
        found |= latency_annotations(context.latency, nanoseconds / 1e9)
    return b',"annotations":' + document(dict(sorted(found.items()))) if found else b""


def _quoted_id(audit_id: str) -> bytes:
    """The client may have sent any bytes."""
    return document(audit_id if audit_id.isascii() else text(audit_id.encode("latin-1")))


def _reference(context: Context) -> dict[str, str]:
    info = context.request_info
    return {
        "resource": info.resource, "namespace": info.namespace, "name": info.name, "apiGroup": info.api_group,
        "apiVersion": info.api_version, "subresource": info.subresource,
    }
