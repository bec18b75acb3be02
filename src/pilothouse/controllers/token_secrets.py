"""Long-lived tokens: fills Secrets of type kubernetes.io/service-account-token, and deletes those of service accounts
that are gone (upstream: pkg/controller/serviceaccount/tokens_controller.go).
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.server.informer import Informer, Key, key_of
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.workqueue import WorkQueue

Object = dict[str, Any]
_SECRETS = ("", "v1", "secrets")
_ACCOUNTS = ("", "v1", "serviceaccounts")
_TYPE = "kubernetes.io/service-account-token"
_NAME, _UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
_CLAIM = "kubernetes.io/serviceaccount/"
Sign = Callable[[Mapping[str, Any]], str]
"""Makes a token of claims. Raises OSError or ValueError when the key cannot be read."""


class TokenSecrets:
    """`root_ca` is the PEM text that verifies this server."""

    def __init__(self, client: LoopbackClient, root_ca: str, sign: Sign) -> None:
        self._client = client
        self._authority = _encoded(root_ca)
        self._sign = sign
        self._queue = WorkQueue("serviceaccount_tokens_secret", self._sync)
        self._secrets = Informer(client, *_SECRETS, query={"fieldSelector": f"type={_TYPE}"})
        self._secrets.add_handler(on_add=self._changed, on_update=lambda old, new: self._changed(new))
        accounts = Informer(client, *_ACCOUNTS)
        accounts.add_handler(on_delete=self._account_gone)
        self.informers = (self._secrets, accounts)

    async def run(self) -> None:
        await self._queue.run()

    def _changed(self, secret: Object) -> None:
        self._queue.add(key_of(secret))

    def _account_gone(self, account: Object) -> None:
        namespace, name = key_of(account)
        for secret in self._secrets:
            if secret["metadata"]["namespace"] == namespace and _annotations(secret).get(_NAME) == name:
                self._changed(secret)

    async def _sync(self, key: Key) -> None:
        namespace, name = key
        secret = await self._get(_SECRETS, namespace, name)
        if secret is None or secret.get("type") != _TYPE or secret["metadata"].get("deletionTimestamp"):
            return
        owner = _annotations(secret)
        account = await self._get(_ACCOUNTS, namespace, owner.get(_NAME, ""))
        if account is None or owner.get(_UID, "") not in ("", account["metadata"]["uid"]):
            await self._delete(secret)
            return
        data = dict(secret.get("data") or {})
        data |= {"ca.crt": self._authority, "namespace": data.get("namespace") or _encoded(namespace)}
        if not data.get("token"):
            # the first one loads the key, and the library for it
            data["token"] = _encoded(await asyncio.to_thread(self._sign, _claims(account, name)))
        if data != secret.get("data"):
            annotations = owner | {_NAME: account["metadata"]["name"], _UID: account["metadata"]["uid"]}
            metadata = secret["metadata"] | {"annotations": annotations}
            await self._client.update(*_SECRETS, {**secret, "metadata": metadata, "data": data}, namespace)

    async def _get(self, resource: tuple[str, str, str], namespace: str, name: str) -> Object | None:
        try:
            return await self._client.get(*resource, name, namespace) if name else None
        except StatusError as error:
            if error.code != 404:
                raise
            return None

    async def _delete(self, secret: Object) -> None:
        metadata = secret["metadata"]
        try:
            await self._client.delete(
                *_SECRETS, metadata["name"], metadata["namespace"],
                options={"preconditions": {"uid": metadata["uid"]}},
            )
        except StatusError as error:
            # gone, or another one by now
            if error.code not in (404, 409):
                raise


def _annotations(secret: Object) -> dict[str, str]:
    found: dict[str, str] = secret["metadata"].get("annotations") or {}
    return found


def _claims(account: Object, secret: str) -> dict[str, Any]:
    """upstream: pkg/serviceaccount LegacyClaims"""
    metadata = account["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    return {
        "sub": f"system:serviceaccount:{namespace}:{name}", f"{_CLAIM}namespace": namespace,
        f"{_CLAIM}secret.name": secret, f"{_CLAIM}service-account.name": name,
        f"{_CLAIM}service-account.uid": metadata["uid"],
    }


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
