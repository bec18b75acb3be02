"""Configurations that are wrong, and what is said of them."""

from typing import Any

import pytest
import yaml

from pilothouse.authentication.configuration import AuthenticationConfiguration, load
from pilothouse.authentication.oidc.validation import compile_jwt, validate

ISSUER = {"url": "https://issuer.example", "audiences": ["client"]}
NAME = {"username": {"claim": "sub", "prefix": ""}}
EMAIL_RULE = (
    "claims.email_verified must be used in claimMappings.username.expression or "
    "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in "
    "claimMappings.username.expression"
)


def configuration(*jwt: Any, version: str = "v1", **more: Any) -> AuthenticationConfiguration:
    document = {
        "apiVersion": f"apiserver.config.k8s.io/{version}", "kind": "AuthenticationConfiguration",
        "jwt": list(jwt), **more,
    }
    return load(yaml.safe_dump(document).encode())


def jwt(issuer: Any = None, **parts: Any) -> Any:
    return {"issuer": {**ISSUER, **(issuer or {})}, "claimMappings": NAME, **parts}


def errors(*jwts: Any, **more: Any) -> list[str]:
    return [str(error) for error in validate(configuration(*jwts, **more), ["https://kubernetes.default.svc"])]


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
def test_good_ones(version: str) -> None:
    made = configuration(
        jwt({"discoveryURL": "https://elsewhere.example/d", "audiences": ["a", "b"], "audienceMatchPolicy": "MatchAny"},
            claimMappings={
                "username": {"expression": "claims.email_verified ? claims.email : claims.sub"},
                "groups": {"claim": "groups", "prefix": "x:"}, "uid": {"expression": "claims.uid"},
                "extra": [{"key": "example.org/team", "valueExpression": "claims.?team.orValue('')"}],
            },
            claimValidationRules=[{"claim": "hd", "requiredValue": "x"}, {"expression": "claims.a == 1.0"}],
            userValidationRules=[{"expression": "!user.username.startsWith('system:')", "message": "no"}]),
        version=version, anonymous={"enabled": True, "conditions": [{"path": "/livez"}]},
    )
    assert validate(made) == []
    mapper, _ = compile_jwt(made.jwt[0])
    assert mapper.reads_claims
    assert [key for key, _ in mapper.extra] == ["example.org/team"]
    assert made.anonymous is not None
    assert made.anonymous.paths == ("/livez",)


@pytest.mark.parametrize(("data", "error"), [
    (b"", "empty config data"),
    (b"a: [", "yaml: line 1: did not find expected node content"),
    (b"kind: AuthenticationConfiguration", "Object 'apiVersion' is missing"),
    (b"kind: AuthenticationConfiguration\napiVersion: apiserver.config.k8s.io/v2",
     'no kind "AuthenticationConfiguration" is registered for version "apiserver.config.k8s.io/v2"'),
    (b"kind: AuthenticationConfiguration\napiVersion: apiserver.config.k8s.io/v1\njwt:\n- isuer: {}",
     'strict decoding error: unknown field "jwt[0].isuer"'),
    (b"kind: AuthenticationConfiguration\napiVersion: apiserver.config.k8s.io/v1\njwt: 5", "json: cannot unmarshal"),
])
def test_files_that_cannot_be_read(data: bytes, error: str) -> None:
    with pytest.raises(ValueError, match=error.replace("[", r"\[").replace("(", r"\(")):
        load(data)


@pytest.mark.parametrize(("issuer", "error"), [
    ({"url": ""}, "jwt[0].issuer.url: Required value"),
    ({"url": "http://x"}, 'jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https'),
    ({"url": "https://a:b@x"},
     'jwt[0].issuer.url: Invalid value: "https://a:b@x": URL must not contain a username or password'),
    ({"url": "https://x:port"},
     'jwt[0].issuer.url: Invalid value: "https://x:port": parse "https://x:port": invalid port ":port" after host'),
    ({"url": "https://a b"},
     'jwt[0].issuer.url: Invalid value: "https://a b": parse "https://a b": invalid character " " in host name'),
    ({"url": "https://x?a=b"}, 'jwt[0].issuer.url: Invalid value: "https://x?a=b": URL must not contain a query'),
    ({"url": "https://x#f"}, 'jwt[0].issuer.url: Invalid value: "https://x#f": URL must not contain a fragment'),
    ({"url": "https://kubernetes.default.svc"},
     'jwt[0].issuer.url: Invalid value: "https://kubernetes.default.svc": URL must not overlap with disallowed '
     "issuers: [https://kubernetes.default.svc]"),
    ({"discoveryURL": "https://issuer.example/"},
     'jwt[0].issuer.discoveryURL: Invalid value: "https://issuer.example/": discoveryURL must be different from URL'),
    ({"audiences": []}, "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required"),
    ({"audiences": [""]}, "jwt[0].issuer.audiences[0]: Required value"),
    ({"audiences": ["a", "a"], "audienceMatchPolicy": "MatchAny"},
     'jwt[0].issuer.audiences[1]: Duplicate value: "a"'),
    ({"audiences": ["a", "b"]},
     'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple '
     "audiences"),
    ({"audienceMatchPolicy": "All"},
     'jwt[0].issuer.audienceMatchPolicy: Invalid value: "All": audienceMatchPolicy must be empty or MatchAny for '
     "single audience"),
    ({"certificateAuthority": "x"},
     'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA '
     "certificates"),
    ({"egressSelectorType": "etcd"},
     'jwt[0].issuer.egressSelectorType: Invalid value: "etcd": egress selector must be either controlplane or '
     "cluster"),
])
def test_issuers(issuer: Any, error: str) -> None:
    assert errors(jwt(issuer)) == [error]


@pytest.mark.parametrize(("mappings", "error"), [
    ({}, "username: Required value: claim or expression is required"),
    ({"username": {"claim": "a", "expression": "claims.a"}},
     'username: Invalid value: "": claim and expression can\'t both be set'),
    ({"username": {"claim": "a"}},
     "username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to "
     "disable prefixing"),
    ({"username": {"expression": "claims.a", "prefix": "x"}},
     'username.prefix: Invalid value: "x": may not be specified when expression is set'),
    ({"username": {"expression": "claims.email"}},
     f'username.expression: Invalid value: "claims.email": {EMAIL_RULE}'),
    ({"username": {"expression": "claims.?email.orValue('')"}},
     f'username.expression: Invalid value: "claims.?email.orValue(\'\')": {EMAIL_RULE}'),
    ({**NAME, "groups": {"claim": "g"}},
     "groups.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to "
     "disable prefixing"),
    ({**NAME, "uid": {"claim": "a", "expression": "claims.a"}},
     'uid: Invalid value: "": claim and expression can\'t both be set'),
    ({**NAME, "extra": [{"valueExpression": "'a'"}]}, "extra[0].key: Required value"),
    ({**NAME, "extra": [{"key": "x.io/Y", "valueExpression": "'a'"}]},
     'extra[0].key: Invalid value: "x.io/Y": must be lowercase'),
    ({**NAME, "extra": [{"key": "a.k8s.io/y", "valueExpression": "'a'"}]},
     'extra[0].key: Invalid value: "a.k8s.io/y": k8s.io, kubernetes.io and their subdomains are reserved for '
     "Kubernetes use"),
    ({**NAME, "extra": [{"key": "x.io/y"}]}, "extra[0].valueExpression: Required value"),
    ({**NAME, "extra": [{"key": "x.io/y", "valueExpression": "'a'"}] * 2},
     'extra[1].key: Duplicate value: "x.io/y"'),
])
def test_mappings(mappings: Any, error: str) -> None:
    assert errors(jwt(claimMappings=mappings)) == [f"jwt[0].claimMappings.{error}"]


@pytest.mark.parametrize("expression", [
    "['yay', string(claims.email), 'panda'].join(' ')", "claims.?email", '{claims.?email: "panda"}',
    '{"fancy": claims.?email}', '["a"].map(i, i + claims.email)', "has(claims.email) ? claims.email : claims.sub",
    "claims.email.trim()",
])
def test_an_address_is_found_wherever_it_stands(expression: str) -> None:
    assert EMAIL_RULE in errors(jwt(claimMappings={"username": {"expression": expression}}))[0]


def test_the_check_of_an_address_may_stand_elsewhere() -> None:
    mappings = {"username": {"expression": "claims.email"}}
    rules = [{"expression": "claims.?email_verified.orValue(true) == true"}]
    assert errors(jwt(claimMappings=mappings, claimValidationRules=rules)) == []


@pytest.mark.parametrize(("rule", "error"), [
    ({}, ": Required value: claim or expression is required"),
    ({"claim": "a", "expression": "true"}, ': Invalid value: "a": claim and expression can\'t both be set'),
    ({"claim": "a", "message": "m"}, '.message: Invalid value: "m": may not be specified when claim is set'),
    ({"expression": "true", "requiredValue": "v"},
     '.requiredValue: Invalid value: "v": may not be specified when expression is set'),
    ({"expression": "claims.a"}, '.expression: Invalid value: "claims.a": must evaluate to bool'),
    ({"expression": "claims."},
     '.expression: Invalid value: "claims.": compilation failed: ERROR: <input>:1:8: Syntax error: no viable '
     "alternative at input '.'\n | claims.\n | .......^"),
    ({"expression": "user.name == 'a'"},
     '.expression: Invalid value: "user.name == \'a\'": compilation failed: ERROR: <input>:1:1: undeclared reference '
     "to 'user' (in container '')\n | user.name == 'a'\n | ^"),
])
def test_rules_for_claims(rule: Any, error: str) -> None:
    assert errors(jwt(claimValidationRules=[rule])) == [f"jwt[0].claimValidationRules[0]{error}"]


@pytest.mark.parametrize(("rule", "error"), [
    ({}, "Required value"),
    ({"expression": "user.username"}, 'Invalid value: "user.username": must evaluate to bool'),
    ({"expression": "user.nme == ''"},
     'Invalid value: "user.nme == \'\'": compilation failed: ERROR: <input>:1:5: undefined field \'nme\'\n'
     " | user.nme == ''\n | ....^"),
])
def test_rules_for_users(rule: Any, error: str) -> None:
    assert errors(jwt(userValidationRules=[rule])) == [f"jwt[0].userValidationRules[0].expression: {error}"]


def test_what_may_be_there_once() -> None:
    other = {"url": "https://other.example", "discoveryURL": "https://d.example"}
    assert errors(
        jwt({"discoveryURL": "https://d.example"}), jwt(other), jwt(),
        anonymous={"enabled": False, "conditions": [{"path": "/x"}]},
    ) == [
        'jwt[1].issuer.discoveryURL: Duplicate value: "https://d.example"',
        'jwt[2].issuer.url: Duplicate value: "https://issuer.example"',
        'anonymous.conditions: Invalid value: [{"path":"/x"}]: enabled should be set to true when conditions are '
        "defined",
    ]
    rules = [{"claim": "a"}, {"claim": "a"}, {"expression": "true"}, {"expression": "true"}]
    assert errors(jwt(claimValidationRules=rules, userValidationRules=[{"expression": "true"}] * 2)) == [
        'jwt[0].claimValidationRules[1].claim: Duplicate value: "a"',
        'jwt[0].claimValidationRules[3].expression: Duplicate value: "true"',
        'jwt[0].userValidationRules[1].expression: Duplicate value: "true"',
    ]


def test_too_many() -> None:
    assert errors(*[jwt()] * 65) == ["jwt: Too many: 65: must have at most 64 items"]
