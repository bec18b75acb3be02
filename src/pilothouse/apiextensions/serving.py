"""A definition at work: what serves the resources of one shape of it (upstream: crdInfo of
pkg/apiserver/customresource_handler.go).

A `Serving` is made anew whenever a definition's spec or accepted names change; the `Instances`, which hold what is
stored, outlive it. All that costs anything (schemas, stores, watch caches) is made at the first request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apiextensions import codec, nested
from pilothouse.apiextensions.builder import CustomBuilder
from pilothouse.apiextensions.conversion import NoConversion
from pilothouse.apiextensions.printing import DefinedPrinter
from pilothouse.apiextensions.shape import Shape
from pilothouse.apiextensions.strategy import CustomResourceStrategy
from pilothouse.apiextensions.versions import CustomVersion
from pilothouse.apimachinery import status
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.gvk import GroupResource, GroupVersionKind
from pilothouse.apimachinery.patch import goprint
from pilothouse.endpoints.installer import Endpoints
from pilothouse.registry.kinds import SCALE, STATUS
from pilothouse.registry.rest import Resource
from pilothouse.registry.store import Store

if TYPE_CHECKING:
    from pilothouse.apiextensions.conversion import CustomConverter
    from pilothouse.apiextensions.definition import Definition
    from pilothouse.apiextensions.environment import Environment
    from pilothouse.storage.cacher import WatchCache

Object = dict[str, Any]

_NO_LABELS: Final[Mapping[str, str]] = {}
#: Bytes of a definition whose schemas are not read at once: some milliseconds of work.
_LARGE: Final = 8 * 1024
INTERNAL_KIND: Final = "unstructured.Unstructured"


class Instances:
    """The stored objects of one definition, from its creation to its end.

    `floor` is the revision at which it was created, 0 if that is not known. `before` forgets the objects of an
    earlier definition of the same name.
    """

    def __init__(
        self, definition: Definition, environment: Environment, *, floor: int = 0,
        before: asyncio.Task[None] | None = None,
    ) -> None:
        self.definition = definition
        """The newest revision."""
        self.environment = environment
        self.prefix = f"/registry/{definition.group}/{definition.plural}/"
        self._floor = floor
        self._before = before
        self._cacher: WatchCache | None = None
        self._paths: dict[str, list[str]] = {}
        self.serving = Serving(self, definition)
        self._select()

    async def open(self) -> None:
        """Wait until the objects of an earlier definition of this name are out of the way."""
        before, self._before = self._before, None
        if before is not None:
            await asyncio.shield(before)

    @property
    def overlapping(self) -> bool:
        """Whether built-in objects are stored where these would be: such resources are not served."""
        return self.prefix in self.environment.taken

    @property
    def opened(self) -> bool:
        return self._before is None

    @property
    def cacher(self) -> WatchCache:
        """The watch cache, filled when first asked for."""
        if self._cacher is None:
            self._cacher = self.environment.storage.cacher(self.prefix, self._index, floor=self._floor)
        return self._cacher

    def load(self) -> WatchCache:
        return self.cacher

    def change(self, definition: Definition) -> bool:
        """Take over a newer revision; returns whether its resources are served in another way now."""
        before, self.definition = self.definition, definition
        if before.shape == definition.shape:
            return False
        self.serving = Serving(self, definition)
        selected = self._paths
        self._select()
        if self._cacher is not None:
            if self._paths != selected:
                self._cacher.reindex()
            self._cacher.end_watches()
        return True

    def current(self) -> Serving:
        """What writes must go through. Raises 404 when the definition is gone."""
        if self.closed:
            raise status.not_found(GroupResource(self.definition.group, self.definition.names.plural), "")
        return self.serving

    closed = False

    def close(self) -> Coroutine[Any, Any, None] | None:
        """No more writes, and watches end; what is returned forgets the objects that are left, if there may be any."""
        self.closed = True
        if self._cacher is None:
            return None
        self._cacher.end_watches()
        return self.environment.storage.release(self.prefix)

    def _select(self) -> None:
        paths = {path for version in self.definition.versions for path in version.selectable}
        self._paths = {path.removeprefix("."): nested.split(path) for path in sorted(paths)}

    def _index(self, obj: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What selectors read (a `storage.Index`)."""
        metadata = obj["metadata"]
        fields = {"metadata.name": metadata["name"]}
        if self.definition.namespaced:
            fields["metadata.namespace"] = metadata["namespace"]
        if self._paths:
            fields.update(self.selectable(obj))
        return metadata.get("labels") or _NO_LABELS, fields

    def selectable(self, obj: Mapping[str, Any]) -> dict[str, str]:
        """The selectable fields of all versions, as they stand in the stored one."""
        return {name: _field_text(obj, steps) for name, steps in self._paths.items()}


def _field_text(obj: Mapping[str, Any], steps: list[str]) -> str:
    try:
        value, _ = nested.nested(dict(obj), steps)
    except nested.AccessError:
        return ""
    return "" if value is None else goprint.plain(value)


class Serving:
    """One shape of a definition. `since` is the revision after which objects are written in this shape."""

    def __init__(self, instances: Instances, definition: Definition) -> None:
        self.instances = instances
        self.definition = definition
        self.since = instances.environment.storage.assigned
        self._shapes: dict[str, Shape] = {}
        self._resources: dict[str, Resource] = {}
        self._versions: dict[str, CustomVersion] = {}
        self._stores: dict[str, Store] = {}
        self._endpoints: dict[str, Endpoints] = {}
        self._prepared: set[str] = set()
        self._converter: CustomConverter | None = None
        self._builder = CustomBuilder(self, instances.environment.services)

    def endpoints(self, version: str) -> Endpoints:
        made = self._endpoints.get(version)
        if made is None:
            made = self._endpoints[version] = Endpoints(self.resource(version), self._builder)
        return made

    def shape(self, version: str) -> Shape:
        found = self._shapes.get(version)
        if found is None:
            found = self._shapes[version] = self._shape(version)
        return found

    def _shape(self, version: str) -> Shape:
        spec = self.definition.decoded()["spec"]
        gvk = GroupVersionKind(self.definition.group, version, self.definition.names.kind)
        entry = next(v for v in spec["versions"] if v["name"] == version)
        return Shape(gvk, entry, preserve_unknown=bool(spec.get("preserveUnknownFields")))

    async def prepare(self, version: str) -> None:
        """Read a schema that is not small, or has rules, aside before it is needed, so that nobody waits for it."""
        if version not in self._prepared:
            body = self.definition.item.body
            if len(body) > _LARGE or b"x-kubernetes-validations" in body:
                if version not in self._shapes:
                    made = await aside(self._shape, version)
                    self._shapes.setdefault(version, made)
                await aside(self._shapes[version].prepare)
            self._prepared.add(version)

    async def prepare_for(self, api_version: str) -> None:
        """The same for the version in which an object is stored."""
        version = api_version.rpartition("/")[2]
        if version not in self._prepared and self.definition.version(version) is not None:
            await self.prepare(version)

    def shape_of(self, api_version: str) -> Shape:
        """The shape of the version in which an object is stored. Raises 500 for one that is gone."""
        _, _, version = api_version.rpartition("/")
        if self.definition.version(version) is None:
            raise status.plain_internal(f"request to convert CR from an invalid group/version: {api_version}")
        return self.shape(version)

    @property
    def converter(self) -> CustomConverter:
        if self._converter is None:
            converters, definition = self.instances.environment.converters, self.definition
            self._converter = converters(definition.decoded()) if definition.webhook else NoConversion()
        return self._converter

    def resource(self, version: str) -> Resource:
        """Raises LookupError for a version that there is not."""
        found = self._resources.get(version)
        if found is None:
            found = self._resources[version] = self._resource(version)
        return found

    def _resource(self, name: str) -> Resource:
        definition = self.definition
        version = definition.version(name)
        if version is None:
            raise LookupError(f"{definition.name} has no version {name}")
        names = definition.names
        subresources = [STATUS] if version.has_status else []
        if version.scale is not None:
            subresources.append(SCALE)
        return Resource(
            group=definition.group, version=name, kind=names.kind, name=names.plural, singular=names.singular,
            namespaced=definition.namespaced, strategy=CustomResourceStrategy(self, version),
            short_names=names.short_names, categories=names.categories, subresources=tuple(subresources),
            storage_prefix=f"{definition.group}/{names.plural}", selectable=self.instances.selectable,
            selectable_names=tuple(path.removeprefix(".") for path in version.selectable),
            printer=DefinedPrinter(definition, name), deprecated=version.warning, internal_kind=INTERNAL_KIND,
            list_kind=names.list_kind,
        )

    def versions(self, version: str) -> CustomVersion:
        found = self._versions.get(version)
        if found is None:
            found = self._versions[version] = CustomVersion(self, version)
        return found

    def store(self, resource: Resource) -> Store:
        found = self._stores.get(resource.version)
        if found is None:
            found = self._stores[resource.version] = Store(
                resource, self.instances.cacher, times=self.instances.environment.times, normal=codec.normal,
                versions=self.versions(resource.version),
            )
        return found
