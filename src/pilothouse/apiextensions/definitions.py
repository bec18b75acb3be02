"""All stored definitions, and what follows from them: routes and discovery (upstream: the informers of
apiextensions-apiserver pkg/apiserver/apiserver.go).

`observe` is called on the loop for every committed change, before anybody hears of it: whoever sees that a definition
is established finds its resources served.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pilothouse.apiextensions import discovery
from pilothouse.apiextensions.definition import Definition, read
from pilothouse.apiextensions.handler import CustomGroupVersion
from pilothouse.endpoints.discovery import Document
from pilothouse.observability.logging import log
from pilothouse.server.webservice import web_service

if TYPE_CHECKING:
    from pilothouse.apiextensions.environment import Environment
    from pilothouse.apiextensions.serving import Instances
    from pilothouse.server.apiserver import GenericAPIServer
    from pilothouse.storage.interface import Event

#: Stored objects, and old revisions of them, that take some time to load.
_MUCH: Final = 200
#: Called with the name of a definition that has changed, and its newest revision (None: it is gone).
Listener = Callable[[str, Definition | None], None]


class Definitions:
    """`server` is where routes are installed."""

    def __init__(self, server: GenericAPIServer, environment: Environment) -> None:
        self._server = server
        self._environment = environment
        self._by_name: dict[str, Instances] = {}
        self._groups: dict[str, dict[str, Instances]] = {}
        self._handlers: dict[tuple[str, str], CustomGroupVersion] = {}
        self._releases: dict[str, asyncio.Task[None]] = {}
        self._listeners: list[Listener] = []

    # Reading

    def get(self, name: str) -> Definition | None:
        instances = self._by_name.get(name)
        return instances.definition if instances is not None else None

    def instances(self, name: str) -> Instances | None:
        return self._by_name.get(name)

    def names(self) -> list[str]:
        return list(self._by_name)

    def groups(self) -> list[str]:
        """The groups that discovery shows."""
        return [group for group in self._groups if discovery.served_versions(self.in_group(group))]

    def in_group(self, group: str) -> list[Definition]:
        return [instances.definition for instances in self._groups.get(group, {}).values()]

    async def load(self) -> None:
        """Load those resources of which much is stored, before anybody waits for them."""
        stored: Counter[str] = Counter()
        for directory, count in self._environment.storage.unclaimed().items():
            # "/registry/GROUP/PLURAL/", with a namespace behind it or none
            stored["/".join(directory.split("/", 4)[:4]) + "/"] += count
        for instances in list(self._by_name.values()):
            if stored[instances.prefix] > _MUCH and not instances.overlapping:
                instances.load()
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Close the connections to webhooks, after the last request."""
        await self._environment.converters.close()

    # Following

    def listen(self, listener: Listener) -> None:
        """Call `listener` for every change from now on."""
        self._listeners.append(listener)

    def observe(self, event: Event) -> None:
        """A `storage.interface.Observer`."""
        definition = read(event.item)
        known = self._by_name.get(definition.name)
        if event.deleted:
            if known is not None:
                self._forget(known)
            self._changed(definition, None)
            return
        if known is not None and known.definition.uid != definition.uid:
            self._forget(known)
            known = None
        if known is None:
            created = event.previous is None and event.revision >= self._environment.storage.revision
            from pilothouse.apiextensions.serving import Instances

            known = Instances(
                definition, self._environment, floor=event.revision if created else 0,
                before=self._releases.get(definition.name),
            )
            self._by_name[definition.name] = known
            self._groups.setdefault(definition.group, {})[definition.plural] = known
        else:
            known.change(definition)
        self._changed(definition, definition)

    def _forget(self, instances: Instances) -> None:
        name, group = instances.definition.name, instances.definition.group
        del self._by_name[name]
        plurals = self._groups[group]
        del plurals[instances.definition.plural]
        if not plurals:
            del self._groups[group]
        release = instances.close()
        if release is None:
            return
        task = asyncio.get_running_loop().create_task(release, name=f"release of {name}")
        self._releases[name] = task
        task.add_done_callback(lambda done: self._released(name, done))

    def _released(self, name: str, task: asyncio.Task[None]) -> None:
        if self._releases.get(name) is task:
            del self._releases[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.exception("Objects of a definition could not be forgotten", error, definition=name)

    def _changed(self, definition: Definition, now: Definition | None) -> None:
        self._route(definition.group)
        for listener in self._listeners:
            listener(definition.name, now)

    # Routes

    def _route(self, group: str) -> None:
        """Install the group versions that have come, take away those that have gone."""
        definitions = self.in_group(group)
        wanted = {v.name for definition in definitions if definition.accepted for v in definition.versions if v.served}
        have = {version for of, version in self._handlers if of == group}
        for version in have - wanted:
            del self._handlers[group, version]
            self._server.director.remove_group("apis", group, version)
        for version in have & wanted:
            self._handlers[group, version].refresh()
        for version in wanted - have:
            self._install(group, version)
        shown = discovery.served_versions(definitions)
        root = f"/apis/{group}"
        if shown:
            document = Document(discovery.group_document(group, shown))
            self._server.director.install_service(root, web_service(document))
        else:
            self._server.director.remove_service(root)

    def _install(self, group: str, version: str) -> None:
        if ("apis", group, version) in self._server.director.groups:
            return
        handler = CustomGroupVersion(
            group, version, lambda plural: self._groups.get(group, {}).get(plural), lambda: self.in_group(group),
            self._server.mux.not_found,
        )
        self._handlers[group, version] = handler
        self._server.install_api_group("apis", group, version, handler)
