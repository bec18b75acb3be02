"""AuthenticationConfiguration files (upstream: k8s.io/apiserver pkg/apis/apiserver, types and v1, v1beta1, v1alpha1).

    configuration = load(Path("authentication.yaml").read_bytes())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilothouse.apimachinery import componentconfig
from pilothouse.apimachinery.componentconfig import BOOL, STRING, list_of, pointer, struct
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema.model import Type

GROUP = "apiserver.config.k8s.io"
VERSIONS = ("v1", "v1beta1", "v1alpha1")


@dataclass(frozen=True, slots=True)
class Issuer:
    url: str
    audiences: tuple[str, ...]
    discovery_url: str = ""
    certificate_authority: str = ""
    audience_match_policy: str = ""
    egress_selector_type: str = ""


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """Where a part of the user comes from: a claim, or an expression. `prefix` None was not given."""

    claim: str = ""
    expression: str = ""
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class ExtraMapping:
    key: str
    expression: str


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """A claim with a value that it must have, or an expression that must be true."""

    claim: str = ""
    required_value: str = ""
    expression: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class JWTConfiguration:
    """One issuer, and how its claims become users."""

    issuer: Issuer
    username: ClaimMapping
    groups: ClaimMapping = ClaimMapping()
    uid: ClaimMapping = ClaimMapping()
    extra: tuple[ExtraMapping, ...] = ()
    claim_rules: tuple[ValidationRule, ...] = ()
    user_rules: tuple[ValidationRule, ...] = ()


@dataclass(frozen=True, slots=True)
class AnonymousConfiguration:
    enabled: bool
    paths: tuple[str, ...] = ()
    """Where; empty for everywhere."""


@dataclass(frozen=True, slots=True)
class AuthenticationConfiguration:
    jwt: tuple[JWTConfiguration, ...] = ()
    anonymous: AnonymousConfiguration | None = None


def load(data: bytes) -> AuthenticationConfiguration:
    """Decoded strictly, not validated. Raises ValueError with Go's text, or near it."""
    if not data:
        raise ValueError("empty config data")
    loaded = componentconfig.load(data, _KINDS)
    if loaded.strict_error:
        raise ValueError(loaded.strict_error)
    anonymous = loaded.obj.get("anonymous")
    return AuthenticationConfiguration(
        tuple(_jwt(jwt) for jwt in loaded.obj.get("jwt") or ()),
        None if anonymous is None else AnonymousConfiguration(
            bool(anonymous.get("enabled")),
            tuple(condition.get("path") or "" for condition in anonymous.get("conditions") or ()),
        ),
    )


def _jwt(jwt: Mapping[str, Any]) -> JWTConfiguration:
    issuer, mappings = jwt.get("issuer") or {}, jwt.get("claimMappings") or {}
    return JWTConfiguration(
        Issuer(
            issuer.get("url") or "", tuple(issuer.get("audiences") or ()), issuer.get("discoveryURL") or "",
            issuer.get("certificateAuthority") or "", issuer.get("audienceMatchPolicy") or "",
            issuer.get("egressSelectorType") or "",
        ),
        username=_mapping(mappings.get("username")), groups=_mapping(mappings.get("groups")),
        uid=_mapping(mappings.get("uid")),
        extra=tuple(
            ExtraMapping(extra.get("key") or "", extra.get("valueExpression") or "")
            for extra in mappings.get("extra") or ()
        ),
        claim_rules=tuple(_rule(rule) for rule in jwt.get("claimValidationRules") or ()),
        user_rules=tuple(_rule(rule) for rule in jwt.get("userValidationRules") or ()),
    )


def _mapping(mapping: Mapping[str, Any] | None) -> ClaimMapping:
    mapping = mapping or {}
    return ClaimMapping(mapping.get("claim") or "", mapping.get("expression") or "", mapping.get("prefix"))


def _rule(rule: Mapping[str, Any]) -> ValidationRule:
    return ValidationRule(
        rule.get("claim") or "", rule.get("requiredValue") or "", rule.get("expression") or "",
        rule.get("message") or "",
    )


def _type(version: str) -> Type:
    def named(name: str, **fields: Any) -> Type:
        return struct(f"{version}.{name}", **fields)

    prefixed = named("PrefixedClaimOrExpression", claim=STRING, prefix=pointer(STRING), expression=STRING)
    return named(
        "AuthenticationConfiguration",
        jwt=list_of(named(
            "JWTAuthenticator",
            issuer=named(
                "Issuer", url=STRING, discoveryURL=pointer(STRING), certificateAuthority=STRING,
                audiences=list_of(STRING), audienceMatchPolicy=STRING, egressSelectorType=STRING,
            ),
            claimValidationRules=list_of(named(
                "ClaimValidationRule", claim=STRING, requiredValue=STRING, expression=STRING, message=STRING
            )),
            claimMappings=named(
                "ClaimMappings", username=prefixed, groups=prefixed,
                uid=named("ClaimOrExpression", claim=STRING, expression=STRING),
                extra=list_of(named("ExtraMapping", key=STRING, valueExpression=STRING)),
            ),
            userValidationRules=list_of(named("UserValidationRule", expression=STRING, message=STRING)),
        )),
        anonymous=pointer(named(
            "AnonymousAuthConfig", enabled=BOOL,
            conditions=list_of(named("AnonymousAuthCondition", path=STRING)),
        )),
    )


_KINDS = {GroupVersionKind(GROUP, version, "AuthenticationConfiguration"): _type(version) for version in VERSIONS}
