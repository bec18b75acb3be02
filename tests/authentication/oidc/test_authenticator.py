"""Tokens of other issuers: which are believed, and whom they name."""

import asyncio
import base64
import hmac
import json
from typing import Any

import pytest
from tests.authentication.oidc.support import KEY, NOW, OTHER_KEY, URL, Setup, Web, sign
from tests.issuer import key_set

from pilothouse.apimachinery.user import User
from pilothouse.authentication.oidc.keys import RemoteKeySet
from pilothouse.authentication.oidc.provider import WELL_KNOWN

NOT_SIGNED = "oidc: verify token: failed to verify signature: failed to verify id token signature"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_user() -> None:
    setup = Setup()
    assert setup.answer(sign(jti="j")) == User(
        "x:jane", extra={"authentication.kubernetes.io/credential-id": ("JTI=j",)}
    )
    text = setup.registry.render().decode()
    assert 'apiserver_authentication_jwt_authenticator_latency_seconds_count{jwt_issuer_hash="sha256:' in text
    assert 'result="success"} 1' in text
    assert "apiserver_authentication_jwt_authenticator_jwks_fetch_last_key_set_info{" in text
    assert URL not in text


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_algorithms(algorithm: str) -> None:
    assert isinstance(Setup().answer(sign(algorithm=algorithm)), User)
    only = Setup(algorithms=("ES256",)).answer(sign(algorithm=algorithm))
    assert only == (
        f'oidc: verify token: oidc: id token signed with unsupported algorithm, expected ["ES256"] got "{algorithm}"'
    )


@pytest.mark.parametrize("token", [
    "", "x", "a.b.c", "a.b.c.d", sign(iss="https://other.example"), sign(iss=5), sign(iss=...), part([]) * 3,
    f"{part({})}.{part([1])}.x", sign() + ".x",
])
def test_tokens_of_others_are_no_business_of_ours(token: str) -> None:
    assert Setup().answer(token) is None


HEAD, BODY, SIGNATURE = sign().split(".")
ROOT = part({"iss": URL, "aud": "client", "sub": "root", "exp": NOW + 5})


@pytest.mark.parametrize("token", [
    sign(OTHER_KEY), sign(OTHER_KEY, kid=""), sign(kid="k2"), sign()[:-4] + "AAAA", f"{HEAD}.{BODY}.",
    f"{HEAD}.{ROOT}.{SIGNATURE}",
])
def test_forged_tokens(token: str) -> None:
    assert Setup().answer(token) == NOT_SIGNED


@pytest.mark.parametrize(("header", "error"), [
    ({"alg": "none"}, 'got "none"'), ({"alg": "None"}, 'got "None"'), ({"alg": "HS256"}, 'got "HS256"'),
    ({}, 'got ""'), ({"alg": ["RS256"]}, "unsupported algorithm"), ({"alg": "RS256", "kid": 5}, "invalid kid header"),
    ({"alg": "RS256", "crit": ["b64"]}, "failed to verify id token signature"),
])
def test_headers_that_nobody_signed(header: Any, error: str) -> None:
    claims = part({"iss": URL, "aud": "client", "sub": "root", "exp": NOW + 600})
    for signature in ("", "AAAA"):
        answer = Setup().answer(f"{part(header)}.{claims}.{signature}")
        assert isinstance(answer, str)
        assert error in answer


def test_a_shared_secret_is_no_key() -> None:
    """The public key as the secret of an HMAC: the classic confusion."""
    secret = key_set(("k1", KEY))
    claims = part({"iss": URL, "aud": "client", "sub": "root", "exp": NOW + 600})
    signed = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{claims}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
    assert "unsupported algorithm" in str(Setup().answer(f"{signed}.{signature}"))


@pytest.mark.parametrize(("claims", "error"), [
    ({"exp": NOW - 1}, "oidc: token is expired (Token Expiry: 2027-01-15 07:59:59 +0000 UTC)"),
    ({"exp": ...}, "oidc: token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)"),
    ({"exp": "soon"}, "oidc: failed to unmarshal claims: exp is no number"),
    ({"exp": 1e300, "nbf": NOW + 61},
     "oidc: current time 2027-01-15 08:00:00 +0000 UTC before the nbf (not before) time: 2027-01-15 08:01:01 "
     "+0000 UTC"),
    ({"nbf": True}, "oidc: failed to unmarshal claims: nbf is no number"),
    ({"aud": "other"}, 'oidc: expected audience "client" got ["other"]'),
    ({"aud": []}, 'oidc: expected audience "client" got []'),
    ({"aud": ...}, 'oidc: expected audience "client" got []'),
    ({"aud": {"client": 1}}, "oidc: failed to unmarshal claims: aud is no audience"),
    ({"aud": ["client", 1]}, "oidc: failed to unmarshal claims: aud is no audience"),
])
def test_times_and_audiences(claims: Any, error: str) -> None:
    assert Setup().answer(sign(**claims)) == f"oidc: verify token: {error}"


def test_not_before_has_a_minute_and_one_of_several_audiences_is_enough() -> None:
    setup = Setup({"issuer": {"audiences": ["a", "b"], "audienceMatchPolicy": "MatchAny"}})
    assert isinstance(setup.answer(sign(aud=["x", "b"], nbf=NOW + 59)), User)
    several = Setup({"issuer": {"audiences": ["b", "a"], "audienceMatchPolicy": "MatchAny"}})
    assert several.answer(sign(aud="x")) == 'oidc: verify token: oidc: expected audience in ["a" "b"] got ["x"]'


def test_new_keys_are_fetched_when_a_token_needs_them() -> None:
    setup = Setup()

    async def test() -> None:
        await setup.ready()
        assert await setup.ask(sign()) == User("x:jane")
        assert await setup.ask(sign()) == User("x:jane")
        assert [url for url, _ in setup.web.asked] == [URL + WELL_KNOWN, f"{URL}/keys"]
        setup.web.pages[f"{URL}/keys"] = (
            200, {"cache-control": "public, max-age=100"}, key_set(("k1", KEY), ("k2", OTHER_KEY))
        )
        assert await setup.ask(sign(OTHER_KEY, kid="k2")) == User("x:jane")
        # the issuer said that these are all there are for a while
        setup.web.asked.clear()
        assert await setup.ask(sign(kid="k3")) == NOT_SIGNED
        assert setup.web.asked == []
        setup.now += 71
        assert await setup.ask(sign(kid="k3", exp=NOW + 1000)) == NOT_SIGNED
        assert [url for url, _ in setup.web.asked] == [f"{URL}/keys"]
        # known keys are good while the issuer is away
        setup.web.pages.clear()
        assert await setup.ask(sign(exp=NOW + 1000)) == User("x:jane")
        setup.now += 100
        assert await setup.ask(sign(kid="k3", exp=NOW + 1000)) == (
            f'oidc: verify token: failed to verify signature: fetching keys oidc: get keys failed Get "{URL}/keys": '
            "connection refused"
        )
        await setup.issuers.close()

    asyncio.run(test())
    assert "jwks_fetch_last_timestamp_seconds" in setup.registry.render().decode()


def test_requests_at_the_same_time_share_one_fetch() -> None:
    """Of the keys themselves: who comes once a fetch has ended may ask again, and tokens do not come evenly."""
    web = Web()
    keys = RemoteKeySet(web, f"{URL}/keys", clock=lambda: NOW)

    async def test() -> None:
        answers = await asyncio.gather(*(keys.verify(sign(), "k1") for _ in range(5)))
        assert [claims["sub"] for claims in answers] == ["jane"] * 5
        assert len(web.asked) == 1
        web.pages.clear()
        forged = (keys.verify(sign(OTHER_KEY), "k1") for _ in range(5))
        refused = await asyncio.gather(*forged, return_exceptions=True)
        assert len(web.asked) == 2
        assert all("connection refused" in str(answer) for answer in refused)

    asyncio.run(test())


@pytest.mark.parametrize(("keys", "error"), [
    (b"{", "oidc: failed to decode keys"), (b"[]", "oidc: failed to decode keys"), ({"keys": 5}, "failed to decode"),
    ({"keys": [5]}, "failed to decode"), ({"keys": [{"kty": "XX"}]}, "unknown json web key type 'XX'"),
    ({"keys": [{"kty": "RSA", "n": "", "e": "AQAB"}]}, "invalid RSA key, missing n value"),
    ({"keys": [{"kty": "RSA", "n": "_" * 4000, "e": "AQAB"}]}, "modulus too large"),
    ({"keys": [{"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}]}, "failed to decode"),
    ({"keys": [{"kty": "EC", "crv": "P-1", "x": "AQ", "y": "AQ"}]}, "unsupported elliptic curve 'P-1'"),
    ((500, {}, b"oops"), "oidc: get keys failed: 500 Some oops"),
    ({"keys": [{"kty": "oct", "k": "AQ"}]}, "failed to verify id token signature"), ({}, "failed to verify id token"),
])
def test_keys_that_are_none(keys: Any, error: str) -> None:
    setup = Setup()
    setup.web.pages[f"{URL}/keys"] = keys
    assert error in str(setup.answer(sign()))


def test_an_issuer_that_comes_late() -> None:
    setup = Setup()
    page = setup.web.pages.pop(URL + WELL_KNOWN)

    async def test() -> None:
        setup.issuers.start()
        assert await setup.ask(sign()) == "oidc: authenticator not initialized"
        for _ in range(10):
            await asyncio.sleep(0)
        assert setup.slept >= 10
        setup.web.pages[URL + WELL_KNOWN] = page
        for _ in range(10):
            await asyncio.sleep(0)
        setup.now = NOW
        assert await setup.ask(sign()) == User("x:jane")
        await setup.issuers.close()
        assert setup.web.closed

    asyncio.run(test())


@pytest.mark.parametrize("page", [
    {"issuer": "https://other.example", "jwks_uri": "x"}, {"issuer": URL}, b"no json", b"[]",
    {"issuer": [URL], "jwks_uri": "x"}, {"issuer": URL, "jwks_uri": 5}, (404, {}, b"gone"),
])
def test_discovery_that_says_something_else(page: Any) -> None:
    setup = Setup()
    setup.web.pages[URL + WELL_KNOWN] = page
    assert setup.answer(sign()) == "oidc: authenticator not initialized"


def test_discovery_somewhere_else() -> None:
    setup = Setup({"issuer": {"discoveryURL": "https://elsewhere.example/d"}})
    setup.web.pages["https://elsewhere.example/d"] = setup.web.pages.pop(URL + WELL_KNOWN)
    assert setup.answer(sign()) == User("x:jane")


def test_several_issuers() -> None:
    other = "https://other.example"
    setup = Setup({}, {"issuer": {"url": other}, "claimMappings": {"username": {"claim": "sub", "prefix": "o:"}}})
    setup.web.pages |= {
        other + WELL_KNOWN: {"issuer": other, "jwks_uri": f"{other}/k"}, f"{other}/k": key_set(("o", OTHER_KEY)),
    }
    assert setup.answer(sign()) == User("x:jane")
    assert setup.answer(sign(OTHER_KEY, kid="o", iss=other)) == User("o:jane")
    # one issuer's keys do not sign for another
    assert setup.answer(sign(OTHER_KEY, kid="o")) == NOT_SIGNED
    assert setup.answer(sign(iss=other)) == NOT_SIGNED


CLAIMS = ("https://claims.example", "https://claims.example/groups")


def distributed(**token: Any) -> Setup:
    setup = Setup({"claimMappings": {
        "username": {"claim": "sub", "prefix": ""}, "groups": {"claim": "groups", "prefix": "g:"},
    }})
    setup.web.pages |= {
        CLAIMS[0] + WELL_KNOWN: {"issuer": CLAIMS[0], "jwks_uri": f"{CLAIMS[0]}/k"},
        f"{CLAIMS[0]}/k": key_set(("o", OTHER_KEY)),
        CLAIMS[1]: sign(OTHER_KEY, kid="o", **{"iss": CLAIMS[0], "groups": ["a"], **token}).encode(),
    }
    return setup


SOURCES = {"_claim_names": {"groups": "s"},
           "_claim_sources": {"s": {"endpoint": CLAIMS[1], "access_token": "access"}}}


def test_groups_that_are_kept_elsewhere() -> None:
    setup = distributed()
    assert setup.answer(sign(**SOURCES)) == User("jane", groups=("g:a",))
    assert (CLAIMS[1], "access") in setup.web.asked
    assert distributed().answer(sign(**SOURCES, groups="own")) == User("jane", groups=("g:own",))
    assert distributed().answer(sign(_claim_names={"other": "s"}, _claim_sources={"s": {}})) == User("jane")


@pytest.mark.parametrize(("claims", "token", "error"), [
    ({"_claim_names": 5}, {}, "_claim_names or _claim_sources is no object"),
    ({"_claim_names": {"groups": 5}}, {}, "a source is none"),
    ({"_claim_names": {"groups": ""}}, {}, "oidc: verify token: oidc: failed to obtain source from claim name"),
    ({"_claim_names": {"groups": "s"}}, {}, "oidc: verify token: oidc: source does not exist"),
    ({"_claim_names": {"other": "s"}, "_claim_sources": {}}, {}, "oidc: verify token: oidc: source does not exist"),
    ({"_claim_names": {"groups": "s"}, "_claim_sources": {"s": 5}}, {}, "a source is none"),
    ({"_claim_names": {"groups": "s"}, "_claim_sources": {"s": {"endpoint": 5}}}, {}, "could not parse claim sources"),
    (SOURCES, {"iss": URL}, "failed to verify id token signature"),
    (SOURCES, {"iss": "http://claims.example"}, "verifying untrusted issuer http://claims.example failed"),
    (SOURCES, {"iss": "https://nobody.example"}, "init verifier failed"),
    (SOURCES, {"aud": "other"}, "expected audience"), (SOURCES, {"exp": NOW - 1}, "token is expired"),
    (SOURCES, {"groups": ...}, "did not contain claim: groups"),
])
def test_groups_elsewhere_that_are_not_believed(claims: Any, token: Any, error: str) -> None:
    answer = str(distributed(**token).answer(sign(**claims)))
    assert error in answer
    assert "access" not in answer.replace("access_token", "")
