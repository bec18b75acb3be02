"""Tokens of TokenRequests: bound to a service account, and to a pod, a secret or a node (upstream:
pkg/serviceaccount/claims.go).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.authentication.interface import CREDENTIAL_ID_KEY, AuthenticationError
from pilothouse.authentication.serviceaccount import Lookup, Stored, Validated, user_of
from pilothouse.authentication.serviceaccountmetrics import ServiceAccountMetrics

LEEWAY = 60.0
"""Seconds by which clocks may differ, and for which a deleted object's tokens still hold (go-jose's default)."""
_EXTRA = "authentication.kubernetes.io/"
_UNREADABLE = "service account token claims could not be validated"


class BoundTokenValidator:
    """Times, and whether the service account and whatever the token is bound to are still there. `clock` gives Unix
    seconds."""

    def __init__(
        self, lookup: Lookup, *, clock: Callable[[], float] = time.time, metrics: ServiceAccountMetrics | None = None
    ) -> None:
        self._lookup = lookup
        self._clock = clock
        self._metrics = metrics or ServiceAccountMetrics()

    async def validate(self, token: str, claims: Mapping[str, Any]) -> Validated:
        kubernetes = claims.get("kubernetes.io")
        if not isinstance(kubernetes, dict) or not _readable(claims, kubernetes):
            raise AuthenticationError(_UNREADABLE)
        self._check_times(claims)
        self._check_objects(kubernetes)
        account = kubernetes["serviceaccount"]
        user = user_of(
            kubernetes.get("namespace", ""), account.get("name", ""), account.get("uid", ""),
            _extra(claims, kubernetes),
        )
        return Validated(user, annotations=self._warn_after(claims, kubernetes))

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()

        def time_of(name: str) -> float:
            said = claims.get(name)
            return now if said is None else float(said)

        if now + LEEWAY < time_of("nbf"):
            raise AuthenticationError("service account token is not valid yet")
        if now - LEEWAY > time_of("exp"):
            raise AuthenticationError("service account token has expired")
        if now + LEEWAY < time_of("iat"):
            raise AuthenticationError("service account token is issued in the future")

    def _check_objects(self, kubernetes: Mapping[str, Any]) -> None:
        namespace = kubernetes.get("namespace", "")
        account = kubernetes["serviceaccount"]
        name = account.get("name", "")
        stored = self._lookup("serviceaccounts", namespace, name)
        if stored is None:
            raise AuthenticationError(f'serviceaccounts "{name}" not found')
        if stored.uid != account.get("uid"):
            raise AuthenticationError(
                f"service account UID ({stored.uid}) does not match claim ({account.get('uid', '')})"
            )
        if self._gone(stored):
            raise AuthenticationError(f"service account {namespace}/{name} has been deleted")
        for kind in ("secret", "pod", "node"):
            # The node of a token that is bound to a pod is only told, not checked.
            bound = kubernetes.get(kind) is not None
            if bound and not (kind == "node" and kubernetes.get("pod") is not None):
                self._check_bound(kind, kubernetes[kind], "" if kind == "node" else namespace)

    def _check_bound(self, kind: str, ref: Mapping[str, Any], namespace: str) -> None:
        stored = self._lookup(f"{kind}s", namespace, ref.get("name", ""))
        if stored is None:
            raise AuthenticationError("service account token has been invalidated")
        if stored.uid != ref.get("uid"):
            raise AuthenticationError(
                f"{kind} UID ({stored.uid}) does not match service account {kind} ref claim ({ref.get('uid', '')})"
            )
        if self._gone(stored):
            raise AuthenticationError("service account token has been invalidated")

    def _gone(self, stored: Stored) -> bool:
        return stored.deleted_at is not None and stored.deleted_at < self._clock() - LEEWAY

    def _warn_after(self, claims: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> Mapping[str, str]:
        """An annotation for a token whose time is over and was only extended for old clients."""
        after = kubernetes.get("warnafter")
        if not after:
            return {}
        late = self._clock() - after
        if late <= 0:
            self._metrics.valid.inc()
            return {}
        self._metrics.stale.inc()
        text = f"subject: {claims.get('sub', '')}, seconds after warning threshold: {int(late)}"
        return {"authentication.k8s.io/stale-token": text}


def _readable(claims: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> bool:
    """Whether everything has the type that Go's decoder would ask for."""
    times = (claims.get("exp"), claims.get("nbf"), claims.get("iat"), kubernetes.get("warnafter"))
    if not all(isinstance(t, int | float) and not isinstance(t, bool) for t in times if t is not None):
        return False
    texts = [kubernetes.get("namespace"), claims.get("jti"), claims.get("sub")]
    if not isinstance(kubernetes.get("serviceaccount"), dict):
        return False
    for kind in ("serviceaccount", "secret", "pod", "node"):
        ref = kubernetes.get(kind)
        if ref is None:
            continue
        if not isinstance(ref, dict):
            return False
        texts += [ref.get("name"), ref.get("uid")]
    return all(isinstance(text, str) for text in texts if text is not None)


def _extra(claims: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    pod, node = kubernetes.get("pod") or {}, kubernetes.get("node") or {}
    if pod.get("name") and pod.get("uid"):
        extra[f"{_EXTRA}pod-name"] = (pod["name"],)
        extra[f"{_EXTRA}pod-uid"] = (pod["uid"],)
    if claims.get("jti"):
        extra[CREDENTIAL_ID_KEY] = (f"JTI={claims['jti']}",)
    if node.get("name"):
        extra[f"{_EXTRA}node-name"] = (node["name"],)
        if node.get("uid"):
            extra[f"{_EXTRA}node-uid"] = (node["uid"],)
    return extra
