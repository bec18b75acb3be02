"""Services and their EndpointSlices, as the aggregator asks for them, and who is told when they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.storage.interface import Event, Item

if TYPE_CHECKING:
    from pilothouse.admission.interface import Lister
    from pilothouse.registry.store import Store
    from pilothouse.storage.storage import Storage

SERVICES = GroupResource("", "services")
SLICES = GroupResource("discovery.k8s.io", "endpointslices")
_SERVICE_NAME = "kubernetes.io/service-name"

Object = dict[str, Any]
#: `(namespace, name)` of a service.
Listener = Callable[[str, str], None]


class ServiceIndex:
    """Knows which EndpointSlices belong to which service; objects are decoded when they are asked for."""

    def __init__(self, objects: Lister) -> None:
        self._objects = objects
        self._slices: dict[tuple[str, str], dict[str, None]] = {}
        self._listeners: list[Listener] = []

    def follow(self, storage: Storage, stores: Mapping[GroupResource, Store]) -> None:
        """Keep in step with the stores."""
        for resource, observe in ((SERVICES, self._on_service), (SLICES, self._on_slice)):
            if resource in stores:
                storage.observe(stores[resource].prefix, observe)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def service(self, namespace: str, name: str) -> Object | None:
        return self._objects.get(SERVICES, namespace, name)

    def endpoint_slices(self, namespace: str, service: str) -> Sequence[Object]:
        names = self._slices.get((namespace, service), ())
        found = (self._objects.get(SLICES, namespace, name) for name in names)
        return [obj for obj in found if obj is not None]

    def _on_service(self, event: Event) -> None:
        self._tell(*_names(event.item))

    def _on_slice(self, event: Event) -> None:
        namespace, name = _names(event.item)
        before = event.previous.labels.get(_SERVICE_NAME) if event.previous is not None else None
        after = event.item.labels.get(_SERVICE_NAME)
        if before and (before != after or event.deleted):
            known = self._slices.get((namespace, before), {})
            known.pop(name, None)
            if not known:
                self._slices.pop((namespace, before), None)
        if after and not event.deleted:
            self._slices.setdefault((namespace, after), {})[name] = None
        for service in {before, after}:
            if service:
                self._tell(namespace, service)

    def _tell(self, namespace: str, name: str) -> None:
        for listener in self._listeners:
            listener(namespace, name)


def _names(item: Item) -> tuple[str, str]:
    """The namespace and the name that a key ends with."""
    _, namespace, name = item.key.rsplit("/", 2)
    return namespace, name
