"""Tokens of an OpenID issuer, over TLS on both sides."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from pilothouse.testing.server import StartError, TestServer
from tests.issuer import WELL_KNOWN, StandInIssuer, key_set

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
TOKEN_REVIEW = "/apis/authentication.k8s.io/v1/tokenreviews"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[StandInIssuer]:
    with StandInIssuer(tmp_path) as running:
        yield running


def post(server: TestServer, token: str, path: str = REVIEW, body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        server.url + path, method="POST", data=json.dumps(body or {}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, context=trust(server)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def get(server: TestServer, path: str, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(server.url + path, headers=headers), context=trust(server)
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def trust(server: TestServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.ca_file))


def who(server: TestServer, token: str) -> Any:
    """The user, or the code of the refusal."""
    code, answer = post(server, token)
    return answer["status"]["userInfo"] if code == 201 else code


def eventually(server: TestServer, issuer: StandInIssuer, wanted: Any, **claims: Any) -> None:
    """Ask with ever new tokens (what is known of a token is remembered) until the answer is `wanted`."""
    deadline = time.monotonic() + 20
    while (found := who(server, issuer.sign(nonce=str(time.monotonic()), **claims))) != wanted:
        assert time.monotonic() < deadline, f"{found} is not {wanted}"
        time.sleep(0.05)


def test_flags(issuer: StandInIssuer, tmp_path: Path) -> None:
    flags = [
        f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=client", f"--oidc-ca-file={issuer.ca}",
        "--oidc-groups-claim=groups", "--oidc-groups-prefix=oidc:", "--oidc-required-claim=hd=a,b",
    ]
    jane = {"username": f"{issuer.url}#jane", "groups": ["oidc:dev", "system:authenticated"]}
    with TestServer(flags) as server:
        eventually(server, issuer, jane, groups=["dev"], hd="a,b")
        stranger = rsa.generate_private_key(65537, 2048)
        secret = issuer.sign(stranger, hd="a,b")
        for token in (
            issuer.sign(), issuer.sign(hd="a,b", aud="other"), issuer.sign(hd="a,b", exp=int(time.time()) - 1), secret,
            issuer.sign(hd="a,b", nbf=int(time.time()) + 3600), issuer.sign(hd="a,b", iss="https://x.example"),
            "x" * 60000,
        ):
            assert who(server, token) == 401
        # keys that are new, and keys that are too many
        issuer.pages["/keys"] = (200, {}, b" " * (1 << 20) + key_set(("k2", stranger)))
        new = issuer.sign(stranger, "k2", hd="a,b", groups="dev")
        assert who(server, new) == 401
        issuer.pages["/keys"] = (200, {}, key_set(("k2", stranger)))
        assert who(server, new) == jane
        # a token of somebody else's, looked at by a webhook's eyes
        code, review = post(server, server.token, TOKEN_REVIEW, {"spec": {"token": new}})
        assert code == 201
        assert review["status"]["authenticated"]
        assert review["status"]["audiences"] == ["https://kubernetes.default.svc"]
        code, review = post(server, server.token, TOKEN_REVIEW, {"spec": {"token": new, "audiences": ["vault"]}})
        assert review["status"] == {"user": {}, "error": "invalid bearer token"}
        assert secret not in server.log
        assert new not in server.log


def configuration(issuer: StandInIssuer, jwt: Any = None) -> Any:
    return {
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": [{"path": "/livez"}]},
        "jwt": [{
            "issuer": {"url": issuer.url, "audiences": ["client"], "certificateAuthority": issuer.ca.read_text()},
            "claimMappings": {
                "username": {"expression": "'o:' + claims.sub"}, "uid": {"expression": "claims.sub"},
                "extra": [{"key": "example.org/team", "valueExpression": "claims.?team.orValue('none')"}],
            },
            "claimValidationRules": [{"expression": "claims.exp - claims.iat < 3600.0", "message": "too long"}],
            "userValidationRules": [{"expression": "!user.username.startsWith('o:system:')", "message": "reserved"}],
            **(jwt or {}),
        }],
    }


def test_a_configuration_file_and_its_changes(issuer: StandInIssuer, tmp_path: Path) -> None:
    file = tmp_path / "authentication.yaml"
    file.write_text(yaml.safe_dump(configuration(issuer)))
    with TestServer([f"--authentication-config={file}"]) as server:
        jane = {
            "username": "o:jane", "uid": "jane", "groups": ["system:authenticated"],
            "extra": {"example.org/team": ["none"]},
        }
        eventually(server, issuer, jane)
        assert who(server, issuer.sign(sub="system:node:n")) == 401
        assert who(server, issuer.sign(exp=int(time.time()) + 7200)) == 401
        # anonymous at one path only
        assert get(server, "/livez")[0] == 200
        assert get(server, "/readyz")[0] == 401
        # a file that is wrong changes nothing, and is told and counted
        file.write_text(yaml.safe_dump(configuration(issuer, {"issuer": {}})))
        failures = 'automatic_reloads_total{apiserver_id_hash="sha256:'
        _until(lambda: failures in get(server, "/metrics", server.token)[1])
        assert 'jwt[0].issuer.url: Required value' in server.log
        assert 'status="failure"} 1' in get(server, "/metrics", server.token)[1]
        assert who(server, issuer.sign(jti="1"))["username"] == "o:jane"
        # a good one is in force without a restart
        changed = {"claimMappings": {"username": {"claim": "sub", "prefix": "new:"}}}
        file.write_text(yaml.safe_dump(configuration(issuer, changed)))
        eventually(server, issuer, {"username": "new:joe", "groups": ["system:authenticated"]}, sub="joe")
        metrics = get(server, "/metrics", server.token)[1]
        assert 'status="success"} 1' in metrics
        assert metrics.count("apiserver_authentication_config_controller_last_config_info{") == 1


def _until(true: Any) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("change", "flags", "error"), [
    ({"issuer": {"url": "http://x", "audiences": ["a"]}}, [],
     'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https'),
    ({"claimMappings": {"username": {"expression": "claims.("}}}, [],
     "jwt[0].claimMappings.username.expression: Invalid value"),
    ({"isuer": {}}, [], 'strict decoding error: unknown field "jwt[0].isuer"'),
    ({}, ["--oidc-issuer-url=https://x", "--oidc-client-id=y"],
     "authentication-config file and oidc-* flags are mutually exclusive"),
    ({}, ["--anonymous-auth=true"],
     "anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured"),
])
def test_a_wrong_configuration_keeps_the_server_from_starting(
    issuer: StandInIssuer, tmp_path: Path, change: Any, flags: list[str], error: str
) -> None:
    file = tmp_path / "authentication.yaml"
    file.write_text(yaml.safe_dump(configuration(issuer, change)))
    with pytest.raises(StartError) as raised, TestServer([f"--authentication-config={file}", *flags]):
        pass
    assert error in str(raised.value)


def test_an_issuer_that_is_slow_holds_nobody_up(issuer: StandInIssuer, tmp_path: Path) -> None:
    stop = time.monotonic() + 60
    served = False

    def slow() -> Any:
        while not served and time.monotonic() < stop:
            time.sleep(0.01)
        return 503, {}, b"later"

    issuer.pages[WELL_KNOWN] = slow
    flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=client", f"--oidc-ca-file={issuer.ca}"]
    with TestServer(flags) as server:
        assert who(server, issuer.sign()) == 401
        assert who(server, server.token)["username"] == "admin"
        served = True
