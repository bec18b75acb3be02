"""The scale subresource: an autoscaling/v1 Scale as a window on an object with replicas (upstream: ScaleREST).

Reads and writes go through the parent's store; `ScaleView` turns parents into scales and changed scales into
changed parents, with the ownership of the replicas field carried along.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import field, labels, status
from pilothouse.apimachinery.gvk import GroupKind
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.managedfields import scale as managed_scale
from pilothouse.endpoints.scope import View
from pilothouse.endpoints.transform import write_item
from pilothouse.registry import printing
from pilothouse.registry.printing import DEFAULT_PRINTER
from pilothouse.registry.rest import Column
from pilothouse.storage.interface import Item

if TYPE_CHECKING:
    from pilothouse.endpoints.rendering import Rendering
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Object, Resource, Updater, Validation

_SHOWN_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
_SCALE = GroupKind("autoscaling", "Scale")


class ScaleView(View):
    """Between the parents of one resource and their scales."""

    def __init__(self, resource: Resource, rendering: Rendering) -> None:
        self._rendering = rendering
        self._api_version = resource.api_version
        self._paths: managed_scale.PathMappings = {resource.api_version: ("f:spec", "f:replicas")}
        self._map_selector = resource.kind == "ReplicationController"

    def of(self, parent: Object) -> Object:
        """The scale of a stored object."""
        metadata, spec = parent["metadata"], parent.get("spec") or {}
        shown: dict[str, Any] = {}
        if spec.get("replicas"):
            shown["replicas"] = spec["replicas"]
        return {
            "metadata": shown_metadata(metadata),
            "spec": shown,
            "status": {
                "replicas": (parent.get("status") or {}).get("replicas", 0), "selector": self._selector(spec)
            },
        }

    async def item(self, item: Item) -> Item:
        """The scale of a stored item, as an item that can be answered in every form."""
        return self._rendering.computed(self.of(orjson.loads(item.body)))

    def updater(self, update: Updater) -> Updater:
        """An updater of the parent that has `update` change its scale. Raises 404, 409 and 422."""

        async def through(parent: Object) -> Object:
            old = self.of(parent)
            owned = managed_scale.to_scale(parent["metadata"].get("managedFields"), self._paths)
            if owned:
                old["metadata"]["managedFields"] = owned
            new = await update(old)
            self._validate(new, parent)
            return self._changed(parent, new)

        return through

    def validation(self, validate: Validation | None) -> Validation | None:
        """Validating admission sees scales, not parents."""
        if validate is None:
            return None
        check = validate

        async def through(obj: Object | None, old: Object | None) -> None:
            await check(None if obj is None else self.of(obj), None if old is None else self.of(old))

        return through

    def _selector(self, spec: Object) -> str:
        selector = spec.get("selector")
        if self._map_selector:
            return str(labels.from_set(selector))
        try:
            return str(labels.from_label_selector(selector))
        except ValueError as e:
            raise status.bad_request(str(e)) from None

    def _validate(self, scale: Object, parent: Object) -> None:
        replicas = _replicas(scale)
        if replicas < 0:
            error = field.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
            raise status.invalid(_SCALE, parent["metadata"]["name"], [error])

    def _changed(self, parent: Object, scale: Object) -> Object:
        new = copy.deepcopy(parent)
        new.setdefault("spec", {})["replicas"] = _replicas(scale)
        metadata = new["metadata"]
        metadata["resourceVersion"] = scale["metadata"].get("resourceVersion", "")
        managed = managed_scale.to_parent(
            metadata.get("managedFields"), scale["metadata"].get("managedFields"), self._api_version, self._paths
        )
        if managed:
            metadata["managedFields"] = managed
        else:
            metadata.pop("managedFields", None)
        return new


def shown_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What a scale shows of its parent's metadata."""
    return {name: metadata[name] for name in _SHOWN_METADATA if name in metadata}


def _replicas(scale: Mapping[str, Any]) -> int:
    replicas: int = (scale.get("spec") or {}).get("replicas") or 0
    return replicas


def get_scale(scope: Scope, view: ScaleView) -> Handler:
    """GET of a scale."""

    async def handle(request: Request) -> Response:
        ctx = request.context
        info = ctx.request_info
        accepted = scope.negotiate(request)
        version = (request.query_value("resourceVersion") or "") if request.raw_query else ""
        item = await scope.store.get(ctx, scope.namespace(info), info.name, version)
        return await write_item(request, scope, accepted, 200, await view.item(item))

    return handle


class ScalePrinter:
    """The table of scales (upstream: pkg/printers/internalversion, printScale)."""

    @cached_property
    def columns(self) -> Sequence[Column]:
        named, created = DEFAULT_PRINTER.columns
        return (
            Column("Name", "string", "", named.description),
            Column("Desired", "integer", "", "replicas is the desired number of instances for the scaled object."),
            Column(
                "Available", "integer", "", "replicas is the actual number of observed instances of the scaled object."
            ),
            Column("Age", "string", "", created.description),
        )

    def cells(self, obj: Mapping[str, Any], now: float) -> list[Any]:
        status_ = obj.get("status") or {}
        return [printing.name(obj), _replicas(obj), status_.get("replicas", 0), printing.age(obj, now)]

    def conditions(self, obj: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        return None


scale_printer = ScalePrinter()
