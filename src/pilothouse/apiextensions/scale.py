"""The scale subresource of custom resources (upstream: pkg/registry/customresource/etcd.go, ScaleREST)."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

from pilothouse.apiextensions.nested import AccessError, nested_int, nested_text, set_nested, split
from pilothouse.apimachinery import status
from pilothouse.apimachinery.managedfields import scale as managed_scale
from pilothouse.endpoints.scale import ScaleView, shown_metadata
from pilothouse.registry.printing import DEFAULT_PRINTER, age, name
from pilothouse.registry.rest import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pilothouse.apiextensions.serving import Serving
    from pilothouse.apimachinery.managedfields.scale import PathMappings
    from pilothouse.endpoints.rendering import Rendering
    from pilothouse.registry.rest import Object, Resource, Versions
    from pilothouse.storage.interface import Item

#: Says that an object had no replicas before (upstream: invalidSpecReplicas).
_UNSET: Final = -(2**31)


class CustomScaleView(ScaleView):
    """Finds the numbers at the paths that the definition gives."""

    def __init__(self, resource: Resource, rendering: Rendering, serving: Serving, versions: Versions) -> None:
        super().__init__(resource, rendering)
        version = serving.definition.version(resource.version)
        if version is None or version.scale is None:
            raise LookupError(f"{resource.group_resource} has no scale in {resource.version}")
        self._versions = versions
        self._scale = version.scale
        self._paths: PathMappings = {
            serving.definition.api_version(v.name):
                None if v.scale is None else tuple(f"f:{step}" for step in split(v.scale.spec))
            for v in serving.definition.versions
        }

    async def item(self, item: Item) -> Item:
        shown, = await self._versions.shown((item,))
        scale, found = self._read(orjson.loads(shown.body))
        if not found:
            raise status.internal_error(f'the spec replicas field "{self._scale.spec}" does not exist')
        return self._rendering.computed(scale)

    def of(self, parent: Object) -> Object:
        scale, found = self._read(parent)
        if not found:
            scale["spec"] = {"replicas": _UNSET}
        return scale

    def _read(self, parent: Object) -> tuple[Object, bool]:
        paths = self._scale
        try:
            replicas, found = nested_int(parent, split(paths.spec))
            observed, _ = nested_int(parent, split(paths.status))
            selector = nested_text(parent, split(paths.selector))[0] if paths.selector else ""
        except AccessError as e:
            raise status.plain_internal(str(e)) from None
        shown: dict[str, Any] = {"replicas": observed}
        if selector:
            shown["selector"] = selector
        return {
            "metadata": shown_metadata(parent["metadata"]), "spec": {"replicas": replicas} if replicas else {},
            "status": shown,
        }, found

    def _validate(self, scale: Object, parent: Object) -> None:
        if (scale.get("spec") or {}).get("replicas") == _UNSET:
            raise status.bad_request(f'the spec replicas field "{self._scale.spec}" cannot be empty')

    def _changed(self, parent: Object, scale: Object) -> Object:
        new = copy.deepcopy(parent)
        try:
            set_nested(new, split(self._scale.spec), (scale.get("spec") or {}).get("replicas") or 0)
        except ValueError as e:
            raise status.plain_internal(str(e)) from None
        metadata = new["metadata"]
        if version := scale["metadata"].get("resourceVersion"):
            metadata["resourceVersion"] = version
        managed = managed_scale.to_parent(
            metadata.get("managedFields"), scale["metadata"].get("managedFields"), self._api_version, self._paths
        )
        if managed:
            metadata["managedFields"] = managed
        else:
            metadata.pop("managedFields", None)
        return new


class _CustomScalePrinter:
    """The table of a custom resource's scales (upstream: pkg/apiserver/helpers.go, getScaleColumnsForVersion)."""

    @cached_property
    def columns(self) -> Sequence[Column]:
        named, created = DEFAULT_PRINTER.columns
        return (
            named,
            Column("Desired", "integer", "", "Number of desired replicas"),
            Column("Available", "integer", "", "Number of actual replicas"),
            Column("Age", "date", "", created.description),
        )

    def cells(self, obj: Mapping[str, Any], now: float) -> list[Any]:
        spec, observed = obj.get("spec") or {}, obj.get("status") or {}
        return [name(obj), spec.get("replicas", 0), observed.get("replicas", 0), age(obj, now)]

    def conditions(self, obj: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        return None


scale_printer = _CustomScalePrinter()
