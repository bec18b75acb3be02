import asyncio
import base64

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.metrics import Registry
from pilothouse.server.director import Director
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import render_status
from pilothouse.server.routes.openid import CONFIG_PATH, JWKS_PATH, install_openid, json_web_key

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def get(path: str, accept: str = "*/*") -> Response:
    director = Director(PathRecorderMux("test"), ServerMetrics(Registry()), render_status)
    install_openid(
        director, "https://kubernetes.default.svc", lambda: [RSA.public_key(), EC.public_key()],
        "https://192.0.2.2:6443/openid/v1/jwks",
    )
    request = Request("GET", path, headers=[(b"accept", accept.encode())])
    request.context.request_info = resolve(request)

    async def run() -> Response:
        return await director.serve(request)

    return asyncio.run(run())


def test_configuration() -> None:
    response = get(CONFIG_PATH)
    assert response.body == (
        b'{"issuer":"https://kubernetes.default.svc","jwks_uri":"https://192.0.2.2:6443/openid/v1/jwks",'
        b'"response_types_supported":["id_token"],"subject_types_supported":["public"],'
        b'"id_token_signing_alg_values_supported":["ES256","RS256"]}'
    )
    assert response.headers == [
        (b"content-type", b"application/json"), (b"cache-control", b"public, max-age=3600"),
    ]


def test_keys_verify_tokens() -> None:
    response = get(JWKS_PATH)
    assert response.headers[0] == (b"content-type", b"application/jwk-set+json")
    first, second = jwt.PyJWKSet.from_dict(orjson.loads(response.body)).keys
    for private, public, algorithm in ((RSA, first, "RS256"), (EC, second, "ES256")):
        token = jwt.encode({"sub": "x"}, private, algorithm)
        assert jwt.decode(token, public.key, [algorithm])["sub"] == "x"
        assert len(base64.urlsafe_b64decode(f"{public.key_id}=")) == 32


def test_keys_have_a_media_type_of_their_own() -> None:
    with pytest.raises(StatusError) as caught:
        get(JWKS_PATH, "application/json")
    assert caught.value.code == 406
    assert caught.value.message == "406: Not Acceptable\n\nAvailable representations: application/jwk-set+json"


def test_keys_that_cannot_sign_are_refused() -> None:
    with pytest.raises(ValueError, match="must be RSA or ECDSA"):
        json_web_key(ed25519.Ed25519PrivateKey.generate().public_key())
