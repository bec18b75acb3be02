"""Tokens of service accounts.

Upstream: pkg/registry/core/serviceaccount/storage/token.go, pkg/serviceaccount/claims.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import field, meta, status
from pilothouse.apimachinery.gvk import GroupKind, GroupResource, GroupVersion, GroupVersionKind
from pilothouse.apimachinery.meta import new_uid
from pilothouse.apimachinery.status import REASON_NOT_FOUND, StatusError
from pilothouse.registry.rest import Object, SubresourceCall

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Dependencies

SERVICE_ACCOUNTS = GroupResource("", "serviceaccounts")
_KIND = GroupKind("authentication.k8s.io", "TokenRequest")
_MIN_SECONDS = 600
#: Kubelets ask for this many seconds on behalf of pods; such tokens live on for a year, so that old clients that
#: never read a new one are warned of and not cut off (upstream: WarnOnlyBoundTokenExpirationSeconds).
_WARN_ONLY_SECONDS = 3607
_EXTENDED_SECONDS = 365 * 24 * 3600


class TokenRequests:
    """POST serviceaccounts/token."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """The TokenRequest with its status. Raises 400, 404, 409, 422, and 500 when tokens cannot be signed."""
        request = call.body or {}
        metadata = request.setdefault("metadata", {})
        _check_names(metadata, call)
        account = await self._get(ctx, SERVICE_ACCOUNTS, call.namespace, call.name)
        uid = account["metadata"]["uid"]
        if metadata.get("uid") and metadata["uid"] != uid:
            raise status.conflict(
                GroupResource(_KIND.group, _KIND.kind), call.name,
                f"the UID in the token request ({metadata['uid']}) does not match the UID of the service account "
                f"({uid})",
            )
        spec = request["spec"]
        if not spec.get("audiences"):
            spec["audiences"] = list(self._dependencies.api_audiences)
        now = self._dependencies.clock()
        metadata.update(
            name=call.name, namespace=call.namespace, uid=uid, creationTimestamp=meta.format_time(now)
        )
        _check_expiration(spec)
        bound = await self._bound_objects(ctx, call, spec.get("boundObjectRef"))
        self._shorten(ctx, spec)
        claims = self._claims(account, spec, bound, int(now))
        issuer = self._dependencies.token_issuer
        if issuer is None:
            raise status.internal_error("failed to generate token: no signing key is configured")
        try:
            token = issuer.issue(claims)
        except (OSError, ValueError) as e:
            raise status.internal_error(f"failed to generate token: {e}") from None
        ctx.annotate("authentication.kubernetes.io/issued-credential-id", f"JTI={claims['jti']}")
        request["status"] = {
            "token": token, "expirationTimestamp": meta.format_time(int(now) + spec["expirationSeconds"]),
        }
        return request

    async def _get(self, ctx: Context, resource: GroupResource, namespace: str, name: str) -> Object:
        item = await self._dependencies.stores(resource).get(ctx, namespace, name)
        obj: Object = orjson.loads(item.body)
        return obj

    async def _bound_objects(self, ctx: Context, call: SubresourceCall, ref: Object | None) -> Object:
        """The claims about what the token is bound to: it dies with that object."""
        if ref is None:
            return {}
        version = _version(ref.get("apiVersion") or "")
        kind, name = ref.get("kind") or "", ref.get("name") or ""
        resource = _BINDABLE.get(kind) if not version.group else None
        if resource is None:
            gvk = GroupVersionKind(version.group, version.version, kind)
            raise status.bad_request(f"cannot bind token to object of type {gvk}")
        namespace = "" if kind == "Node" else call.namespace
        obj = await self._get(ctx, resource, namespace, name)
        if kind == "Pod" and (obj.get("spec") or {}).get("serviceAccountName", "") != call.name:
            raise status.bad_request(
                f"cannot bind token for serviceaccount {field.go_quote(call.name)} to pod running with different "
                "serviceaccount name."
            )
        uid = obj["metadata"]["uid"]
        if ref.get("uid") and ref["uid"] != uid:
            raise status.conflict(
                GroupResource("", kind), name,
                f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record. "
                "The object might have been deleted and then recreated",
            )
        claims: Object = {kind.lower(): {"name": name, "uid": uid}}
        node = (obj.get("spec") or {}).get("nodeName") if kind == "Pod" else None
        if node:
            claims["node"] = await self._node(ctx, node)
        return claims

    async def _node(self, ctx: Context, name: str) -> Object:
        try:
            node = await self._get(ctx, _BINDABLE["Node"], "", name)
        except StatusError as e:
            if e.reason != REASON_NOT_FOUND:
                raise
            # The name alone still says where the pod is meant to run.
            return {"name": name}
        return {"name": name, "uid": node["metadata"]["uid"]}

    def _shorten(self, ctx: Context, spec: Object) -> None:
        limit, wanted = self._dependencies.max_token_expiration, spec["expirationSeconds"]
        if 0 < limit < wanted:
            ctx.warn(f"requested expiration of {wanted} seconds shortened to {limit} seconds")
            spec["expirationSeconds"] = limit

    def _claims(self, account: Object, spec: Object, bound: Object, now: int) -> Object:
        metadata = account["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        seconds = spec["expirationSeconds"]
        private: Object = {
            "namespace": namespace, "serviceaccount": {"name": name, "uid": metadata["uid"]}, **bound,
        }
        audiences = spec["audiences"]
        if (
            self._dependencies.extend_token_expiration
            and "pod" in bound
            and seconds == _WARN_ONLY_SECONDS
            and set(audiences) <= set(self._dependencies.api_audiences)
        ):
            private["warnafter"] = now + seconds
            # whatever --service-account-max-token-expiration says
            seconds = _EXTENDED_SECONDS
        return {
            "aud": audiences, "exp": now + seconds, "iat": now, "jti": new_uid(), "kubernetes.io": private,
            "nbf": now, "sub": f"system:serviceaccount:{namespace}:{name}",
        }


_BINDABLE = {
    "Pod": GroupResource("", "pods"), "Node": GroupResource("", "nodes"), "Secret": GroupResource("", "secrets"),
}


def _version(api_version: str) -> GroupVersion:
    """What cannot be read is nothing (upstream: schema.FromAPIVersionAndKind)."""
    try:
        return GroupVersion.parse(api_version)
    except ValueError:
        return GroupVersion("", "")


def _check_names(metadata: Object, call: SubresourceCall) -> None:
    for what, wanted in (("name", call.name), ("namespace", call.namespace)):
        given = metadata.get(what)
        if given and given != wanted:
            text = f"must match the service account {what} if specified"
            raise status.invalid(_KIND, call.name, [field.invalid(f"metadata.{what}", given, text)])


def _check_expiration(spec: Object) -> None:
    seconds = spec.get("expirationSeconds")
    where = "spec.expirationSeconds"
    if seconds is None or seconds < _MIN_SECONDS:
        text = "may not specify a duration less than 10 minutes"
    elif seconds > 1 << 32:
        text = "may not specify a duration larger than 2^32 seconds"
    else:
        return
    raise status.invalid(_KIND, "", [field.invalid(where, seconds or 0, text)])
