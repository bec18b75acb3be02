"""JSON Web Keys (RFC 7517) as go-jose reads them. Loads the cryptography library: import it late."""

from __future__ import annotations

from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from pilothouse.authentication.jwt import TokenError, decode_base64

_CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_LONGEST_MODULUS = 2048
"""Bytes; longer ones only cost time (Go's crypto/rsa refuses more than 16384 bits when it verifies TLS)."""


def parse_key_set(data: bytes) -> list[tuple[str, PublicKeyTypes]]:
    """(key id, key) of each key that can verify signatures. Raises ValueError for a set that Go would not read."""
    value = orjson.loads(data)
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(keys if keys is not None else [], list):
        raise ValueError("json: cannot unmarshal into Go value of type jose.JSONWebKeySet")
    found = []
    for key in keys or ():
        if not isinstance(key, dict):
            raise ValueError("json: cannot unmarshal into Go value of type jose.rawJSONWebKey")
        public = _public(key)
        if public is not None:
            found.append((_text(key, "kid"), public))
    return found


def _public(key: dict[str, Any]) -> PublicKeyTypes | None:
    """None for keys that no token can be signed with here: shared secrets, Ed25519."""
    match _text(key, "kty"):
        case "RSA":
            n, e = _integer(key, "n"), _integer(key, "e")
            if n.bit_length() > _LONGEST_MODULUS * 8:
                raise ValueError("go-jose/go-jose: invalid RSA key, modulus too large")
            return rsa.RSAPublicNumbers(e, n).public_key()
        case "EC":
            name = _text(key, "crv")
            if name not in _CURVES:
                raise ValueError(f"go-jose/go-jose: unsupported elliptic curve '{name}'")
            return ec.EllipticCurvePublicNumbers(_integer(key, "x"), _integer(key, "y"), _CURVES[name]).public_key()
        case "oct":
            return None
        case "OKP" if _text(key, "crv") == "Ed25519":
            return None
        case kind:
            raise ValueError(f"go-jose/go-jose: unknown json web key type '{kind}'")


def _text(key: dict[str, Any], name: str) -> str:
    value = key.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"json: cannot unmarshal into Go struct field rawJSONWebKey.{name} of type string")
    return value or ""


def _integer(key: dict[str, Any], name: str) -> int:
    try:
        data = decode_base64(_text(key, name).rstrip("="))
    except TokenError:
        data = b""
    if not data:
        raise ValueError(f"go-jose/go-jose: invalid {_text(key, 'kty')} key, missing {name} value")
    return int.from_bytes(data)
