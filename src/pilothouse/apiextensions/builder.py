"""Makes the scopes of custom resources: the same as those of built-in kinds, over forms of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pilothouse.apiextensions import nested
from pilothouse.apiextensions.codec import CustomBodies
from pilothouse.apiextensions.remote_managers import remote_converter
from pilothouse.apiextensions.rendering import CustomRendering
from pilothouse.apiextensions.scale import CustomScaleView, scale_printer
from pilothouse.apimachinery import status
from pilothouse.apimachinery.managedfields.fieldset import FieldSet, from_paths
from pilothouse.apimachinery.managedfields.kept import Kept
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.managedfields.versions import Version, through_hub
from pilothouse.endpoints.building import Builder

if TYPE_CHECKING:
    from pilothouse.apiextensions.serving import Serving
    from pilothouse.apimachinery.gvk import GroupVersionKind
    from pilothouse.apimachinery.managedfields.updater import Converter, Object
    from pilothouse.apimachinery.schema.model import Type
    from pilothouse.endpoints.bodies import Bodies
    from pilothouse.endpoints.rendering import Rendering
    from pilothouse.endpoints.scale import ScaleView
    from pilothouse.endpoints.scope import Services
    from pilothouse.registry.rest import Printer, Resource
    from pilothouse.registry.store import Store

_STATUS_RESETS: Final = (("spec",), ("metadata",))


class CustomBuilder(Builder):
    """For the versions of one definition."""

    routed = False

    def __init__(self, serving: Serving, services: Services) -> None:
        super().__init__(serving.store, services)
        self._serving = serving

    def bodies(self, resource: Resource) -> Bodies:
        return CustomBodies(resource.gvk, lambda: self._serving.shape(resource.version))

    def rendering(self, resource: Resource, bodies: Bodies) -> Rendering:
        versions = self._serving.versions(resource.version)
        return CustomRendering(resource.gvk, resource.list_kind, bodies.encode, versions)

    def reset_fields(self, resource: Resource, subresource: str) -> FieldSet | Kept:
        if subresource == "status":
            return from_paths(_STATUS_RESETS)
        return super().reset_fields(resource, subresource)

    def converter(self, resource: Resource, store: Store | None) -> Converter | None:
        definition = self._serving.definition
        served = [version.name for version in definition.versions if version.served or version.storage]
        if len(served) < 2:
            return None
        if definition.webhook:
            return remote_converter(self._serving, served)
        made: Converter | None = None

        def convert(obj: Object, current: str, wanted: str) -> tuple[Type, Object] | None:
            nonlocal made
            if made is None:
                made = through_hub({
                    definition.api_version(name): Version(self._serving.shape(name).type) for name in served
                })
            return made(obj, current, wanted)

        return convert

    def waits(self, resource: Resource) -> bool:
        return self._serving.definition.webhook and len(self._serving.definition.versions) > 1

    def scale_view(self, resource: Resource, rendering: Rendering) -> ScaleView:
        return CustomScaleView(resource, rendering, self._serving, self._serving.versions(resource.version))

    def scale_printer(self, resource: Resource) -> Printer:
        return scale_printer

    def scale_manager(self, resource: Resource, bodies: Bodies, kind: GroupVersionKind) -> FieldManager:
        return _ScaleManager(lambda: bodies.type, kind, "scale")


class _ScaleManager(FieldManager):
    """Upstream's converter of a custom resource knows no Scale, so that scales cannot be applied: kept."""

    def apply(self, live: Object | None, patch: Object, manager: str, force: bool, now: str) -> Object:
        self._check_kind(patch)
        metadata = patch.get("metadata") or {}
        name, namespace = (nested.nested_text(metadata, [key])[0] for key in ("name", "namespace"))
        raise status.plain_internal(
            f"failed to convert new object ({namespace}/{name}; {self._gvk}) to proper version: request to convert CR "
            f"to an invalid group/version: {self._gvk.api_version}"
        )
