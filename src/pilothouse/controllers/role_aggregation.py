"""Fills the rules of aggregated cluster roles (upstream: pkg/controller/clusterroleaggregation).

`admin`, `edit` and `view` name no rules of their own: they collect those of all roles that their
aggregationRule selects.
"""

from __future__ import annotations

from typing import Any

from pilothouse.authorization.aggregation import aggregated_rules
from pilothouse.server.informer import Informer
from pilothouse.server.loopback import APPLY_PATCH, LoopbackClient
from pilothouse.server.workqueue import WorkQueue

Object = dict[str, Any]
_ROLES = ("rbac.authorization.k8s.io", "v1", "clusterroles")
_MANAGER = "clusterrole-aggregation-controller"


class RoleAggregation:
    """A change of any role touches every aggregated one."""

    def __init__(self, client: LoopbackClient) -> None:
        self._client = client
        self._queue = WorkQueue("clusterrole-aggregation", self._sync, workers=1)
        self.informer = Informer(client, *_ROLES)
        self.informer.add_handler(
            on_add=self._changed, on_update=lambda old, new: self._changed(new), on_delete=self._changed
        )

    async def run(self) -> None:
        await self.informer.synced.wait()
        await self._queue.run()

    def _changed(self, role: Object) -> None:
        for other in self.informer:
            if other.get("aggregationRule"):
                self._queue.add(other["metadata"]["name"])

    async def _sync(self, name: str) -> None:
        role = self.informer.get("", name)
        rules = aggregated_rules(role, self.informer) if role is not None else None
        if role is None or rules is None or rules == (role.get("rules") or []):
            return
        patch = {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": rules,
        }
        await self._client.patch(*_ROLES, name, patch, patch_type=APPLY_PATCH, fieldManager=_MANAGER, force=True)
