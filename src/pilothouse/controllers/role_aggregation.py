"""Fills the rules of aggregated cluster roles (upstream: pkg/controller/clusterroleaggregation).

`admin`, `edit` and `view` name no rules of their own: they collect those of all roles that their
aggregationRule selects.
"""

from __future__ import annotations

from typing import Any

from pilothouse.apimachinery import labels
from pilothouse.apimachinery.labels import Selector
from pilothouse.controllers.queue import WorkQueue
from pilothouse.server.informer import Informer
from pilothouse.server.loopback import APPLY_PATCH, LoopbackClient

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
        if role is None or not role.get("aggregationRule"):
            return
        rules = aggregate(role, {other["metadata"]["name"]: other for other in self.informer})
        if rules == (role.get("rules") or []):
            return
        patch = {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": rules,
        }
        await self._client.patch(*_ROLES, name, patch, patch_type=APPLY_PATCH, fieldManager=_MANAGER, force=True)


def aggregate(role: Object, roles: dict[str, Object]) -> list[Object]:
    """The rules that `role` should have: those of all selected roles by name, each rule once."""
    rules: list[Object] = []
    for selector in _selectors(role):
        for name, other in sorted(roles.items()):
            if name == role["metadata"]["name"] or not selector.matches(other["metadata"].get("labels") or {}):
                continue
            rules += [rule for rule in other.get("rules") or [] if rule not in rules]
    return rules


def _selectors(role: Object) -> list[Selector]:
    return [labels.from_label_selector(s) for s in role["aggregationRule"].get("clusterRoleSelectors") or []]
