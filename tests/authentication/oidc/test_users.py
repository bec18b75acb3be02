"""From claims to users."""

from typing import Any

import pytest
from tests.authentication.oidc.support import jwt_configuration

from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError
from pilothouse.authentication.oidc.users import UserMapper
from pilothouse.authentication.oidc.validation import compile_jwt

SUB = {"claim": "sub", "prefix": "p:"}


def user(claims: Any, username: Any = None, claim_rules: Any = (), user_rules: Any = (), **mappings: Any) -> User:
    configuration = jwt_configuration({
        "claimMappings": {"username": username or SUB, **mappings},
        "claimValidationRules": list(claim_rules), "userValidationRules": list(user_rules),
    }).jwt[0]
    mapper, errors = compile_jwt(configuration)
    assert not errors
    return UserMapper(configuration, mapper).user(claims)


def refusal(*arguments: Any, **options: Any) -> str:
    with pytest.raises(AuthenticationError) as raised:
        user(*arguments, **options)
    return str(raised.value)


@pytest.mark.parametrize(("claims", "mappings", "expected"), [
    ({"sub": "jane"}, {}, User("p:jane")),
    ({"sub": None}, {}, User("p:")),
    ({"sub": "jane", "g": ["a", "b"]}, {"groups": {"claim": "g", "prefix": "x:"}}, User("p:jane", "", ("x:a", "x:b"))),
    ({"sub": "jane", "g": "a"}, {"groups": {"claim": "g", "prefix": ""}}, User("p:jane", "", ("a",))),
    ({"sub": "jane", "g": None}, {"groups": {"claim": "g", "prefix": ""}}, User("p:jane")),
    ({"sub": "jane"}, {"groups": {"claim": "g", "prefix": ""}}, User("p:jane")),
    ({"sub": "jane", "id": "7"}, {"uid": {"claim": "id"}}, User("p:jane", "7")),
    ({"sub": "jane", "id": "7"}, {"uid": {"expression": "'u' + claims.id"}}, User("p:jane", "u7")),
    ({"sub": "j", "a": {"b": "n"}}, {"username": {"expression": "claims.a.b"}}, User("n")),
    ({"sub": "j", "example.org/x": "n"}, {"username": {"expression": "claims.example__dot__org__slash__x"}}, User("n")),
    ({"sub": "j", "a": [{"b.c": "n"}]}, {"username": {"expression": "claims.a[0].b__dot__c"}}, User("n")),
    ({"sub": "j", "n": 5}, {"username": {"expression": "claims.n == 5.0 ? string(claims.n + 0.5) : ''"}}, User("5.5")),
    ({"sub": "j", "g": ["a", "", "b"]}, {"groups": {"expression": "claims.g"}}, User("p:j", "", ("a", "b"))),
    ({"sub": "j", "g": "a"}, {"groups": {"expression": "claims.g"}}, User("p:j", "", ("a",))),
    ({"sub": "j"}, {"groups": {"expression": "claims.?g.orValue([])"}}, User("p:j")),
    ({"sub": "j", "r": "a,b"}, {"groups": {"expression": "claims.r.split(',')"}}, User("p:j", "", ("a", "b"))),
    ({"sub": "j", "t": ["x"]}, {"extra": [
        {"key": "example.org/t", "valueExpression": "claims.t"}, {"key": "example.org/n", "valueExpression": "''"},
    ]}, User("p:j", extra={"example.org/t": ("x",)})),
    ({"sub": "j", "email": "e@x", "email_verified": True}, {"username": {"claim": "email", "prefix": ""}}, User("e@x")),
    ({"sub": "j", "email": "e@x"}, {"username": {"claim": "email", "prefix": ""}}, User("e@x")),
    ({"sub": "j", "jti": "1"}, {}, User("p:j", extra={"authentication.kubernetes.io/credential-id": ("JTI=1",)})),
    ({"sub": "j", "jti": 1}, {}, User("p:j")),
    ({"sub": "j", "aud": ["a", "b"]}, {"claim_rules": [{"expression": "sets.equivalent(claims.aud, ['b', 'a'])"}]},
     User("p:j")),
    ({"sub": "j", "jti": "1"}, {"user_rules": [{
        "expression": "!(user.extra[?'authentication.kubernetes.io/credential-id'][0].orValue('') in ['JTI=2'])",
    }]}, User("p:j", extra={"authentication.kubernetes.io/credential-id": ("JTI=1",)})),
    ({"sub": "j", "roles": {"a": {"b": ["x"]}}}, {"groups": {"expression": "claims.roles.a.b.map(r, 'r:' + r)"}},
     User("p:j", "", ("r:x",))),
])
def test_users(claims: Any, mappings: Any, expected: User) -> None:
    assert user(claims, **mappings) == expected


@pytest.mark.parametrize(("claims", "mappings", "error"), [
    ({}, {}, 'oidc: parse username claims "sub": claim not present'),
    ({"sub": 5}, {},
     'oidc: parse username claims "sub": json: cannot unmarshal number into Go value of type string'),
    ({"sub": ["x"]}, {},
     'oidc: parse username claims "sub": json: cannot unmarshal array into Go value of type string'),
    ({"email": "e", "email_verified": False}, {"username": {"claim": "email", "prefix": ""}},
     "oidc: email not verified"),
    ({"email": "e", "email_verified": "true"}, {"username": {"claim": "email", "prefix": ""}},
     "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool"),
    ({"sub": "j", "g": 5}, {"groups": {"claim": "g", "prefix": ""}},
     'oidc: parse groups claim "g": json: cannot unmarshal number into Go value of type string'),
    ({"sub": "j", "g": [5]}, {"groups": {"claim": "g", "prefix": ""}}, 'oidc: parse groups claim "g": '),
    ({"sub": "j"}, {"uid": {"claim": "id"}}, 'oidc: parse uid claim "id": claim not present'),
    ({"a": 1}, {"username": {"expression": "claims.a"}},
     "oidc: error evaluating username claim expression: username claim expression must return a string"),
    ({"a": ""}, {"username": {"expression": "claims.a"}}, "oidc: empty username via CEL expression is not allowed"),
    ({}, {"username": {"expression": "claims.a"}},
     "oidc: error evaluating username claim expression: expression 'claims.a' resulted in error: no such key: a"),
    ({"sub": "j", "g": 5}, {"groups": {"expression": "claims.g"}},
     "oidc: error evaluating group claim expression: expression must return a string or a list of strings"),
    ({"sub": "j", "g": ["a", 5]}, {"groups": {"expression": "claims.g"}},
     "oidc: error evaluating group claim expression: expression must return a string or a list of strings"),
    ({"sub": "j", "t": 5}, {"extra": [{"key": "x.io/t", "valueExpression": "claims.t"}]},
     "oidc: error evaluating extra claim expression: claims.t: expression must return a string or a list of strings"),
    ({"sub": "j", "id": 5}, {"uid": {"expression": "claims.id"}},
     "oidc: error evaluating uid claim expression: uid claim expression must return a string"),
])
def test_claims_that_give_nobody(claims: Any, mappings: Any, error: str) -> None:
    assert refusal(claims, **mappings).startswith(error)


def test_claims_that_are_required() -> None:
    rules = [{"claim": "hd", "requiredValue": "x"}]
    assert user({"sub": "j", "hd": "x"}, claim_rules=rules) == User("p:j")
    assert refusal({"sub": "j"}, claim_rules=rules) == "oidc: required claim hd not present in ID token"
    assert refusal({"sub": "j", "hd": "y"}, claim_rules=rules) == (
        "oidc: required claim hd value does not match. Got = y, want = x"
    )
    assert refusal({"sub": "j", "hd": 5}, claim_rules=rules).startswith("oidc: parse claim hd: json: cannot unmarshal")


def test_rules() -> None:
    rules = [{"expression": "claims.exp - claims.nbf <= 86400.0", "message": "too long"}]
    assert user({"sub": "j", "exp": 5, "nbf": 1}, claim_rules=rules) == User("p:j")
    assert refusal({"sub": "j", "exp": 10**6, "nbf": 1}, claim_rules=rules) == (
        "oidc: error evaluating claim validation expression: validation expression "
        "'claims.exp - claims.nbf <= 86400.0' failed: too long"
    )
    assert "resulted in error: no such key: exp" in refusal({"sub": "j"}, claim_rules=rules)


@pytest.mark.parametrize("expression", [
    "!user.username.startsWith('p:')", "user.groups.exists(g, g == 'b')", "user.uid != ''",
    "user.extra['x.io/t'] == ['u']", "user.extra.x__dot__io__slash__t == ['u']",
])
def test_rules_for_users(expression: str) -> None:
    mappings: Any = {
        "groups": {"claim": "g", "prefix": ""}, "uid": {"claim": "id"},
        "extra": [{"key": "x.io/t", "valueExpression": "claims.t"}],
    }
    rules = [{"expression": expression, "message": "not you"}]
    claims = {"sub": "j", "g": ["a"], "id": "", "t": ["v"]}
    assert refusal(claims, user_rules=rules, **mappings) == (
        f"oidc: error evaluating user info validation rule: validation expression '{expression}' failed: not you"
    )


def test_a_costly_expression_ends() -> None:
    claims = {"sub": "j", "l": list(range(2000))}
    rules = [{"expression": "claims.l.all(a, claims.l.all(b, claims.l.all(c, a + b + c >= 0.0)))"}]
    assert "cost limit exceeded" in refusal(claims, claim_rules=rules)
