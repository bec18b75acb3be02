"""Which resources there are, asked of the server like any client does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pilothouse.apimachinery.status import StatusError
from pilothouse.server.loopback import LoopbackClient


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource in its group's preferred version."""

    group: str
    version: str
    name: str
    kind: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def key(self) -> tuple[str, str, str]:
        """What `LoopbackClient` methods take first."""
        return self.group, self.version, self.name


async def resources(client: LoopbackClient, *, partly: bool = False) -> list[Resource]:
    """All resources (no subresources); each once, in the first version that lists it.

    Raises StatusError where a group version cannot be asked; with `partly` those are left out.
    """
    found: dict[tuple[str, str], Resource] = {}
    for group, version, path in await _versions(client):
        # nothing in a request of our own waits, and there may be hundreds of them
        await asyncio.sleep(0)
        try:
            listed = await client.request("GET", path)
        except StatusError:
            if not partly:
                raise
            continue
        for entry in listed["resources"]:
            if "/" not in entry["name"]:
                found.setdefault((group, entry["name"]), Resource(
                    group, version, entry["name"], entry["kind"], entry["namespaced"], frozenset(entry["verbs"])
                ))
    return list(found.values())


async def _versions(client: LoopbackClient) -> list[tuple[str, str, str]]:
    groups = (await client.request("GET", "/apis"))["groups"]
    versions = [("", "v1", "/api/v1")]
    for group in groups:
        preferred = group["preferredVersion"]["groupVersion"]
        ordered = sorted(group["versions"], key=lambda v: v["groupVersion"] != preferred)
        versions += [(group["name"], v["version"], f"/apis/{v['groupVersion']}") for v in ordered]
    return versions
