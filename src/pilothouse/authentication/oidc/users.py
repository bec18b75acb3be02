"""From verified claims to a user (upstream: oidc.go, getUsername, getGroups and the rules after them)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.user import User
from pilothouse.authentication.configuration import ClaimMapping, JWTConfiguration
from pilothouse.authentication.interface import CREDENTIAL_ID_KEY, AuthenticationError
from pilothouse.authentication.oidc.validation import Mapper

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.environment import Program

Claims = Mapping[str, Any]
_GO_NAMES = ((bool, "bool"), (int, "number"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"))


class UserMapper:
    def __init__(self, configuration: JWTConfiguration, mapper: Mapper) -> None:
        self._configuration = configuration
        self._mapper = mapper
        self._required = {
            rule.claim: rule.required_value for rule in configuration.claim_rules if rule.claim
        }

    def user(self, claims: Claims) -> User:
        """Raises AuthenticationError for claims that give no user, or that a rule refuses."""
        value = _seen(claims) if self._mapper.reads_claims else None
        name, groups = self._username(claims, value), self._groups(claims, value)
        user = User(name, self._uid(claims, value), groups, dict(self._extra(claims, value)))
        self._check_required(claims)
        try:
            _check(self._mapper.claim_rules, "claims", value)
        except AuthenticationError as error:
            raise AuthenticationError(f"oidc: error evaluating claim validation expression: {error}") from None
        if self._mapper.user_rules:
            self._check_user(user)
        return user

    def _username(self, claims: Claims, value: Any) -> str:
        if self._mapper.username is not None:
            where = "oidc: error evaluating username claim expression"
            name = _evaluate(self._mapper.username, value, where)
            if not isinstance(name, str):
                raise AuthenticationError(f"{where}: username claim expression must return a string")
            if not name:
                raise AuthenticationError("oidc: empty username via CEL expression is not allowed")
            return name
        mapping = self._configuration.username
        try:
            name = _text(claims, mapping.claim)
        except ValueError as error:
            raise AuthenticationError(f'oidc: parse username claims "{mapping.claim}": {error}') from None
        if mapping.claim == "email" and "email_verified" in claims:
            # a claim that is null decodes to false, as in Go
            verified = claims["email_verified"]
            if verified is not None and not isinstance(verified, bool):
                raise AuthenticationError(f"oidc: parse 'email_verified' claim: {_mismatch(verified, 'bool')}")
            if not verified:
                raise AuthenticationError("oidc: email not verified")
        return (mapping.prefix or "") + name

    def _groups(self, claims: Claims, value: Any) -> tuple[str, ...]:
        mapping = self._configuration.groups
        if mapping.claim in claims and mapping.claim:
            return _claimed_groups(claims, mapping)
        if self._mapper.groups is None:
            return ()
        return _strings(self._mapper.groups, value, "oidc: error evaluating group claim expression")

    def _uid(self, claims: Claims, value: Any) -> str:
        claim = self._configuration.uid.claim
        if claim:
            try:
                return _text(claims, claim)
            except ValueError as error:
                raise AuthenticationError(f'oidc: parse uid claim "{claim}": {error}') from None
        if self._mapper.uid is None:
            return ""
        where = "oidc: error evaluating uid claim expression"
        uid = _evaluate(self._mapper.uid, value, where)
        if not isinstance(uid, str):
            raise AuthenticationError(f"{where}: uid claim expression must return a string")
        return uid

    def _extra(self, claims: Claims, value: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
        jti = claims.get("jti")
        if isinstance(jti, str) and jti:
            yield CREDENTIAL_ID_KEY, (f"JTI={jti}",)
        for key, program in self._mapper.extra:
            found = _strings(program, value, f"oidc: error evaluating extra claim expression: {program.text}")
            if found:
                yield key, found

    def _check_required(self, claims: Claims) -> None:
        for claim, wanted in self._required.items():
            if claim not in claims:
                raise AuthenticationError(f"oidc: required claim {claim} not present in ID token")
            try:
                got = _text(claims, claim)
            except ValueError as error:
                raise AuthenticationError(f"oidc: parse claim {claim}: {error}") from None
            if got != wanted:
                raise AuthenticationError(
                    f"oidc: required claim {claim} value does not match. Got = {got}, want = {wanted}"
                )

    def _check_user(self, user: User) -> None:
        from pilothouse.authentication.oidc.expressions import user_value

        try:
            _check(self._mapper.user_rules, "user", user_value(user))
        except AuthenticationError as error:
            raise AuthenticationError(f"oidc: error evaluating user info validation rule: {error}") from None


def _claimed_groups(claims: Claims, mapping: ClaimMapping) -> tuple[str, ...]:
    said = claims[mapping.claim]
    found = [said] if isinstance(said, str) else said
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(group, str) or group is None for group in found):
        raise AuthenticationError(f'oidc: parse groups claim "{mapping.claim}": {_mismatch(said, "string")}')
    return tuple((mapping.prefix or "") + (group or "") for group in found)


def _text(claims: Claims, claim: str) -> str:
    """Raises ValueError with Go's text. A claim that is null decodes to "", as in Go."""
    if claim not in claims:
        raise ValueError("claim not present")
    value = claims[claim]
    if value is not None and not isinstance(value, str):
        raise ValueError(_mismatch(value, "string"))
    return value or ""


def _mismatch(value: Any, wanted: str) -> str:
    kind = next((name for type, name in _GO_NAMES if isinstance(value, type)), "null")
    return f"json: cannot unmarshal {kind} into Go value of type {wanted}"


def _seen(claims: Claims) -> Any:
    from pilothouse.authentication.oidc.expressions import claims_value

    return claims_value(claims)


def _evaluate(program: Program, value: Any, where: str, variable: str = "claims") -> Any:
    from pilothouse.authentication.oidc.expressions import evaluate

    try:
        return evaluate(program, variable, value)
    except AuthenticationError as error:
        raise AuthenticationError(f"{where}: {error}") from None


def _strings(program: Program, value: Any, where: str) -> tuple[str, ...]:
    from pilothouse.authentication.oidc.expressions import strings

    found = _evaluate(program, value, where)
    try:
        return strings(found)
    except AuthenticationError as error:
        raise AuthenticationError(f"{where}: {error}") from None


def _check(rules: Sequence[tuple[Program, str]], variable: str, value: Any) -> None:
    """Raises AuthenticationError for the first rule that is not true. All are evaluated before."""
    from pilothouse.authentication.oidc.expressions import evaluate

    results = [evaluate(program, variable, value) for program, _ in rules]
    for (program, message), result in zip(rules, results, strict=True):
        if not isinstance(result, bool):
            raise AuthenticationError("validation expression must return a boolean")
        if not result:
            raise AuthenticationError(f"validation expression '{program.text}' failed: {message}")
