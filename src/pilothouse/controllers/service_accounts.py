"""What every namespace has: a default service account and the CA bundle.

Upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go and
pkg/controller/certificates/rootcacertpublisher.
"""

from __future__ import annotations

from typing import Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.server.informer import Informer
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.workqueue import WorkQueue

Object = dict[str, Any]
_ACCOUNTS = ("", "v1", "serviceaccounts")
_CONFIG_MAPS = ("", "v1", "configmaps")
_ROOT_CA = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of "
    "Kubernetes clusters."
)


class NamespaceDefaults:
    """Creates them in each active namespace, and again when somebody deletes them.

    `root_ca` is the PEM text that verifies this server.
    """

    def __init__(self, client: LoopbackClient, root_ca: str) -> None:
        self._client = client
        self._root_ca = root_ca
        self._queue = WorkQueue("namespace-defaults", self._sync)
        self._active: set[str] = set()
        namespaces = Informer(client, "", "v1", "namespaces")
        namespaces.add_handler(
            on_add=self._namespace, on_update=lambda old, new: self._namespace(new), on_delete=self._namespace_gone
        )
        accounts = Informer(client, *_ACCOUNTS, query={"fieldSelector": "metadata.name=default"})
        accounts.add_handler(on_delete=self._object_changed)
        config_maps = Informer(client, *_CONFIG_MAPS, query={"fieldSelector": f"metadata.name={_ROOT_CA}"})
        config_maps.add_handler(
            on_update=lambda old, new: self._object_changed(new), on_delete=self._object_changed
        )
        self.informers = (namespaces, accounts, config_maps)

    async def run(self) -> None:
        await self._queue.run()

    def _namespace(self, namespace: Object) -> None:
        name = namespace["metadata"]["name"]
        if namespace["metadata"].get("deletionTimestamp"):
            self._active.discard(name)
        elif name not in self._active:
            self._active.add(name)
            self._queue.add(name)

    def _namespace_gone(self, namespace: Object) -> None:
        self._active.discard(namespace["metadata"]["name"])

    def _object_changed(self, obj: Object) -> None:
        self._queue.add(obj["metadata"]["namespace"])

    async def _sync(self, namespace: str) -> None:
        if namespace not in self._active:
            return
        try:
            await self._ensure(_ACCOUNTS, {"metadata": {"name": "default"}}, namespace)
            await self._ensure(_CONFIG_MAPS, {
                "metadata": {
                    "name": _ROOT_CA, "annotations": {"kubernetes.io/description": _DESCRIPTION},
                },
                "data": {"ca.crt": self._root_ca},
            }, namespace)
        except StatusError as e:
            if not _ending(e):
                raise

    async def _ensure(self, resource: tuple[str, str, str], wanted: Object, namespace: str) -> None:
        try:
            stored = await self._client.get(*resource, wanted["metadata"]["name"], namespace)
        except StatusError as e:
            if e.code != 404:
                raise
            await self._client.create(*resource, wanted, namespace)
            return
        if "data" in wanted and stored.get("data") != wanted["data"]:
            await self._client.update(*resource, {**stored, "data": wanted["data"]}, namespace)


def _ending(error: StatusError) -> bool:
    """The namespace is being deleted or is gone: nothing is missing there."""
    if error.code == 404:
        return True
    causes = (error.details or {}).get("causes") or ()
    return error.code == 403 and any(c.get("reason") == "NamespaceTerminating" for c in causes)
