"""Whether APIServices can be reached (upstream: kube-aggregator controllers/status).

Local ones always can. For a remote one the service, its port and its endpoints are looked at, then the server itself
is asked for the group version's discovery document.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pilothouse.aggregator.api_services import APIServices, Object, available, is_available, service_of
from pilothouse.aggregator.autoregister import API_SERVICES
from pilothouse.aggregator.availability_metrics import AvailabilityMetrics
from pilothouse.aggregator.backend import AGGREGATOR, Backend
from pilothouse.aggregator.resolver import ResolveError, Services, has_available_endpoint
from pilothouse.apimachinery import meta
from pilothouse.apimachinery.proxy.backend import BackendError
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.workqueue import Again, WorkQueue

RESYNC_SECONDS = 30.0
"""How often each remote server is looked at again, and the longest pause after failures."""
_ATTEMPTS = 5
_SECONDS = 5.0
LOCAL = {"status": "True", "reason": "Local", "message": "Local APIServices are always available"}


class AvailabilityController:
    """Keeps the Available conditions. `backend(name)` reaches a remote APIService's server; None when there is none.

    Failures to reach a server are not told before this server itself is `ready`: they may be its own.
    """

    def __init__(
        self, services: APIServices, objects: Services, backend: Callable[[str], Backend | None],
        metrics: AvailabilityMetrics, ready: Callable[[], bool], *, clock: Callable[[], float] = time.time,
    ) -> None:
        self._services = services
        self._objects = objects
        self._backend = backend
        self._metrics = metrics
        self._ready = ready
        self._clock = clock
        self._client: LoopbackClient
        self._users: dict[tuple[str, str], set[str]] = {}
        """By (namespace, name) of a service, the APIServices that use it."""
        self._used: dict[str, tuple[str, str]] = {}
        self._queue = WorkQueue("APIServiceAvailability", self._sync, workers=5, longest_pause=RESYNC_SECONDS)

    def service_changed(self, namespace: str, name: str) -> None:
        """A service or one of its EndpointSlices has changed."""
        for user in self._users.get((namespace, name), ()):
            self._queue.add(user)

    async def run(self, client: LoopbackClient) -> None:
        """Work until cancelled."""
        self._client = client
        self._services.listen(self._changed)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._queue.run())
            tasks.create_task(self._resync())

    async def _resync(self) -> None:
        while True:
            await asyncio.sleep(RESYNC_SECONDS)
            for name in list(self._used):
                self._queue.add(name)

    def _changed(self, name: str, obj: Object | None) -> None:
        service = service_of(obj) if obj is not None else None
        key = (service["namespace"], service["name"]) if service else None
        old = self._used.get(name)
        if old != key:
            if old is not None:
                self._used.pop(name)
                self._users[old].discard(name)
                if not self._users[old]:
                    del self._users[old]
            if key is not None:
                self._used[name] = key
                self._users.setdefault(key, set()).add(name)
        self._queue.add(name)

    async def _sync(self, name: str) -> None:
        """Raises StatusError; Again for a server that could not be reached."""
        obj = self._services.get(name)
        if obj is None:
            self._metrics.forget(name)
            return
        service = service_of(obj)
        if service is None:
            await self._report(obj, LOCAL)
            return
        if problem := self._service_problem(service):
            await self._report(obj, problem)
            return
        if failure := await self._discovery_problem(name):
            if not self._ready():
                raise Again(
                    "the server hasn't been ready yet, skipping updating availability of the aggregated API until the "
                    f"server becomes ready to avoid false positives, lastError = {failure}"
                )
            await self._report(obj, _problem("FailedDiscoveryCheck", failure))
            raise Again(failure)
        await self._report(obj, {"status": "True", "reason": "Passed", "message": "all checks passed"})

    def _service_problem(self, reference: Object) -> Object | None:
        namespace, name, port = reference["namespace"], reference["name"], reference.get("port", 443)
        where = f'service/{name} in "{namespace}"'
        service = self._objects.service(namespace, name)
        if service is None:
            return _problem("ServiceNotFound", f"{where} is not present")
        if service["spec"].get("type") != "ClusterIP":
            return None
        found = next((p for p in service["spec"].get("ports") or () if p.get("port") == port), None)
        if found is None:
            return _problem("ServicePortError", f"{where} is not listening on port {port}")
        slices = self._objects.endpoint_slices(namespace, name)
        if not slices:
            return _problem("EndpointsNotFound", f"cannot find endpointslices for {where}")
        port_name = found.get("name", "")
        if not has_available_endpoint(slices, port_name):
            text = f'endpointslices for {where} have no addresses with port name "{port_name}"'
            return _problem("MissingEndpoints", text)
        return None

    async def _discovery_problem(self, name: str) -> str:
        """Ask several times at once: one success is enough. Returns "" or what the last one said."""
        backend = self._backend(name)
        if backend is None:
            return ""
        tasks = [asyncio.create_task(_probe(backend), name=f"probe-{name}") for _ in range(_ATTEMPTS)]
        failure = ""
        try:
            for task in asyncio.as_completed(tasks):
                failure = await task
                if not failure:
                    return ""
            return failure
        finally:
            for pending in tasks:
                pending.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _report(self, obj: Object, condition: Object) -> None:
        """Write the condition if it says something new. Raises StatusError."""
        name: str = obj["metadata"]["name"]
        old = available(obj)
        self._metrics.set(name, condition["status"] == "True")
        if old is not None and all(old.get(key) == value for key, value in condition.items()):
            return
        since = old.get("lastTransitionTime") if old and old.get("status") == condition["status"] else None
        new = {"type": "Available", "lastTransitionTime": since or meta.format_time(self._clock()), **condition}
        rest = [c for c in (obj.get("status") or {}).get("conditions") or () if c["type"] != "Available"]
        await self._client.update(*API_SERVICES, {**obj, "status": {"conditions": [*rest, new]}}, subresource="status")
        if is_available(obj) and condition["status"] != "True":
            self._metrics.count(name, condition["reason"])


def _problem(reason: str, message: str) -> dict[str, Any]:
    return {"status": "False", "reason": reason, "message": message}


async def _probe(backend: Backend) -> str:
    """Ask for a path that the server must serve. Returns "" or what went wrong, in Go's words."""
    group, version = backend.group_version
    try:
        location = replace(backend.locate(), path=f"/apis/{group}/{version}" if group else f"/api/{version}")
    except ResolveError as error:
        return str(error)
    try:
        code = await backend.probe(location, AGGREGATOR, _SECONDS)
    except BackendError as error:
        return f'failing or missing response from {location.url}: Get "{location.url}": {error}'
    if not 200 <= code < 300:
        return f"failing or missing response from {location.url}: bad status from {location.url}: {code}"
    return ""
