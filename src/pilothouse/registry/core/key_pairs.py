"""Whether a TLS secret holds a certificate and its key, in the words of Go's tls.X509KeyPair."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

_BLOCK = re.compile(rb"-----BEGIN ([^-\n]*)-----\s*\n(.*?)-----END \1-----", re.DOTALL)


def key_pair_warnings(data: Mapping[str, str]) -> list[str]:
    """One text at most; `data` is base64."""
    certificate, key = (base64.b64decode(data.get(name) or "") for name in ("tls.crt", "tls.key"))
    text = _wrong_certificate(certificate) or _wrong_key(key) or _mismatch(certificate, key)
    return [text] if text else []


def _kinds(pem: bytes) -> list[str]:
    return [kind.decode("latin-1") for kind, _ in _BLOCK.findall(pem)]


def _wrong_certificate(pem: bytes) -> str:
    kinds = _kinds(pem)
    if "CERTIFICATE" in kinds:
        return ""
    if not kinds:
        return "tls: failed to find any PEM data in certificate input"
    if len(kinds) == 1 and kinds[0].endswith("PRIVATE KEY"):
        return (
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; "
            "PEM inputs may have been switched"
        )
    return (
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the '
        f"following types: [{' '.join(kinds)}]"
    )


def _wrong_key(pem: bytes) -> str:
    kinds = _kinds(pem)
    if any(kind.endswith("PRIVATE KEY") for kind in kinds):
        return ""
    if not kinds:
        return "tls: failed to find any PEM data in key input"
    if kinds == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    return (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks '
        f"of the following types: [{' '.join(kinds)}]"
    )


def _mismatch(certificate: bytes, key: bytes) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        own = load_pem_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "x509: malformed certificate"
    try:
        given = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "tls: failed to parse private key"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "" if own.public_bytes(*form) == given.public_bytes(*form) else "tls: private key does not match public key"
