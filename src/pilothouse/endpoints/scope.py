"""What the verbs of one endpoint share (upstream: handlers.RequestScope).

A scope is made once for each resource or subresource of a served version; everything a request can do
without is worked out here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pilothouse.apimachinery import status
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.endpoints.messages import Messages
from pilothouse.endpoints.metrics import WatchMetrics, body_sizes
from pilothouse.endpoints.negotiation import (
    MEDIA_TYPES,
    STREAM_MEDIA_TYPES,
    Negotiator,
    allows_custom_resource_transform,
    allows_unprinted_transform,
)
from pilothouse.endpoints.selection import field_labels

if TYPE_CHECKING:
    from pilothouse.admission.chain import Chain
    from pilothouse.apimachinery.http import Request
    from pilothouse.apimachinery.managedfields.manager import FieldManager
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.endpoints.bodies import Bodies
    from pilothouse.endpoints.rendering import Rendering
    from pilothouse.endpoints.table import Tables
    from pilothouse.observability.metrics import HistogramSeries
    from pilothouse.registry.rest import Resource, Subresource, Updater, Validation
    from pilothouse.registry.store import Store
    from pilothouse.storage.interface import Item

P = ParamSpec("P")
T = TypeVar("T")

MAX_BODY_BYTES = 3 * 1024 * 1024
"""upstream: MaxRequestBodyBytes of the generic server's config."""
MIN_REQUEST_TIMEOUT = 1800.0


@dataclass(frozen=True, kw_only=True)
class Services:
    """What all endpoints of a server use. Without `admission` nothing is admitted or refused; without
    `authorizer` an update cannot create. `clock` gives Unix seconds; `min_request_timeout` is in seconds."""

    admission: Chain | None = None
    authorizer: Authorizer | None = None
    max_body_bytes: int = MAX_BODY_BYTES
    min_request_timeout: float = MIN_REQUEST_TIMEOUT
    compress: bool = True
    """Large answers are compressed for clients that take it (upstream: the APIResponseCompression gate)."""
    clock: Callable[[], float] = time.time


class View:
    """How an endpoint sees the store's objects: as they are. Scales see something else (`scale.ScaleView`)."""

    async def item(self, item: Item) -> Item:
        return item

    def updater(self, update: Updater) -> Updater:
        return update

    def validation(self, validate: Validation | None) -> Validation | None:
        return validate


AS_THEY_ARE = View()

_item_negotiator = Negotiator(MEDIA_TYPES)
_list_negotiator = Negotiator((*MEDIA_TYPES, *STREAM_MEDIA_TYPES))
_unprinted_item_negotiator = Negotiator(MEDIA_TYPES, allows_unprinted_transform)
# custom resources have no routes of their own: only their handler looks at what a client accepts
_custom_negotiator = Negotiator(MEDIA_TYPES, allows_custom_resource_transform, routed=False)
_custom_scale_negotiator = Negotiator(MEDIA_TYPES, routed=False)


class Scope:
    """One endpoint. `kind` is that of its bodies; `subresource` is None for the resource itself."""

    def __init__(
        self,
        resource: Resource,
        store: Store | None,
        services: Services,
        *,
        rendering: Rendering,
        tables: Tables,
        bodies: Bodies,
        field_manager: FieldManager | None = None,
        subresource: Subresource | None = None,
        view: View | None = None,
        waits: bool = False,
    ) -> None:
        self.resource = resource
        self._store = store
        self.services = services
        self.rendering = rendering
        self.tables = tables
        self.bodies = bodies
        self.field_manager = field_manager
        self.waits = waits
        """Whether field management waits for somebody else's answers: it is then never done on the loop."""
        self.subresource = subresource
        self.subresource_name = subresource.name if subresource is not None else ""
        self.view = view or AS_THEY_ARE
        self.store_subresource = "" if view is not None else self.subresource_name
        """What the store knows of the subresource; a view's writes are to the object itself."""
        self.kind: GroupVersionKind = rendering.gvk
        self.group_resource = resource.group_resource
        self.namespaced = resource.namespaced
        self.field_labels = field_labels(resource)
        self.negotiate: Negotiator
        self.negotiate_list: Negotiator
        if bodies.routed:
            self.negotiate = _item_negotiator if _prints(resource, subresource) else _unprinted_item_negotiator
            self.negotiate_list = _list_negotiator
        else:
            self.negotiate = self.negotiate_list = _custom_scale_negotiator if bodies.typed else _custom_negotiator
        self.messages = Messages(rendering, resource.list_kind)
        self._body_sizes: dict[str, HistogramSeries] = {}
        self.watch_metrics = WatchMetrics(resource.gvk.group, resource.gvk.version, resource.name)

    async def read_body(self, request: Request, verb: str) -> bytes:
        """The request's body, counted under `verb` (as `metrics.body_sizes` has it). Raises 413."""
        body = await request.body(self.services.max_body_bytes)
        sizes = self._body_sizes.get(verb)
        if sizes is None:
            sizes = self._body_sizes[verb] = body_sizes(self.group_resource, verb)
        sizes.observe(len(body))
        return body

    async def aside(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises, worked out in a thread: the one for heavy work (see `aside.aside`), or one
        of its own if it may wait."""
        if self.waits:
            return await asyncio.to_thread(function, *args, **kwargs)
        return await aside(function, *args, **kwargs)

    @property
    def store(self) -> Store:
        """Raises LookupError for a resource that stores nothing."""
        if self._store is None:
            raise LookupError(f"{self.group_resource} has no store")
        return self._store

    @property
    def store_or_none(self) -> Store | None:
        return self._store

    def namespace(self, info: RequestInfo) -> str:
        """The namespace of stored objects that the request is about: "" for cluster-scoped kinds."""
        return info.namespace if self.namespaced else ""

    @property
    def go_type(self) -> str:
        """Go's internal type, as 406 texts print it ("*core.ConfigMap")."""
        return f"*{self.resource.internal_kind}"

    def not_a_list(self) -> status.StatusError:
        return _not_acceptable(
            f"you requested PartialObjectMetadataList, but the requested object is not a list ({self.go_type})"
        )

    def is_a_list(self) -> status.StatusError:
        return _not_acceptable(
            f"you requested PartialObjectMetadata, but the requested object is a list ({self.go_type}List)"
        )


def _prints(resource: Resource, subresource: Subresource | None) -> bool:
    """Whether upstream's storage of the endpoint is a rest.TableConvertor: what can be read is, and scales are."""
    if subresource is not None:
        return subresource.handler in ("status", "scale")
    return resource.virtual is None or "get" in resource.virtual


def _not_acceptable(message: str) -> status.StatusError:
    return status.StatusError(406, status.REASON_NOT_ACCEPTABLE, message)
