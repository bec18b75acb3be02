"""Audit events of requests, by stage (upstream: endpoints/filters/audit.go, authn_audit.go, request_deadline.go).

A request is told of when it comes (RequestReceived), when a long-running answer begins (ResponseStarted), and when
the answer is complete (ResponseComplete), or when a bug ended it (Panic).
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import (
    ClientGone,
    Context,
    ErrorRenderer,
    Handler,
    Request,
    Response,
    StreamResponse,
)
from pilothouse.apimachinery.status import REASON_INTERNAL_ERROR, StatusError
from pilothouse.audit.policy import PANIC, REQUEST_RECEIVED, RESPONSE_COMPLETE, RESPONSE_STARTED
from pilothouse.server.responses import internal_error

if TYPE_CHECKING:
    from pilothouse.audit.auditor import Auditor
    from pilothouse.audit.context import AuditContext
    from pilothouse.audit.interface import Writing
    from pilothouse.server.filter_metrics import FilterMetrics

_CLOSED_EARLY = {"status": "Success", "message": "Connection closed early", "code": 200}
#: What handlers answer whose context is done (upstream: endpoints/handlers/finisher).
_TIMED_OUT = status.timeout("request did not complete within requested timeout - context deadline exceeded").status()
_READING = frozenset({"get", "list", "watch", "head", "options"})


def with_audit(
    handler: Handler, auditor: Auditor | None, render: ErrorRenderer, filters: FilterMetrics,
    clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """Where events are waited for, nothing is changed before the first is written, and nothing answered before all
    are."""
    if auditor is None:
        return handler
    begin, metrics, passed = auditor.begin, auditor.metrics, filters.time("audit")
    strict = auditor.backend.strict
    waits = strict or not auditor.backend.ordered
    filters.audits = True

    def serve(request: Request) -> Awaitable[Response]:
        audit = begin(request, request.context.user)
        if audit is None:
            passed.fast += 1
            return handler(request)
        return serve_audited(request, audit)

    async def serve_audited(request: Request, audit: AuditContext) -> Response:
        context = request.context
        received = audit.process(REQUEST_RECEIVED, context)
        if received and (waits or _may_change(context)) and not await _written(received) and strict:
            metrics.rejected.value += 1
            return internal_error(request, "failed to store audit event")
        filters.done(passed, context)
        if request.upgrade is not None:
            _offer(request, audit)
        try:
            response = await handler(request)
        except StatusError as error:
            response = render(request, error)
        except (asyncio.CancelledError, ClientGone):
            await asyncio.shield(_broken_off(context, audit, clock()))
            raise
        except Exception as bug:
            await _panicked(context, audit, bug)
            raise
        audit.answer(response.status)
        if context.request_info.long_running or audit.has_to_prepare or isinstance(response, StreamResponse):
            return await _answered(context, audit, response)
        for future in audit.process(RESPONSE_COMPLETE, context):
            await future
        return response

    return serve


def _offer(request: Request, audit: AuditContext) -> None:
    context = request.context
    request.upgrade.before = lambda: _begun(context, audit, 101)


def _may_change(context: Context) -> bool:
    """Subresources that are read may be ways into a container."""
    info = context.request_info
    return info.verb not in _READING or info.subresource != ""


async def _written(writing: Writing) -> bool:
    done = True
    for future in writing:
        done = await future and done
    return done


async def _tell(stage: str, context: Context, audit: AuditContext) -> None:
    if audit.has_to_prepare:
        await audit.prepare()
    for future in audit.process(stage, context):
        await future


async def _broken_off(context: Context, audit: AuditContext, now: float) -> None:
    """The client has gone, or the time is over: `with_timeout` cuts off what is still running at its deadline."""
    if context.deadline is not None and now >= context.deadline:
        audit.answer_status(_TIMED_OUT)
    elif not audit.answered:
        audit.answer_status(_CLOSED_EARLY)
    await _begun(context, audit)
    await _tell(RESPONSE_COMPLETE, context, audit)


async def _begun(context: Context, audit: AuditContext, code: int = 0) -> None:
    """The answer begins, with `code` if that is not known yet."""
    if code:
        audit.answer(code)
    if context.request_info.long_running and not audit.started:
        audit.started = True
        await _tell(RESPONSE_STARTED, context, audit)


async def _panicked(context: Context, audit: AuditContext, bug: Exception) -> None:
    message = f"APIServer panic'd: {bug}"
    audit.answer_status({"status": "Failure", "message": message, "reason": REASON_INTERNAL_ERROR, "code": 500})
    await _tell(PANIC, context, audit)


async def _answered(context: Context, audit: AuditContext, response: Response) -> Response:
    if context.request_info.long_running:
        await _begun(context, audit)
    if isinstance(response, StreamResponse):
        response.stream = _Audited(response.stream, context, audit)
    else:
        await _tell(RESPONSE_COMPLETE, context, audit)
    return response


class _Audited(AsyncIterator[bytes]):
    """Passes a stream on and tells of its end, however it comes."""

    def __init__(self, stream: AsyncIterator[bytes], context: Context, audit: AuditContext) -> None:
        self._stream = stream
        self._context = context
        self._audit: AuditContext | None = audit

    async def __anext__(self) -> bytes:
        try:
            return await self._stream.__anext__()
        except (StopAsyncIteration, asyncio.CancelledError, ConnectionError, StatusError):
            await self._end()
            raise
        except Exception as bug:
            audit, self._audit = self._audit, None
            if audit is not None:
                await _panicked(self._context, audit, bug)
            raise

    async def aclose(self) -> None:
        try:
            close = getattr(self._stream, "aclose", None)
            if close is not None:
                await close()
        finally:
            await self._end()

    async def _end(self) -> None:
        audit, self._audit = self._audit, None
        if audit is not None:
            await asyncio.shield(_tell(RESPONSE_COMPLETE, self._context, audit))


#: Answers a request that will not be served.
Refusal = Callable[[Request], Response]


def audited_refusal(
    refuse: Refusal, auditor: Auditor | None, message: Callable[[Request], str]
) -> Callable[[Request], Awaitable[Response]]:
    """Refusals that come before the filter above has seen the request: told of as started, with `message`."""

    async def serve(request: Request) -> Response:
        audit = auditor.begin(request, getattr(request.context, "user", None)) if auditor is not None else None
        if audit is None:
            return refuse(request)
        # a refusal that is a Status has its own words, and leaves them with the audit context
        audit.answer_status({"message": message(request)})
        response = refuse(request)
        audit.answer(response.status)
        await _tell(RESPONSE_STARTED, request.context, audit)
        return response

    return serve


def attempted(request: Request) -> str:
    """How a request tried to authenticate, without any of it."""
    methods = []
    scheme, _, credentials = (request.header(b"authorization") or "").strip().partition(" ")
    if credentials:
        if scheme.lower() == "basic" and _is_basic(credentials):
            methods.append("basic")
        elif scheme.lower() == "bearer":
            methods.append("bearer")
    if (request.query_value("access_token") or "").strip():
        methods.append("access_token")
    if request.peer_certificates:
        methods.append("x509")
    if methods:
        return f"Authentication failed, attempted: {', '.join(methods)}"
    return "Authentication failed, no credentials provided"


def _is_basic(credentials: str) -> bool:
    """Whether net/http would find a user's name and a password in that."""
    try:
        return b":" in base64.b64decode(credentials, validate=True)
    except ValueError:
        return False
