"""Whatever comes as a token: nobody gets in, and nothing breaks."""

import asyncio
import base64
import contextlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.user import User
from pilothouse.authentication.bootstraptoken import BootstrapTokenAuthenticator
from pilothouse.authentication.boundtoken import BoundTokenValidator
from pilothouse.authentication.interface import AuthenticationError
from pilothouse.authentication.legacytoken import ISSUER, LegacyTokenValidator
from pilothouse.authentication.oidc.users import UserMapper
from pilothouse.authentication.oidc.validation import compile_jwt
from pilothouse.authentication.serviceaccount import ServiceAccountAuthenticator, Stored
from pilothouse.authentication.union import UnionTokenAuthenticator
from tests.authentication.oidc.support import URL, Setup, jwt_configuration

KEYS = [("r", rsa.generate_private_key(65537, 2048).public_key()),
        ("e", ec.generate_private_key(ec.SECP256R1()).public_key())]
SETUP = Setup()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["api", "client", URL, ISSUER, "none", "RS256", "ES256", "HS256", "PS512", "r", "e", "k1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6,
)
headers = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "x5c"]), json_values, max_size=4)
claims = st.dictionaries(
    st.sampled_from([
        "iss", "aud", "exp", "nbf", "iat", "sub", "jti", "kubernetes.io", "groups", "_claim_names", "_claim_sources",
        "kubernetes.io/serviceaccount/namespace",
    ]), json_values, max_size=8,
)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def mark(namespace: str, name: str, uid: str, day: str) -> None: ...


def stored(resource: str, namespace: str, name: str) -> Stored | None:
    return Stored("u", None, {"metadata": {"uid": "u"}})


TOKENS = UnionTokenAuthenticator([
    ServiceAccountAuthenticator([ISSUER], lambda: KEYS, ["api"], LegacyTokenValidator(stored, mark)),
    ServiceAccountAuthenticator([URL], lambda: KEYS, ["api"], BoundTokenValidator(stored)),
    BootstrapTokenAuthenticator(lambda name: None), SETUP.issuers,
])


def nobody(token: str) -> None:
    with contextlib.suppress(AuthenticationError):
        assert asyncio.run(TOKENS.authenticate_token(token, ("api",))) is None


@given(st.text(max_size=60) | st.text(alphabet="abcdef0123456789.", max_size=30))
def test_any_text(token: str) -> None:
    nobody(token)


@given(headers, claims, st.binary(max_size=80))
def test_unsigned_tokens(header: Any, body: Any, signature: bytes) -> None:
    encoded = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    nobody(f"{part(header)}.{part(body)}.{encoded}")


@given(claims)
def test_signed_claims_of_any_kind(body: Any) -> None:
    """What comes after a good signature: a user, or a refusal."""
    for validator in (LegacyTokenValidator(stored, mark), BoundTokenValidator(stored)):
        try:
            assert isinstance(asyncio.run(validator.validate("t", body)).user, User)
        except AuthenticationError:
            continue


RULES = jwt_configuration({
    "claimMappings": {
        "username": {"expression": "claims.sub"}, "groups": {"claim": "groups", "prefix": ""}, "uid": {"claim": "jti"},
        "extra": [{"key": "x.io/a", "valueExpression": "claims.aud"}],
    },
    "claimValidationRules": [{"expression": "has(claims.exp) && claims.exp > 5.0"}],
    "userValidationRules": [{"expression": "user.groups.all(g, g != 'x')"}],
}).jwt[0]
MAPPER = UserMapper(RULES, compile_jwt(RULES)[0])


@given(claims)
def test_users_of_any_claims(body: Any) -> None:
    with contextlib.suppress(AuthenticationError):
        assert MAPPER.user(body).name
