"""Keeps the status of definitions true, and finalizes them (upstream: pkg/controller/{status,establish,
nonstructuralschema,apiapproval,finalizer}).

Upstream's five controllers each write for themselves. Here what they would find is worked out together and written at
once, so that a new definition is established with the first write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pilothouse.apiextensions import conditions, finalizer
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.apiextensions.strategies import FINALIZER
from pilothouse.server.workqueue import WorkQueue

if TYPE_CHECKING:
    from pilothouse.apiextensions.definition import Definition, Names
    from pilothouse.apiextensions.definitions import Definitions
    from pilothouse.apimachinery.meta import Times
    from pilothouse.server.loopback import LoopbackClient

Object = dict[str, Any]
#: Bytes of definitions that are judged aside.
_LONG: Final = 256 * 1024
_KEY: Final = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")


class DefinitionController:
    def __init__(self, definitions: Definitions, client: LoopbackClient, times: Times) -> None:
        self._definitions = definitions
        self._client = client
        self._times = times
        self._held: dict[str, Names] = {}
        # one at a time: what one definition takes must be seen by the next
        self._status: WorkQueue[str] = WorkQueue("crd-status", self._sync, workers=1)
        self._finalizing: WorkQueue[str] = WorkQueue("crd-finalizer", self._finalize)

    async def sync_all(self) -> None:
        """What is stored when the server starts, once; then follow changes."""
        self._definitions.listen(self._changed)
        for name in self._definitions.names():
            self._changed(name, self._definitions.get(name))

    async def run_status(self) -> None:
        await self._status.run()

    async def run_finalizer(self) -> None:
        await self._finalizing.run()

    def _changed(self, name: str, definition: Definition | None) -> None:
        before = self._held.get(name)
        if definition is None:
            self._held.pop(name, None)
            group = name.partition(".")[2]
        else:
            group = definition.group
            self._held[name] = definition.names
            if not definition.settled:
                self._status.add(name)
            if definition.deleted:
                self._finalizing.add(name)
        if before is not None and (definition is None or before != definition.names):
            self._reconsider(group, name)

    def _reconsider(self, group: str, name: str) -> None:
        """Names have become free: others of the group may have waited for them."""
        for other in self._definitions.in_group(group):
            if other.name != name and not other.settled:
                self._status.add(other.name)

    # Status

    async def _sync(self, name: str) -> None:
        definition = self._definitions.get(name)
        if definition is None:
            return
        obj, now = definition.decoded(), self._times.now()
        resources, kinds = self._names_in_use(definition.group)
        # upstream's controllers race; those that look at nothing but the definition are usually first
        changed = conditions.check_approval(obj, now)
        changed |= conditions.check_structure(obj, now)
        changed |= conditions.accept_names(obj, resources, kinds, now)
        # a bundle of certificates may be very long
        establish = conditions.establish
        changed |= await aside(establish, obj, now) if len(definition.item.body) > _LONG else establish(obj, now)
        if changed:
            await self._write(obj)

    def _names_in_use(self, group: str) -> tuple[set[str], set[str]]:
        resources: set[str] = set()
        kinds: set[str] = set()
        for definition in self._definitions.in_group(group):
            names = definition.names
            resources.update((names.plural, names.singular, *names.short_names))
            kinds.update((names.kind, names.list_kind))
        return resources, kinds

    async def _write(self, obj: Object) -> Object | None:
        """None when somebody else was faster: that change comes round again."""
        try:
            return await self._client.update(*_KEY, obj, subresource="status")
        except StatusError as e:
            if e.code in (404, 409):
                return None
            raise

    # The end

    async def _finalize(self, name: str) -> None:
        definition = self._definitions.get(name)
        if definition is None or not finalizer.wants_finalizing(obj := definition.decoded()):
            return
        conditions.put(obj, finalizer.in_progress(), self._times.now())
        written = await self._write(obj)
        if written is None:
            return
        try:
            last = await finalizer.finish(written, self._definitions.instances(name))
        except finalizer.DeletionError as e:
            conditions.put(written, e.condition, self._times.now())
            await self._write(written)
            raise
        conditions.put(written, last, self._times.now())
        metadata = written["metadata"]
        metadata["finalizers"] = [f for f in metadata.get("finalizers") or () if f != FINALIZER]
        await self._write(written)
