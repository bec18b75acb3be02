"""Empties namespaces that are being deleted (upstream: pkg/controller/namespace).

A deleted namespace is "Terminating": nothing can be created in it. This controller deletes all that is in
it, tells in the namespace's conditions what is left, and takes its finalizer away once nothing is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.controllers.discovery import Resource, resources
from pilothouse.server.informer import Informer
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.workqueue import WorkQueue

Object = dict[str, Any]
_NAMESPACES = ("", "v1", "namespaces")
_FINALIZER = "kubernetes"
#: Seconds until a namespace whose content is still there is looked at again.
_PAUSE = 0.25
_LONGEST_PAUSE = 15.0
#: Resources that are emptied side by side.
_AT_ONCE = 4

#: Condition type → (reason, message) when all is well, in the order of the status.
_OK = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions", "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted", "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


@dataclass
class Findings:
    """What one pass over a namespace found."""

    discovery_error: str = ""
    errors: list[str] = field(default_factory=list)
    remaining: Counter[str] = field(default_factory=Counter)
    """Resource ("pods.", "deployments.apps") → number of objects left."""
    finalizers: Counter[str] = field(default_factory=Counter)

    @property
    def empty(self) -> bool:
        return not (self.discovery_error or self.errors or self.remaining)

    def problems(self) -> dict[str, tuple[str, str]]:
        """Condition type → (reason, message) of what is not well."""
        found: dict[str, tuple[str, str]] = {}
        if self.discovery_error:
            found["NamespaceDeletionDiscoveryFailure"] = ("DiscoveryFailed", self.discovery_error)
        if self.errors:
            texts = ", ".join(sorted(self.errors))
            found["NamespaceDeletionContentFailure"] = (
                "ContentDeletionFailed", f"Failed to delete all resource types, {len(self.errors)} remaining: {texts}",
            )
        if self.remaining:
            texts = ", ".join(sorted(f"{name} has {n} resource instances" for name, n in self.remaining.items()))
            found["NamespaceContentRemaining"] = ("SomeResourcesRemain", f"Some resources are remaining: {texts}")
        if self.finalizers:
            texts = ", ".join(sorted(f"{name} in {n} resource instances" for name, n in self.finalizers.items()))
            found["NamespaceFinalizersRemaining"] = (
                "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {texts}",
            )
        return found


class NamespaceDeletion:
    def __init__(self, client: LoopbackClient) -> None:
        self._client = client
        self._passes: Counter[str] = Counter()
        self._queue = WorkQueue("namespace-deletion", self._sync)
        self.informer = Informer(client, *_NAMESPACES)
        self.informer.add_handler(
            on_add=self._changed, on_update=lambda old, new: self._changed(new), on_delete=self._gone
        )

    async def run(self) -> None:
        await self._queue.run()

    def _changed(self, namespace: Object) -> None:
        if namespace["metadata"].get("deletionTimestamp"):
            self._queue.add(namespace["metadata"]["name"])

    def _gone(self, namespace: Object) -> None:
        del self._passes[namespace["metadata"]["name"]]

    async def _sync(self, name: str) -> None:
        try:
            namespace = await self._client.get(*_NAMESPACES, name)
        except StatusError as e:
            if e.code == 404:
                return
            raise
        if not namespace["metadata"].get("deletionTimestamp") or _FINALIZER not in _finalizers(namespace):
            return
        findings = await self._empty(name)
        if findings.empty:
            await self._finalize(name)
            return
        await self._report(name, findings)
        self._passes[name] += 1
        self._queue.add_after(name, min(_PAUSE * self._passes[name], _LONGEST_PAUSE))

    async def _empty(self, name: str) -> Findings:
        findings = Findings()
        try:
            known = await resources(self._client)
        except StatusError as e:
            findings.discovery_error = e.message
            return findings
        left = iter([r for r in known if r.namespaced and "delete" in r.verbs and "list" in r.verbs])

        async def delete_each() -> None:
            for resource in left:
                await self._delete_all(resource, name, findings)
                # most resources have nothing there, and to find that out waits for nothing
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(delete_each())
        return findings

    async def _delete_all(self, resource: Resource, namespace: str, findings: Findings) -> None:
        try:
            if not await self._items(resource, namespace):
                return
            options = {"propagationPolicy": "Background"}
            if "deletecollection" in resource.verbs:
                await self._client.delete_collection(*resource.key, namespace, options=options)
            else:
                for item in await self._items(resource, namespace):
                    await self._client.delete(*resource.key, item["metadata"]["name"], namespace, options=options)
            left = await self._items(resource, namespace)
        except StatusError as e:
            if e.code not in (404, 405):
                findings.errors.append(e.message)
            return
        if left:
            findings.remaining[f"{resource.name}.{resource.group}"] = len(left)
            for item in left:
                findings.finalizers.update(item["metadata"].get("finalizers") or ())

    async def _items(self, resource: Resource, namespace: str) -> list[Object]:
        listed = await self._client.list(*resource.key, namespace)
        items: list[Object] = listed["items"] or []
        return items

    async def _report(self, name: str, findings: Findings) -> None:
        namespace = await self._client.get(*_NAMESPACES, name)
        conditions = updated_conditions(namespace.get("status", {}).get("conditions") or [], findings, _now())
        if conditions != namespace.get("status", {}).get("conditions"):
            namespace["status"] = {**namespace.get("status", {}), "conditions": conditions}
            await self._client.update(*_NAMESPACES, namespace, subresource="status")

    async def _finalize(self, name: str) -> None:
        namespace = await self._client.get(*_NAMESPACES, name)
        namespace["spec"] = {"finalizers": [f for f in _finalizers(namespace) if f != _FINALIZER]}
        await self._client.update(*_NAMESPACES, namespace, subresource="finalize")


def _finalizers(namespace: Mapping[str, Any]) -> list[str]:
    return namespace.get("spec", {}).get("finalizers") or []


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def updated_conditions(old: list[Object], findings: Findings, now: str) -> list[Object]:
    """The five conditions; one that says the same as before keeps its time."""
    problems = findings.problems()
    conditions = [dict(c) for c in old if c.get("type") not in _OK]
    before = {c.get("type"): c for c in old}
    for kind, fine in _OK.items():
        verdict = "True" if kind in problems else "False"
        reason, message = problems.get(kind, fine)
        found = before.get(kind, {})
        changed_at = found.get("lastTransitionTime", now) if found.get("status") == verdict else now
        conditions.append({
            "type": kind, "status": verdict, "lastTransitionTime": changed_at, "reason": reason, "message": message,
        })
    return conditions
