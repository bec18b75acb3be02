"""Watches (upstream: handlers/watch.go, storage/cacher/cacher.go).

What is wrong with a watch once its options were read comes as an ERROR event in the stream, as upstream's.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.codec.protobuf import envelope, kinds
from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.apimachinery.requestinfo import scope_of
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints import negotiation, options, paging
from pilothouse.endpoints.negotiation import JSON, PROTOBUF, Accepted
from pilothouse.endpoints.options import ListOptions
from pilothouse.endpoints.response import CONTENT_JSON, CONTENT_PROTOBUF_STREAM, dumps
from pilothouse.storage.interface import Compacted, Future, Predicate, Watcher, WatchEvent

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupVersionKind
    from pilothouse.endpoints.metrics import WatchMetrics
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Versions

_INITIAL_END = {"k8s.io/initial-events-end": "true"}
_LAST_BOOKMARK_SECONDS = 2.0
"""How long before its end a watch gets a last bookmark (upstream: cache_watcher.go, nextBookmarkTime)."""

_CHUNK = 256 * 1024

#: A frame for an event, with its line feed.
Framer = Callable[[WatchEvent], bytes]
#: Events as the watch's version shows them. Raises StatusError.
Shower = Callable[[list[WatchEvent]], Awaitable[list[WatchEvent]]]


async def start_watch(
    request: Request, scope: Scope, accepted: Accepted, wanted: ListOptions, predicate: Predicate
) -> Response:
    """Opens a watch. Raises 406, and 500 for a version that is none (upstream gives that no status either)."""
    timeout = float(wanted.timeout_seconds or 0)
    if timeout <= 0:
        timeout = scope.services.min_request_timeout * (random.random() + 1.0)
    try:
        version = paging.parse_resource_version(wanted.resource_version)
    except ValueError as e:
        raise status.plain_internal(str(e)) from None
    include = options.include_object(request) if _is_table(accepted) else ""
    negotiation.require_stream(accepted)
    stream = WatchStream(timeout, wanted.allow_bookmarks)
    stream.metrics = scope.watch_metrics
    try:
        stream.watcher = await _open(scope, wanted, predicate, version)
    except StatusError as error:
        stream.error = _error_frame(accepted, error)
    stream.frame = _framer(scope, accepted, include)
    if scope.rendering.versions is not None:
        stream.show = _shower(scope.rendering.versions)
        stream.error_frame = lambda error: _error_frame(accepted, error)
    if wanted.send_initial_events:
        began, resource_scope = time.monotonic(), scope_of(request.context.request_info)
        stream.list_sent = lambda: scope.watch_metrics.listed(resource_scope, time.monotonic() - began)
    request.context.end_stream = stream.end
    return StreamResponse(stream, 200, [CONTENT_JSON if accepted.media_type == JSON else CONTENT_PROTOBUF_STREAM])


def _error_frame(accepted: Accepted, error: StatusError) -> bytes:
    if accepted.media_type == PROTOBUF:
        return envelope.frame("ERROR", kinds.sealed(error.status()))
    return b'{"type":"ERROR","object":%s}\n' % dumps(error.status())


def _is_table(accepted: Accepted) -> bool:
    return accepted.transform is not None and accepted.transform.kind == "Table"


async def _open(scope: Scope, wanted: ListOptions, predicate: Predicate, version: int) -> Watcher:
    """Raises 410 and 504."""
    cacher = scope.store.cacher
    initial = bool(wanted.send_initial_events)
    if initial and version:
        try:
            await cacher.wait_revision(version)
        except Future as e:
            raise status.too_large_resource_version(e.requested, e.current) from None
    if wanted.send_initial_events is False and not version:
        version = cacher.revision
    try:
        return cacher.watch(
            predicate, revision=None if initial else version, bookmarks=wanted.allow_bookmarks, initial_events=initial
        )
    except Compacted as e:
        raise status.too_old_resource_version(e.requested, e.oldest) from None


class WatchStream(AsyncIterator[bytes]):
    """The chunks of one watch, until either side ends it: pending events of the watcher together, up to `_CHUNK`
    bytes. Frames are made as they are sent, so that a slow client holds no more than one chunk of them."""

    def __init__(self, timeout: float, bookmarks: bool) -> None:
        self.watcher: Watcher | None = None
        self.error: bytes | None = None
        self.frame: Framer | None = None
        self.show: Shower | None = None
        self.error_frame: Callable[[StatusError], bytes] | None = None
        self.metrics: WatchMetrics | None = None
        self.list_sent: Callable[[], None] | None = None
        """Called when all objects that a watch began with are on their way."""
        self._taken: list[WatchEvent] = []
        """Events from the watcher that have not been framed, the last one first."""
        self._timeout = timeout
        self._timer: asyncio.TimerHandle | None = None
        self._last_bookmark: float | None = timeout - _LAST_BOOKMARK_SECONDS
        """When the loop's clock wants the last bookmark; None once it was due, or when there is to be none."""
        if not bookmarks or self._last_bookmark <= 0:
            self._last_bookmark = None

    async def __anext__(self) -> bytes:
        watcher = self.watcher
        if watcher is None:
            error, self.error = self.error, None
            if error is None:
                raise StopAsyncIteration
            return error
        if self._taken:
            return self._chunk()
        if self._timer is None:
            self._start_timer(watcher)
        events = await watcher.batch() if self._last_bookmark is None else await self._batch(watcher)
        frame = self.frame
        if not events or frame is None:
            self.end()
            raise StopAsyncIteration
        if self.show is not None:
            try:
                events = await self.show(events)
            except StatusError as error:
                return self._failed(error)
        events.reverse()
        self._taken = events
        return self._chunk()

    def _chunk(self) -> bytes:
        """The next frames. An event is let go with its frame, which it may be the only one to hold."""
        frame, taken = self.frame, self._taken
        if frame is None:
            return b""
        frames: list[bytes] = []
        size = 0
        while taken and size < _CHUNK:
            event = taken.pop()
            found = frame(event)
            frames.append(found)
            size += len(found)
            if event.initial_end and self.list_sent is not None:
                self.list_sent()
        if self.metrics is not None:
            self.metrics.sent(frames)
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def _failed(self, error: StatusError) -> bytes:
        """The last frame of a watch whose events cannot be shown."""
        self.end()
        self.watcher = None
        return self.error_frame(error) if self.error_frame is not None else b""

    def _start_timer(self, watcher: Watcher) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timeout, watcher.close)
        if self._last_bookmark is not None:
            self._last_bookmark += loop.time()

    async def _batch(self, watcher: Watcher) -> list[WatchEvent]:
        """The next events, or shortly before the end how far the watch is, so that a client resumes from there."""
        try:
            async with asyncio.timeout_at(self._last_bookmark):
                return await watcher.batch()
        except TimeoutError:
            self._last_bookmark = None
            bookmark = watcher.bookmark()
            return await watcher.batch() if bookmark is None else [bookmark]

    def end(self) -> None:
        """Ends the watch from the server's side; what is already pending is still sent."""
        if self._timer is not None:
            self._timer.cancel()
        if self.watcher is not None:
            self.watcher.close()

    async def aclose(self) -> None:
        self.end()


def _shower(versions: Versions) -> Shower:
    """Shows the objects of events; those that stand as they are keep the frames that all watchers share."""

    async def show(events: list[WatchEvent]) -> list[WatchEvent]:
        items = [event.item for event in events if event.item is not None]
        shown = iter(await versions.shown(items))
        out: list[WatchEvent] = []
        for event in events:
            item = next(shown) if event.item is not None else None
            out.append(event if item is event.item else WatchEvent(event.type, item, event.revision))
        return out

    return show


def _framer(scope: Scope, accepted: Accepted, include: str) -> Framer | None:
    """None where an event cannot be shown as asked: such a watch ends at its first event, as upstream's does."""
    target = accepted.transform
    if accepted.media_type == PROTOBUF:
        return _message_framer(scope, target)
    if target is None:
        return _plain_framer(scope)
    if target.kind == "Table":
        return _table_framer(scope, include, target.version)
    if target.kind == "PartialObjectMetadata":
        return _metadata_framer(scope, target.version)
    return None


def _remembered(key: Any, make: Framer) -> Framer:
    """A framer whose frames every watcher of the same event shares."""

    def frame(event: WatchEvent) -> bytes:
        known = event.renditions
        if known is None:
            known = event.renditions = {}
        found = known.get(key)
        if found is None:
            found = known[key] = make(event)
        return found

    return frame


def _bookmark_metadata(event: WatchEvent) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(event.revision)}
    if event.initial_end:
        metadata["annotations"] = _INITIAL_END
    return metadata


def _plain_framer(scope: Scope) -> Framer:
    rendering = scope.rendering
    prefix, body = rendering.prefix, rendering.body

    def make(event: WatchEvent) -> bytes:
        if event.item is None:
            found = rendering.encode({"metadata": _bookmark_metadata(event)})
        else:
            found = body(event.item)
        return b'{"type":"%s","object":%s%s}\n' % (event.type.encode(), prefix, found[1:])

    return _remembered(scope.kind, make)


def _message_framer(scope: Scope, target: GroupVersionKind | None) -> Framer | None:
    """Frames in protobuf; Tables are not negotiated for that."""
    messages = scope.messages
    if target is None:

        def make(event: WatchEvent) -> bytes:
            if event.item is None:
                return envelope.frame(event.type, messages.computed({"metadata": _bookmark_metadata(event)}))
            return envelope.frame(event.type, messages.object(event.item))

        return _remembered(("protobuf", scope.kind), make)
    if target.kind != "PartialObjectMetadata":
        return None
    version = target.version

    def make_partial(event: WatchEvent) -> bytes:
        item = event.item
        if item is None:
            item = scope.rendering.computed({"metadata": _bookmark_metadata(event)})
        return envelope.frame(event.type, messages.metadata(item, version))

    return _remembered(("protobuf", version), make_partial)


def _metadata_framer(scope: Scope, version: str) -> Framer:
    rendering = scope.rendering

    def make(event: WatchEvent) -> bytes:
        if event.item is None:
            found = b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/%s","metadata":%s}' % (
                version.encode(), orjson.dumps(_bookmark_metadata(event)),
            )
        else:
            found = rendering.metadata(event.item, version)
        return b'{"type":"%s","object":%s}\n' % (event.type.encode(), found)

    return _remembered(("metadata", version), make)


def _table_framer(scope: Scope, include: str, version: str) -> Framer:
    """Each event is a table of one row; only the first of a watch defines the columns. Ages make them differ
    from moment to moment, so they are not shared."""
    tables, rendering = scope.tables, scope.rendering
    first = True

    def frame(event: WatchEvent) -> bytes:
        nonlocal first
        item = event.item
        if item is None:
            item = rendering.computed({"metadata": _bookmark_metadata(event)})
        found = tables.one(item, include, version, str(event.revision), columns=first)
        first = False
        return b'{"type":"%s","object":%s}\n' % (event.type.encode(), found)

    return frame
