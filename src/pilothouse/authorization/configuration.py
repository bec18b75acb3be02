"""AuthorizationConfiguration files (upstream: k8s.io/apiserver pkg/apis/apiserver, types and v1, v1beta1, v1alpha1).

    configuration = load(Path("authorization.yaml").read_bytes())
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pilothouse.apimachinery import componentconfig, duration
from pilothouse.apimachinery.componentconfig import BOOL, DURATION, STRING, list_of, pointer, struct
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema.model import Type

GROUP: Final = "apiserver.config.k8s.io"
VERSIONS: Final = ("v1", "v1beta1", "v1alpha1")
_AUTHORIZED_TTL: Final = 300 * duration.SECOND
_UNAUTHORIZED_TTL: Final = 30 * duration.SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfiguration:
    """Times in nanoseconds. `kubeconfig_file` None was not given."""

    authorized_ttl: int = _AUTHORIZED_TTL
    cache_authorized: bool = True
    unauthorized_ttl: int = _UNAUTHORIZED_TTL
    cache_unauthorized: bool = True
    timeout: int = 0
    review_version: str = ""
    condition_version: str = ""
    failure_policy: str = ""
    connection_type: str = ""
    kubeconfig_file: str | None = None
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredAuthorizer:
    type: str = ""
    name: str = ""
    webhook: WebhookConfiguration | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationConfiguration:
    """The authorizers, in the order in which they are asked."""

    authorizers: tuple[ConfiguredAuthorizer, ...] = ()

    @property
    def types(self) -> frozenset[str]:
        return frozenset(authorizer.type for authorizer in self.authorizers)


def load(data: bytes) -> AuthorizationConfiguration:
    """Strict, with defaults. An empty file is an empty configuration. Raises ValueError."""
    if not data:
        return AuthorizationConfiguration()
    loaded = componentconfig.load(data, _KINDS, has_metadata=False)
    if loaded.strict:
        raise ValueError(loaded.strict_error)
    return AuthorizationConfiguration(tuple(map(_authorizer, loaded.obj.get("authorizers") or ())))


def _authorizer(obj: dict[str, Any]) -> ConfiguredAuthorizer:
    webhook = obj.get("webhook")
    return ConfiguredAuthorizer(
        type=obj.get("type") or "", name=obj.get("name") or "", webhook=None if webhook is None else _webhook(webhook)
    )


def _webhook(obj: dict[str, Any]) -> WebhookConfiguration:
    connection = obj.get("connectionInfo") or {}
    return WebhookConfiguration(
        authorized_ttl=_nanoseconds(obj, "authorizedTTL") or _AUTHORIZED_TTL,
        cache_authorized=_or_true(obj.get("cacheAuthorizedRequests")),
        unauthorized_ttl=_nanoseconds(obj, "unauthorizedTTL") or _UNAUTHORIZED_TTL,
        cache_unauthorized=_or_true(obj.get("cacheUnauthorizedRequests")), timeout=_nanoseconds(obj, "timeout"),
        review_version=obj.get("subjectAccessReviewVersion") or "",
        condition_version=obj.get("matchConditionSubjectAccessReviewVersion") or "",
        failure_policy=obj.get("failurePolicy") or "", connection_type=connection.get("type") or "",
        kubeconfig_file=connection.get("kubeConfigFile"),
        conditions=tuple(condition.get("expression") or "" for condition in obj.get("matchConditions") or ()),
    )


def _nanoseconds(obj: dict[str, Any], name: str) -> int:
    return duration.parse(obj.get(name) or "0s")


def _or_true(value: bool | None) -> bool:
    return True if value is None else value


def _type(version: str) -> Type:
    connection = struct(f"{version}.WebhookConnectionInfo", type=STRING, kubeConfigFile=pointer(STRING))
    condition = struct(f"{version}.WebhookMatchCondition", expression=STRING)
    webhook = struct(
        f"{version}.WebhookConfiguration", authorizedTTL=DURATION, cacheAuthorizedRequests=pointer(BOOL),
        unauthorizedTTL=DURATION, cacheUnauthorizedRequests=pointer(BOOL), timeout=DURATION,
        subjectAccessReviewVersion=STRING, matchConditionSubjectAccessReviewVersion=STRING, failurePolicy=STRING,
        connectionInfo=connection, matchConditions=list_of(condition),
    )
    authorizer = struct(f"{version}.AuthorizerConfiguration", type=STRING, name=STRING, webhook=pointer(webhook))
    return struct(f"{version}.AuthorizationConfiguration", authorizers=list_of(authorizer))


_KINDS: Final = {
    GroupVersionKind(GROUP, version, "AuthorizationConfiguration"): _type(version) for version in VERSIONS
}
