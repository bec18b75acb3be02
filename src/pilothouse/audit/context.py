"""What is gathered about one request for its audit events (upstream: apiserver pkg/audit/context.go, request.go)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.meta import format_micro_time
from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.audit.event import Event
from pilothouse.audit.latency import latency_annotations
from pilothouse.audit.policy import (
    LEVELS,
    REQUEST,
    REQUEST_RECEIVED,
    REQUEST_RESPONSE,
    RESPONSE_COMPLETE,
    RequestConfig,
)
from pilothouse.audit.sourceips import source_ips

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Request
    from pilothouse.apimachinery.user import User
    from pilothouse.audit.interface import Sink
    from pilothouse.audit.metrics import AuditMetrics

_MAX_USER_AGENT = 1024
_SLOW_SECONDS = 0.5
"""Only of slower requests the annotations say where the time went."""
_EMPTY: Mapping[str, Any] = {}


class AuditContext:
    """One request's. `request_object` and `response_object` are JSON, kept only where the level asks for them.

    Filters and handlers leave here what only they know; `process` makes an event of it for a stage.
    """

    def __init__(
        self, request: Request, user: User | None, config: RequestConfig, sink: Sink, metrics: AuditMetrics,
    ) -> None:
        self._request = request
        self._config = config
        self._sink = sink
        self._metrics = metrics
        self._user = _user_info(user)
        self._received = time.time() - (time.monotonic() - request.context.received_at)
        self._agent = _truncated(request.header(b"user-agent") or "")
        self._ips = source_ips(request)
        self._reference = _reference(request)
        self.request_object: bytes | None = None
        self.response_object: bytes | None = None
        self.status: dict[str, Any] | None = None
        """What is known of the answer: a Status in wire form, or just its code."""

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

    def answer(self, code: int) -> None:
        """The code of the answer."""
        if self.status is None:
            self.status = {"metadata": {}}
        self.status["code"] = code

    def answer_status(self, status: Mapping[str, Any]) -> None:
        """The answer is this metav1.Status."""
        kept = ("status", "message", "reason", "details", "code")
        self.status = {"metadata": {}} | {key: status[key] for key in kept if status.get(key)}

    async def process(self, stage: str) -> bool:
        """Make the stage's event and hand it to the sink; False if that failed."""
        if stage in self._config.omit_stages:
            return True
        self._metrics.events.value += 1
        return await self._sink.process((self._event(stage),))

    def _event(self, stage: str) -> Event:
        now = time.time()
        context, config = self._request.context, self._config
        fields: dict[str, Any] = {
            "level": LEVELS[config.level], "auditID": context.audit_id, "stage": stage,
            "requestURI": request_uri(self._request), "verb": context.request_info.verb, "user": self._user,
        }
        if (acted := context.impersonated) is not None:
            fields["impersonatedUser"] = _user_info(acted.user)
            if acted.constraint:
                fields["authenticationMetadata"] = {"impersonationConstraint": acted.constraint}
        if self._ips:
            fields["sourceIPs"] = self._ips
        if self._agent:
            fields["userAgent"] = self._agent
        if self._reference is not None:
            fields["objectRef"] = _ordered(self._reference)
        if self.status is not None:
            fields["responseStatus"] = dict(self.status)
        for name, data in (("requestObject", self.request_object), ("responseObject", self.response_object)):
            if data is not None:
                fields[name] = orjson.Fragment(_without_managed_fields(data) if config.omit_managed_fields else data)
        fields["requestReceivedTimestamp"] = format_micro_time(self._received)
        fields["stageTimestamp"] = format_micro_time(self._received if stage == REQUEST_RECEIVED else now)
        if annotations := self._annotations(stage, now - self._received):
            fields["annotations"] = annotations
        return Event(config.level, fields)

    def _annotations(self, stage: str, seconds: float) -> dict[str, str]:
        context = self._request.context
        found = dict(context.audit_annotations or _EMPTY)
        if context.authorization_decision:
            found["authorization.k8s.io/decision"] = context.authorization_decision
            found["authorization.k8s.io/reason"] = context.authorization_reason
        elif context.authorization_reason:
            found["authorization.k8s.io/reason"] = context.authorization_reason
        if stage == RESPONSE_COMPLETE and seconds > _SLOW_SECONDS and context.latency is not None:
            found |= latency_annotations(context.latency, seconds)
        return dict(sorted(found.items()))


def _user_info(user: User | None) -> dict[str, Any]:
    if user is None:
        return {}
    info: dict[str, Any] = {"username": user.name} if user.name else {}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in sorted(user.extra.items())}
    return info


def _reference(request: Request) -> dict[str, str] | None:
    info = request.context.request_info
    if not info.is_resource_request:
        return None
    return {
        "resource": info.resource, "namespace": info.namespace, "name": info.name, "apiGroup": info.api_group,
        "apiVersion": info.api_version, "subresource": info.subresource,
    }


_ORDER = ("resource", "namespace", "name", "uid", "apiGroup", "apiVersion", "resourceVersion", "subresource")


def _ordered(reference: Mapping[str, str]) -> dict[str, str]:
    return {key: reference[key] for key in _ORDER if reference.get(key)}


def _truncated(agent: str) -> str:
    return agent if len(agent) <= _MAX_USER_AGENT else f"{agent[:_MAX_USER_AGENT]}...TRUNCATED"


def _without_managed_fields(data: bytes) -> bytes:
    """An object, a list or a table without the managedFields of its objects."""
    value = orjson.loads(data)
    if not isinstance(value, dict):
        return data
    for holder in (value, *(value.get("items") or ()), *(row.get("object") for row in value.get("rows") or ())):
        metadata = holder.get("metadata") if isinstance(holder, dict) else None
        if isinstance(metadata, dict):
            metadata.pop("managedFields", None)
    return orjson.dumps(value)
