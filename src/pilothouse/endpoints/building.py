"""Makes the scopes of resources and subresources from the tables of `registry/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.managedfields.kept import Kept
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.managedfields.versions import Version, through_hub
from pilothouse.apimachinery.schema import catalog
from pilothouse.endpoints.bodies import Bodies, BodyCodec
from pilothouse.endpoints.ownership import reset_fields
from pilothouse.endpoints.rendering import Rendering
from pilothouse.endpoints.scale import ScaleView, scale_printer
from pilothouse.endpoints.scope import Scope
from pilothouse.endpoints.table import Tables
from pilothouse.registry.printing import DEFAULT_PRINTER

if TYPE_CHECKING:
    from pilothouse.apimachinery.managedfields.fieldset import FieldSet
    from pilothouse.apimachinery.managedfields.updater import Converter
    from pilothouse.endpoints.scope import Services
    from pilothouse.registry.rest import Printer, Resource, Subresource
    from pilothouse.registry.store import Store


class Builder:
    """Makes the scopes of built-in kinds; a subclass makes those of kinds that bring their own forms.

    `stores` finds the store of a resource; it is asked once for each.
    """

    #: Whether endpoints have routes of their own (see `bodies.Bodies`).
    routed = True

    def __init__(self, stores: Callable[[Resource], Store | None], services: Services) -> None:
        self._stores = stores
        self._services = services

    def resource(self, resource: Resource) -> Scope:
        """The scope of the resource itself."""
        return self._whole(resource, None)

    def subresource(self, resource: Resource, sub: Subresource) -> Scope:
        """The scope of a subresource whose bodies are the object, or a kind of their own."""
        if sub.kind is None or sub.kind == resource.gvk or catalog.type_for(sub.kind) is None:
            return self._whole(resource, sub)
        kind = sub.kind
        bodies = BodyCodec(kind, internal_name(kind), default=sub.default, accepts=sub.accepts)
        rendering = Rendering(kind, f"{kind.kind}List", bodies.encode)
        return Scope(
            resource, self._stores(resource), self._services, rendering=rendering,
            tables=Tables(resource.printer or DEFAULT_PRINTER, rendering, self._services.clock), bodies=bodies,
            field_manager=FieldManager(bodies.type, kind, sub.name), subresource=sub,
        )

    def scale(self, resource: Resource, sub: Subresource) -> tuple[Scope, ScaleView]:
        """The scope of a scale, and the view through which it sees the store."""
        kind = sub.kind or GroupVersionKind("autoscaling", "v1", "Scale")
        bodies = BodyCodec(kind, "autoscaling.Scale", routed=self.routed)
        rendering = Rendering(kind, "ScaleList", bodies.encode)
        view = self.scale_view(resource, rendering)
        scope = Scope(
            resource, self._stores(resource), self._services, rendering=rendering,
            tables=Tables(self.scale_printer(resource), rendering, self._services.clock), bodies=bodies,
            field_manager=self.scale_manager(resource, bodies, kind), subresource=sub, view=view,
        )
        return scope, view

    def _whole(self, resource: Resource, sub: Subresource | None) -> Scope:
        name = sub.name if sub is not None else ""
        store = self._stores(resource)
        bodies = self.bodies(resource)
        rendering = self.rendering(resource, bodies)
        return Scope(
            resource, store, self._services, rendering=rendering,
            tables=Tables(resource.printer or DEFAULT_PRINTER, rendering, self._services.clock), bodies=bodies,
            field_manager=FieldManager(
                lambda: bodies.type, resource.gvk, name, self.reset_fields(resource, name),
                self.converter(resource, store),
            ),
            subresource=sub, waits=self.waits(resource),
        )

    # What a kind's forms are

    def bodies(self, resource: Resource) -> Bodies:
        return BodyCodec(resource.gvk, resource.internal_kind, default=resource.default)

    def rendering(self, resource: Resource, bodies: Bodies) -> Rendering:
        return Rendering(
            resource.gvk, resource.list_kind, bodies.encode, resource.converter,
            hidden_annotations=resource.hidden_annotations,
        )

    def reset_fields(self, resource: Resource, subresource: str) -> FieldSet | Kept:
        return reset_fields(resource, subresource)

    def converter(self, resource: Resource, store: Store | None) -> Converter | None:
        """What the field manager converts with."""
        return _between_versions(resource.group, store)

    def waits(self, resource: Resource) -> bool:
        """Whether the field manager's converter waits for somebody, and must run in a thread."""
        return False

    def scale_view(self, resource: Resource, rendering: Rendering) -> ScaleView:
        return ScaleView(resource, rendering)

    def scale_printer(self, resource: Resource) -> Printer:
        return scale_printer

    def scale_manager(self, resource: Resource, bodies: Bodies, kind: GroupVersionKind) -> FieldManager:
        return FieldManager(lambda: bodies.type, kind, "scale")


def _between_versions(group: str, store: Store | None) -> Converter | None:
    """What field managers convert with where a store's objects are served in several versions of `group`. Those of
    another group do not count: upstream's API groups know no types but their own (getOpenAPIModels)."""
    served = [] if store is None else [resource for resource in store.served if resource.group == group]
    if len(served) < 2:
        return None
    known: dict[str, Version] = {}
    for resource in served:
        type = catalog.type_for(resource.gvk)
        if type is not None:
            converter = resource.converter
            known[resource.api_version] = Version(type) if converter is None else Version(
                type, converter.to_storage, converter.from_storage
            )
    return through_hub(known)


def internal_name(kind: GroupVersionKind) -> str:
    """Go's internal type of a built-in kind ("policy.Eviction")."""
    return f"{kind.group.partition('.')[0] or 'core'}.{kind.kind}"
