"""Signs service account tokens (upstream: pkg/serviceaccount/jwt.go)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_PEM = re.compile(rb"(-----BEGIN ([A-Z ]+)-----.*?-----END \2-----)", re.DOTALL)
_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class JWTIssuer:
    """`registry.dependencies.TokenIssuer` with the key in a PEM file, which is read at the first token."""

    def __init__(self, issuer: str, key_file: Path) -> None:
        self._issuer = issuer
        self._key_file = key_file

    def check(self) -> None:
        """Read the key now. Raises ValueError for one that signs nothing."""
        try:
            _ = self._header
        except (OSError, ValueError, TypeError) as error:
            raise ValueError(
                "failed to parse service-account-issuer-key-file: error reading private key file "
                f"{self._key_file}: {_reason(error)}"
            ) from None

    def issue(self, claims: Mapping[str, Any]) -> str:
        """Raises OSError or ValueError when the key cannot be read."""
        import jwt

        algorithm, key_id = self._header
        headers: dict[str, str | None] = {"kid": key_id, "typ": None}  # upstream writes no "typ"
        return jwt.encode({**claims, "iss": self._issuer}, self._key, algorithm, headers)  # type: ignore[arg-type]

    @cached_property
    def _key(self) -> PrivateKeyTypes:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self._key_file.read_bytes(), None)

    @cached_property
    def _header(self) -> tuple[str, str]:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        from pilothouse.server.routes.openid import key_id

        key = self._key
        if not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
            raise ValueError("unknown private key type, must be RSA or ECDSA")
        algorithm = _ALGORITHMS[key.curve.name] if isinstance(key, EllipticCurvePrivateKey) else "RS256"
        return algorithm, key_id(key.public_key())


def _reason(error: Exception) -> str:
    """Nothing of the file's content."""
    if isinstance(error, OSError):
        return (error.strerror or "it cannot be read").lower()
    return "data does not contain a valid RSA or ECDSA private key"


def public_keys(files: tuple[str, ...]) -> list[PublicKeyTypes]:
    """The keys that verify tokens: all public keys in the files, and the public halves of private keys and of
    certificates (upstream: keyutil.PublicKeysFromFile). Raises OSError, ValueError."""
    keys: list[PublicKeyTypes] = []
    for file in files:
        found = [key for block in _PEM.findall(Path(file).read_bytes()) if (key := _public_key(*block)) is not None]
        if not found:
            raise ValueError(f"error reading public key file {file}: data does not contain any valid RSA or ECDSA "
                             "public keys")
        keys += found
    return keys


def _public_key(block: bytes, kind: bytes) -> PublicKeyTypes | None:
    """Of one PEM block; None for one that holds no key of use, as upstream passes them over."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    key: PublicKeyTypes
    try:
        if kind.endswith(b"PRIVATE KEY"):
            key = load_pem_private_key(block, None).public_key()
        elif kind == b"CERTIFICATE":
            key = load_pem_x509_certificate(block).public_key()
        else:
            key = load_pem_public_key(block)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey | EllipticCurvePublicKey) else None
