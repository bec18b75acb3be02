"""Checks of AuthenticationConfigurations, which also compile their expressions (upstream: k8s.io/apiserver
pkg/apis/apiserver/validation).

    errors = validate(configuration, disallowed_issuers=("https://kubernetes.default.svc",))
    mapper, errors = compile_jwt(configuration.jwt[0])
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.apimachinery.domainpath import is_domain_prefixed_path
from pilothouse.authentication.configuration import (
    AuthenticationConfiguration,
    ClaimMapping,
    ExtraMapping,
    Issuer,
    JWTConfiguration,
    ValidationRule,
)
from pilothouse.authentication.oidc.issuerurl import url_problems

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.environment import Program

_MOST_ISSUERS = 64
_MATCH_ANY = "MatchAny"
_EGRESS = ("controlplane", "cluster")
_BOTH = "claim and expression can't both be set"
_EMAIL = (
    "claims.email_verified must be used in claimMappings.username.expression or "
    "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in "
    "claimMappings.username.expression"
)
Errors = Iterator[field.Error]


@dataclass(slots=True)
class Mapper:
    """The compiled expressions of one issuer; a claim that is mapped as it is has none (upstream: CELMapper)."""

    username: Program | None = None
    groups: Program | None = None
    uid: Program | None = None
    extra: Sequence[tuple[str, Program]] = ()
    claim_rules: Sequence[tuple[Program, str]] = ()
    """Each with its message."""
    user_rules: Sequence[tuple[Program, str]] = ()

    @property
    def reads_claims(self) -> bool:
        return bool(self.username or self.groups or self.uid or self.extra or self.claim_rules)


def validate(configuration: AuthenticationConfiguration, disallowed_issuers: Collection[str] = ()) -> list[field.Error]:
    """`disallowed_issuers` are those of service account tokens."""
    if len(configuration.jwt) > _MOST_ISSUERS:
        return [field.Error(
            field.TOO_MANY, "jwt", len(configuration.jwt), f"must have at most {_MOST_ISSUERS} items"
        )]
    errors: list[field.Error] = []
    issuers: set[str] = set()
    discoveries: set[str] = set()
    for i, jwt in enumerate(configuration.jwt):
        path = field.index("jwt", i)
        errors += compile_jwt(jwt, disallowed_issuers, path)[1]
        issuer = jwt.issuer
        if issuer.url in issuers:
            errors.append(field.duplicate(f"{path}.issuer.url", issuer.url))
        issuers.add(issuer.url)
        if issuer.discovery_url and issuer.discovery_url in discoveries:
            errors.append(field.duplicate(f"{path}.issuer.discoveryURL", issuer.discovery_url))
        discoveries.add(issuer.discovery_url)
    anonymous = configuration.anonymous
    if anonymous is not None and not anonymous.enabled and anonymous.paths:
        errors.append(field.invalid(
            "anonymous.conditions", [{"path": path} for path in anonymous.paths],
            "enabled should be set to true when conditions are defined",
        ))
    return errors


def compile_jwt(
    jwt: JWTConfiguration, disallowed_issuers: Collection[str] = (), path: str = ""
) -> tuple[Mapper, list[field.Error]]:
    """The expressions of one issuer, complete if there are no errors."""
    mapper = Mapper()
    errors = [
        *_issuer(jwt.issuer, disallowed_issuers, field.child(path, "issuer")),
        *_claim_rules(jwt.claim_rules, field.child(path, "claimValidationRules"), mapper),
        *_mappings(jwt, field.child(path, "claimMappings"), mapper),
        *_user_rules(jwt.user_rules, field.child(path, "userValidationRules"), mapper),
    ]
    return mapper, errors


def _issuer(issuer: Issuer, disallowed: Collection[str], path: str) -> Errors:
    url, discovery = f"{path}.url", f"{path}.discoveryURL"
    if not issuer.url:
        yield field.required(url)
    else:
        if issuer.url in disallowed:
            listed = " ".join(sorted(disallowed))
            yield field.invalid(url, issuer.url, f"URL must not overlap with disallowed issuers: [{listed}]")
        yield from (field.invalid(url, issuer.url, text) for text in url_problems(issuer.url))
    if issuer.discovery_url:
        if issuer.url and issuer.url.rstrip("/") == issuer.discovery_url.rstrip("/"):
            yield field.invalid(discovery, issuer.discovery_url, "discoveryURL must be different from URL")
        yield from (
            field.invalid(discovery, issuer.discovery_url, text) for text in url_problems(issuer.discovery_url)
        )
    yield from _audiences(issuer, path)
    if issuer.certificate_authority and (problem := _authority_problem(issuer.certificate_authority)):
        yield field.invalid(f"{path}.certificateAuthority", "<omitted>", problem)
    if issuer.egress_selector_type and issuer.egress_selector_type not in _EGRESS:
        yield field.invalid(
            f"{path}.egressSelectorType", issuer.egress_selector_type,
            "egress selector must be either controlplane or cluster",
        )


def _audiences(issuer: Issuer, path: str) -> Errors:
    audiences, policy = issuer.audiences, issuer.audience_match_policy
    where = f"{path}.audiences"
    if not audiences:
        yield field.required(where, f"at least one {where} is required")
        return
    for i, audience in enumerate(audiences):
        if not audience:
            yield field.required(field.index(where, i))
        if audience in audiences[:i]:
            yield field.duplicate(field.index(where, i), audience)
    if policy != _MATCH_ANY and (len(audiences) > 1 or policy):
        which = "MatchAny for multiple audiences" if len(audiences) > 1 else "empty or MatchAny for single audience"
        yield field.invalid(f"{path}.audienceMatchPolicy", policy, f"audienceMatchPolicy must be {which}")


def _authority_problem(pem: str) -> str:
    from cryptography import x509

    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        if "-----BEGIN CERTIFICATE-----" in pem:
            return "x509: malformed certificate"
        return "data does not contain any valid RSA or ECDSA certificates"
    return ""


def _claim_rules(rules: Sequence[ValidationRule], path: str, mapper: Mapper) -> Errors:
    claims: set[str] = set()
    expressions: set[str] = set()
    compiled = []
    for i, rule in enumerate(rules):
        where = field.index(path, i)
        if rule.claim and rule.expression:
            yield field.invalid(where, rule.claim, _BOTH)
        elif not rule.claim and not rule.expression:
            yield field.required(where, "claim or expression is required")
        elif rule.claim:
            if rule.message:
                yield field.invalid(f"{where}.message", rule.message, "may not be specified when claim is set")
            if rule.claim in claims:
                yield field.duplicate(f"{where}.claim", rule.claim)
            claims.add(rule.claim)
        else:
            if rule.required_value:
                yield field.invalid(
                    f"{where}.requiredValue", rule.required_value, "may not be specified when expression is set"
                )
            if rule.expression in expressions:
                yield field.duplicate(f"{where}.expression", rule.expression)
                continue
            expressions.add(rule.expression)
            program = yield from _compiled(rule.expression, "claims", f"{where}.expression", boolean=True)
            if program is not None:
                compiled.append((program, rule.message))
    mapper.claim_rules = compiled


def _mappings(jwt: JWTConfiguration, path: str, mapper: Mapper) -> Errors:
    mapper.username = yield from _prefixed(jwt.username, f"{path}.username", required=True)
    mapper.groups = yield from _prefixed(jwt.groups, f"{path}.groups", required=False)
    if jwt.uid.claim and jwt.uid.expression:
        yield field.invalid(f"{path}.uid", "", _BOTH)
    elif jwt.uid.expression:
        mapper.uid = yield from _compiled(jwt.uid.expression, "claims", f"{path}.uid.expression")
    mapper.extra = yield from _extra(jwt.extra, f"{path}.extra")
    if mapper.username is not None and _uses(mapper.username, "email"):
        programs = [mapper.username, *(p for _, p in mapper.extra), *(p for p, _ in mapper.claim_rules)]
        if not any(_uses(program, "email_verified") for program in programs):
            yield field.invalid(f"{path}.username.expression", jwt.username.expression, _EMAIL)


def _uses(program: Program, claim: str) -> bool:
    from pilothouse.authentication.oidc.expressions import CLAIMS, selects

    return selects(program, CLAIMS, claim)


def _prefixed(
    mapping: ClaimMapping, path: str, *, required: bool
) -> Generator[field.Error, None, Program | None]:
    program = None
    if mapping.expression and mapping.claim:
        yield field.invalid(path, "", _BOTH)
    elif mapping.expression:
        if mapping.prefix is not None:
            yield field.invalid(f"{path}.prefix", mapping.prefix, "may not be specified when expression is set")
        program = yield from _compiled(mapping.expression, "claims", f"{path}.expression")
    elif mapping.claim:
        if mapping.prefix is None:
            yield field.required(
                f"{path}.prefix",
                "prefix is required when claim is set. It can be set to an empty string to disable prefixing",
            )
    elif required:
        yield field.required(path, "claim or expression is required")
    return program


def _extra(
    mappings: Sequence[ExtraMapping], path: str
) -> Generator[field.Error, None, Sequence[tuple[str, Program]]]:
    keys: set[str] = set()
    compiled = []
    for i, mapping in enumerate(mappings):
        where, key = field.index(path, i), mapping.key
        yield from is_domain_prefixed_path(f"{where}.key", key)
        if key != key.lower():
            yield field.invalid(f"{where}.key", key, "must be lowercase")
        host, slash, _ = key.partition("/")
        if slash and (f".{host}").endswith((".kubernetes.io", ".k8s.io")):
            yield field.invalid(
                f"{where}.key", key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"
            )
        if key in keys:
            yield field.duplicate(f"{where}.key", key)
            continue
        keys.add(key)
        if not mapping.expression:
            yield field.required(f"{where}.valueExpression")
            continue
        program = yield from _compiled(mapping.expression, "claims", f"{where}.valueExpression")
        if program is not None:
            compiled.append((key, program))
    return compiled


def _user_rules(rules: Sequence[ValidationRule], path: str, mapper: Mapper) -> Errors:
    expressions: set[str] = set()
    compiled = []
    for i, rule in enumerate(rules):
        where = f"{field.index(path, i)}.expression"
        if not rule.expression:
            yield field.required(where)
        elif rule.expression in expressions:
            yield field.duplicate(where, rule.expression)
        else:
            expressions.add(rule.expression)
            program = yield from _compiled(rule.expression, "user", where, boolean=True)
            if program is not None:
                compiled.append((program, rule.message))
    mapper.user_rules = compiled


def _compiled(
    text: str, variable: str, path: str, *, boolean: bool = False
) -> Generator[field.Error, None, Program | None]:
    # CEL is loaded by those who use it, not at start
    from pilothouse.authentication.oidc.expressions import compile_expression

    try:
        return compile_expression(text, variable, boolean=boolean)
    except ValueError as error:
        yield field.invalid(path, text, str(error))
        return None
