"""The service account issuer's discovery documents (upstream: pkg/routes/openidmetadata.go,
pkg/serviceaccount/openidmetadata.go).
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.server.director import Director
from pilothouse.server.webservice import web_service

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

CONFIG_PATH = "/.well-known/openid-configuration"
JWKS_PATH = "/openid/v1/jwks"
JWKS_TYPE = "application/jwk-set+json"
_CACHE_CONTROL = (b"cache-control", b"public, max-age=3600")
_CURVES = {"secp256r1": ("P-256", "ES256"), "secp384r1": ("P-384", "ES384"), "secp521r1": ("P-521", "ES512")}


def install_openid(
    director: Director, issuer: str, keys: "Callable[[], Sequence[PublicKeyTypes]]", jwks_uri: str
) -> None:
    """Serve both documents. `keys` are the public keys that verify tokens, asked for at the first request.

    `jwks_uri` is where clients find the keys: --service-account-jwks-uri or the server's external address.
    """

    @cache
    def key_set() -> list[dict[str, str]]:
        return [json_web_key(key) for key in keys()]

    def configuration() -> bytes:
        return orjson.dumps({
            "issuer": issuer,
            "jwks_uri": jwks_uri,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({key["alg"] for key in key_set()}),
        })

    def service(path: str, media_type: str, make: Callable[[], bytes]) -> None:
        director.install_service(path, web_service(_serve(make, media_type), produces=media_type))

    service(CONFIG_PATH, "application/json", configuration)
    service(JWKS_PATH, JWKS_TYPE, lambda: orjson.dumps({"keys": key_set()}))


def _serve(make: Callable[[], bytes], media_type: str) -> Handler:
    async def serve(request: Request) -> Response:
        return Response(200, make(), [(b"content-type", media_type.encode()), _CACHE_CONTROL])

    return serve


def key_id(key: "PublicKeyTypes") -> str:
    """The hash that tells keys apart (upstream: keyIDFromPublicKey)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _base64(hashlib.sha256(der).digest())


def json_web_key(key: "PublicKeyTypes") -> dict[str, str]:
    """A JWK with the fields in go-jose's order. Raises ValueError for a key that cannot sign tokens."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    head: dict[str, Any] = {"use": "sig"}
    if isinstance(key, RSAPublicKey):
        rsa = key.public_numbers()
        return head | {
            "kty": "RSA", "kid": key_id(key), "alg": "RS256", "n": _integer(rsa.n), "e": _integer(rsa.e),
        }
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        curve, algorithm = _CURVES[key.curve.name]
        size = (key.curve.key_size + 7) // 8
        point = key.public_numbers()
        return head | {
            "kty": "EC", "kid": key_id(key), "crv": curve, "alg": algorithm,
            "x": _integer(point.x, size), "y": _integer(point.y, size),
        }
    raise ValueError(f"unknown public key type {type(key).__name__}, must be RSA or ECDSA")


def _integer(value: int, size: int = 0) -> str:
    return _base64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
