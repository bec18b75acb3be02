"""Signs service account tokens (upstream: pkg/serviceaccount/jwt.go)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class JWTIssuer:
    """`registry.dependencies.TokenIssuer` with the key in a PEM file, which is read at the first token."""

    def __init__(self, issuer: str, key_file: Path) -> None:
        self._issuer = issuer
        self._key_file = key_file

    def issue(self, claims: Mapping[str, Any]) -> str:
        """Raises OSError or ValueError when the key cannot be read."""
        import jwt

        algorithm, key_id = self._header
        return jwt.encode({**claims, "iss": self._issuer}, self._key, algorithm, {"kid": key_id})  # type: ignore[arg-type]

    @cached_property
    def _key(self) -> PrivateKeyTypes:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self._key_file.read_bytes(), None)

    @cached_property
    def _header(self) -> tuple[str, str]:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

        from pilothouse.server.routes.openid import key_id

        key = self._key
        algorithm = _ALGORITHMS[key.curve.name] if isinstance(key, EllipticCurvePrivateKey) else "RS256"
        return algorithm, key_id(key.public_key())


def public_keys(files: tuple[str, ...]) -> list[PublicKeyTypes]:
    """The keys that verify tokens: public keys, or the public halves of private ones. Raises OSError, ValueError."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    keys: list[PublicKeyTypes] = []
    for file in files:
        pem = Path(file).read_bytes()
        keys.append(load_pem_private_key(pem, None).public_key() if b"PRIVATE KEY" in pem else load_pem_public_key(pem))
    return keys
