"""Signed JSON Web Tokens in compact form (RFC 7515, 7519).

Only asymmetric signatures are verified; "none" and shared secrets are no algorithms here. Loads the
cryptography library: import it late.
"""

from __future__ import annotations

from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pilothouse.authentication import rawurl

_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_UNBELIEVED = "go-jose/go-jose: error in cryptographic primitive"


class TokenError(ValueError):
    """Not a token, or not signed by the key."""


def decode_part(part: str) -> dict[str, Any]:
    """The JSON object in a token's header or payload, unverified. Raises TokenError."""
    try:
        value = orjson.loads(decode_base64(part))
    except ValueError:
        raise TokenError("malformed token") from None
    if not isinstance(value, dict):
        raise TokenError("malformed token")
    return value


def decode_base64(text: str) -> bytes:
    """Unpadded URL-safe base64. Raises TokenError."""
    try:
        return rawurl.decode(text)
    except ValueError:
        raise TokenError("malformed token") from None


def verify(token: str, key: PublicKeyTypes) -> dict[str, Any]:
    """The claims of a token that `key` signed. Says nothing about times, issuer or audience. Raises TokenError, which
    does not tell why a signature is not believed."""
    signed, _, signature_text = token.rpartition(".")
    header_text, _, payload_text = signed.partition(".")
    header = decode_part(header_text) if header_text else {}
    algorithm = header.get("alg")
    # what is critical must be understood, and nothing is
    if not isinstance(algorithm, str) or algorithm[2:] not in _HASHES or header.get("crit"):
        raise TokenError(_UNBELIEVED)
    signature, digest = decode_base64(signature_text), _HASHES[algorithm[2:]]
    try:
        if algorithm.startswith("RS") and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed.encode(), padding.PKCS1v15(), digest)
        elif algorithm.startswith("PS") and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed.encode(), padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == _CURVES.get(algorithm):
            key.verify(_der_signature(signature, key), signed.encode(), ec.ECDSA(digest))
        else:
            raise InvalidSignature
    except InvalidSignature:
        raise TokenError(_UNBELIEVED) from None
    return decode_part(payload_text)


def _der_signature(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    size = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        raise InvalidSignature
    return encode_dss_signature(int.from_bytes(signature[:size]), int.from_bytes(signature[size:]))
