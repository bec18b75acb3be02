"""GET of a collection: list, and the way into watch (upstream: handlers/get.go, storage/etcd3/store.go GetList).

A plain list joins the stored bodies; no object is decoded.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import fields, status
from pilothouse.apimachinery.aside import LIGHT_BYTES, aside
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.endpoints import options, paging
from pilothouse.endpoints.auditing import keep_answer, wants_answer
from pilothouse.endpoints.negotiation import PROTOBUF, Accepted
from pilothouse.endpoints.options import ListOptions
from pilothouse.endpoints.response import write_items, write_messages
from pilothouse.endpoints.table import mapped
from pilothouse.endpoints.watch import start_watch
from pilothouse.storage.interface import Compacted, Future, Item, Page, Predicate

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupVersionKind
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.endpoints.rendering import Rendering
    from pilothouse.endpoints.scope import Scope

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z", re.ASCII)
_SLICE = 16384
"""Items that are looked at between two turns of the event loop."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list found. `remaining` is None where upstream does not say it."""

    items: list[Item]
    revision: int
    continue_token: str = ""
    remaining: int | None = None

    def metadata(self) -> dict[str, Any]:
        """The ListMeta of the answer."""
        meta: dict[str, Any] = {"resourceVersion": str(self.revision)}
        if self.continue_token:
            meta["continue"] = self.continue_token
            if self.remaining is not None:
                meta["remainingItemCount"] = self.remaining
        return meta


def list_or_watch(scope: Scope) -> Handler:
    """The handler of collections, and of the deprecated /watch/ paths of collections and single objects."""
    can_watch = "watch" in scope.resource.verbs

    async def handle(request: Request) -> Response:
        info = request.context.request_info
        accepted = scope.negotiate_list(request)
        wanted = await read_options(request, scope, info)
        if wanted.watch or info.verb == "watch":
            if not can_watch:
                raise status.method_not_supported(scope.group_resource, "watch")
            return await start_watch(request, scope, accepted, wanted, predicate_for(scope, info, wanted))
        return await write_list(request, scope, accepted, await collect(scope, info, wanted))

    return handle


async def read_options(request: Request, scope: Scope, info: RequestInfo) -> ListOptions:
    """`options_for`; selectors of thousands of terms are read aside."""
    if len(request.raw_query) > LIGHT_BYTES:
        return await aside(options_for, request, scope, info)
    return options_for(request, scope, info)


def options_for(request: Request, scope: Scope, info: RequestInfo) -> ListOptions:
    """The request's list options; a name in the path is a selector for that name. Raises 400 and 422."""
    wanted = options.list_options(request, scope.field_labels)
    if not info.name:
        return wanted
    if wanted.fields is None:
        return replace(wanted, fields=fields.one_term("metadata.name", info.name))
    if wanted.fields.requires_exact("metadata.name") != info.name:
        raise status.bad_request("fieldSelector metadata.name doesn't match requested name")
    return wanted


def predicate_for(scope: Scope, info: RequestInfo, wanted: ListOptions) -> Predicate:
    """Which keys and selectors the request is about; a name or namespace that must match narrows the keys."""
    namespace = scope.namespace(info)
    chosen = wanted.fields
    if chosen is not None and scope.namespaced and not namespace:
        selected = chosen.requires_exact("metadata.namespace")
        if selected and _NAMESPACE.match(selected):
            namespace = selected
    if chosen is not None and not wanted.continue_token:
        name = chosen.requires_exact("metadata.name")
        if name and "/" not in name and (namespace or not scope.namespaced):
            rest = None if len(chosen.requirements) == 1 else chosen
            return Predicate(scope.store.key(namespace, name), single=True, labels=wanted.labels, fields=rest)
    return Predicate(scope.store.key_root(namespace), labels=wanted.labels, fields=chosen)


async def collect(scope: Scope, info: RequestInfo, wanted: ListOptions) -> Listed:
    """Finds the objects of a list or deletecollection. Raises 400, 410 and 504."""
    predicate = predicate_for(scope, info, wanted)
    start_after, revision = await _position(scope, predicate, wanted)
    limit = 0 if wanted.limit < 0 or wanted.resource_version == "0" else wanted.limit
    try:
        page = await scope.store.cacher.select(
            predicate, limit=limit, start_after=start_after, revision=revision,
            consistent=not wanted.resource_version and not wanted.continue_token,
        )
    except Compacted:
        if wanted.continue_token:
            raise paging.ContinueExpired(paging.encode_start(start_after.removeprefix(predicate.prefix), -1)) from None
        raise status.expired(paging.LIST_EXPIRED) from None
    except Future as e:
        raise too_large(e, retry=False) from None
    return _listed(page, predicate, wanted)


async def _position(scope: Scope, predicate: Predicate, wanted: ListOptions) -> tuple[str, int | None]:
    """(key to start after, exact revision or None for the newest). Waits for a revision that is to be reached."""
    if wanted.continue_token and not predicate.single:
        start, token_revision = paging.decode(wanted.continue_token)
        if wanted.resource_version not in ("", "0"):
            raise status.bad_request("specifying resource version is not allowed when using continue")
        return predicate.prefix + start, token_revision if token_revision > 0 else None
    if not wanted.resource_version:
        return "", None
    try:
        version = paging.parse_resource_version(wanted.resource_version)
    except ValueError as e:
        raise status.bad_request(f"invalid resource version: {e}") from None
    match = wanted.resource_version_match
    if match == "Exact" or (not match and wanted.limit > 0 and version > 0 and not predicate.single):
        return "", version
    if version:
        try:
            await scope.store.cacher.wait_revision(version)
        except Future as e:
            raise too_large(e) from None
    return "", None


def too_large(error: Future, *, retry: bool = True) -> status.StatusError:
    """504 for a revision of the future; upstream asks for a retry only where it has waited."""
    found = status.too_large_resource_version(error.requested, error.current)
    if not retry and found.details is not None:
        found.details = {name: value for name, value in found.details.items() if name != "retryAfterSeconds"}
    return found


def _listed(page: Page, predicate: Predicate, wanted: ListOptions) -> Listed:
    if not page.more or predicate.single:
        return Listed(page.items, page.revision)
    token = paging.encode(page.items[-1].key, predicate.prefix, page.revision)
    return Listed(page.items, page.revision, token, None if predicate.selective else page.remaining)


async def write_list(request: Request, scope: Scope, accepted: Accepted, found: Listed) -> Response:
    """Answers with a list, plain or transformed. Raises 406 for a transformation of single objects."""
    target = accepted.transform
    rendering = scope.rendering
    if rendering.versions is not None:
        found = replace(found, items=list(await rendering.versions.shown(found.items)))
    if accepted.media_type == PROTOBUF:
        if wants_answer(request):
            keep_answer(request, *await _pieces(request, scope, target, found))
        return await _write_messages(request, scope, target, found)
    head, items, tail = await _pieces(request, scope, target, found)
    return await write_items(request, accepted, 200, head, items, tail)


async def _pieces(
    request: Request, scope: Scope, target: GroupVersionKind | None, found: Listed
) -> tuple[bytes, Sequence[bytes], bytes]:
    """The list as JSON: what stands before, between and after its items."""
    rendering, metadata = scope.rendering, found.metadata()
    if target is None:
        head, tail = rendering.list_frame(metadata)
        return head, await _bodies(rendering, found.items), tail
    version = target.version
    if target.kind == "Table":
        include = options.include_object(request)
        head = scope.tables.head(version, metadata)
        return head, await mapped(found.items, lambda item: scope.tables.row(item, include, version)), b"]}"
    if target.kind == "PartialObjectMetadata":
        raise scope.is_a_list()
    head = b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/%s","metadata":%s,"items":' % (
        version.encode(), orjson.dumps(metadata),
    )
    if not found.items:
        return head + b"null}", (), b""
    return head + b"[", await mapped(found.items, lambda item: rendering.metadata(item, version)), b"]}"


async def _write_messages(
    request: Request, scope: Scope, target: GroupVersionKind | None, found: Listed
) -> Response:
    """The list in protobuf; Tables are not negotiated for that."""
    if target is None:
        head, *items, tail = await scope.messages.object_list(found.items, found.metadata())
    elif target.kind == "PartialObjectMetadata":
        raise scope.is_a_list()
    else:
        head, *items, tail = await scope.messages.metadata_list(found.items, found.metadata(), target.version)
    return await write_messages(request, 200, head, items, tail)


async def _bodies(rendering: Rendering, items: Sequence[Item]) -> Sequence[bytes]:
    if rendering.converts:
        return await mapped(items, rendering.body)
    out: list[bytes] = []
    for at in range(0, len(items), _SLICE):
        if at:
            await asyncio.sleep(0)
        out += [item.body for item in items[at : at + _SLICE]]
    return out
