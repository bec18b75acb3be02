"""What is gathered about one request for its audit events (upstream: apiserver pkg/audit/context.go, request.go)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
    STAGES,
    RequestConfig,
)

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Request
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.apimachinery.user import User
    from pilothouse.audit.interface import Sink, Writing
    from pilothouse.audit.metrics import AuditMetrics
    from pilothouse.authorization.impersonation import Impersonated

_SLOW_SECONDS = 0.5
"""Only of slower requests the annotations say where the time went."""
_LEADS = [b'"level":"%b","auditID":' % level.encode() for level in LEVELS]
_KEPT = ("status", "message", "reason", "details", "code")
_STAGES = {stage: stage.encode() for stage in STAGES}
_NOTHING: Mapping[str, Any] = {}
_PLAIN_ID = re.compile("[0-9A-Za-z-]+").fullmatch


class AuditContext:
    """One request's. `request_object` and `response_object` are kept only where the level asks for them.

    Filters and handlers leave here what only they know; `process` makes an event of it for a stage. It does not know
    the request's context, which knows it: that would be a circle, which waits for the garbage collector.
    """

    __slots__ = (
        "_asked", "_came", "_code", "_config", "_lead", "_metrics", "_origin", "_pieces", "_received", "_referred",
        "_seen", "_sink", "_status", "_told", "_user", "has_to_prepare", "request_object", "request_patch",
        "response_object", "started",
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
        self._came = pieces.micro_time(self._received)
        self._lead = b'%b%b,"stage":"' % (_LEADS[config.level], _quoted_id(context.audit_id))
        self._asked = pieces.asked(request)
        self._user = pieces.user(user)
        self._origin = pieces.origin(request)
        self.has_to_prepare = config.omit_managed_fields and config.level >= REQUEST
        """Whether `prepare` must be called before `process`."""
        self._seen: Mapping[str, Any] = _NOTHING
        """The metadata of the object that was sent."""
        self._referred: bytes | None = None
        """The reference to the object as it stands in an event; None while that is to be made."""
        self.request_object: Document | None = None
        self.request_patch = False
        """Whether `request_object` is a patch, of which nothing is left out."""
        self.response_object: Document | None = None
        self.started = False
        """Whether it has been told that the answer has begun."""
        self._code = 0
        self._status: dict[str, Any] | None = None
        """What is known of the answer: its code, or a Status in wire form."""
        self._told = b""
        """The same as it stands in an event."""

    @property
    def wants_request(self) -> bool:
        return self._config.level >= REQUEST

    @property
    def wants_response(self) -> bool:
        return self._config.level >= REQUEST_RESPONSE

    def see(self, metadata: Mapping[str, Any]) -> None:
        """The object that was sent: the URL may not say everything of it."""
        self._seen = {key: metadata.get(key) for key in ("namespace", "name", "uid", "resourceVersion")}
        self._referred = None

    def answer(self, code: int) -> None:
        """The code of the answer."""
        if code == self._code:
            return
        if self._status is not None:
            self.answer_status(self._status | {"code": code})
        else:
            self._code = code
            self._told = b',"responseStatus":{"metadata":{},"code":%d}' % code

    def answer_status(self, status: Mapping[str, Any]) -> None:
        """The answer is this metav1.Status."""
        self._status = {"metadata": {}} | {
            key: status[key] for key in _KEPT if status.get(key) or (key == "details" and status.get(key) is not None)
        }
        self._code = self._status.get("code", 0)
        self._told = b',"responseStatus":' + document(self._status)

    @property
    def answered(self) -> bool:
        """Whether anything is known of the answer."""
        return self._status is not None or self._code != 0

    def process(self, stage: str, context: Context) -> Writing:
        """Make the stage's event and hand it to the sink. `context` is the request's."""
        if stage in self._config.omit_stages:
            return ()
        self._metrics.events.value += 1
        return self._sink.process((self._event(stage, context),))

    async def prepare(self) -> None:
        """Take managedFields out of the objects, aside where they are large."""
        if not self.request_patch:
            self.request_object = await without_managed_fields(self.request_object)
        self.response_object = await without_managed_fields(self.response_object)

    def _event(self, stage: str, context: Context) -> Event:
        pieces, level = self._pieces, self._config.level
        if stage == REQUEST_RECEIVED:
            seconds, when = 0.0, self._came
        else:
            now = time.time_ns()
            seconds, when = (now - self._received) / 1e9, pieces.micro_time(now)
        if self._referred is None:
            self._referred = _referred(context.request_info, self._seen)
        acted = b"" if context.impersonated is None else _impersonated(pieces, context.impersonated)
        return Event(
            level,
            (self._lead, _STAGES[stage], self._asked, self._user, acted, self._origin, self._referred, self._told),
            self._objects() if level >= REQUEST else (),
            (
                b',"requestReceivedTimestamp":"', self._came, b'","stageTimestamp":"', when, b'"',
                _annotations(pieces, stage, context, seconds),
            ),
            self._received,
        )

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


def _annotations(pieces: Pieces, stage: str, context: Context, seconds: float) -> bytes:
    """The field with a comma before it, or nothing. `seconds` since the request came."""
    decision, reason = context.authorization_decision, context.authorization_reason
    slow = stage == RESPONSE_COMPLETE and seconds > _SLOW_SECONDS and context.latency is not None
    if not context.audit_annotations and not slow:
        return b',"annotations":' + pieces.decision(decision, reason) if decision or reason else b""
    found = (context.audit_annotations or {}) | decision_annotations(decision, reason)
    if slow and context.latency is not None:
        found |= latency_annotations(context.latency, seconds)
    return b',"annotations":' + document(dict(sorted(found.items()))) if found else b""


def _quoted_id(audit_id: str) -> bytes:
    """The client may have sent any bytes."""
    if _PLAIN_ID(audit_id):
        return b'"%b"' % audit_id.encode()
    return document(audit_id if audit_id.isascii() else text(audit_id.encode("latin-1")))


def _referred(info: RequestInfo, seen: Mapping[str, Any]) -> bytes:
    """objectRef with a comma before it, or nothing; what the URL says counts before what the object says."""
    if not info.is_resource_request:
        return b""
    made = {"resource": info.resource} if info.resource else {}
    if namespace := info.namespace or seen.get("namespace"):
        made["namespace"] = namespace
    if name := info.name or seen.get("name"):
        made["name"] = name
    if uid := seen.get("uid"):
        made["uid"] = uid
    if info.api_group:
        made["apiGroup"] = info.api_group
    if info.api_version:
        made["apiVersion"] = info.api_version
    if version := seen.get("resourceVersion"):
        made["resourceVersion"] = version
    if info.subresource:
        made["subresource"] = info.subresource
    return b',"objectRef":' + document(made)
