"""PEM blocks, certificates and signing requests as Go reads them (encoding/pem, crypto/x509)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(rb"(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n(.*?)-----END \1-----[ \t\r]*(?=\n|$)", re.DOTALL)
_HEADER = re.compile(rb"[^\n:]*:[^\n]*\n")


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    has_headers: bool
    data: bytes


def blocks(pem: bytes) -> Iterator[Block]:
    """The well-formed blocks; whatever stands between them does not count."""
    for found in _BLOCK.finditer(pem):
        body, headers = _HEADER.subn(b"", found[2])
        try:
            data = base64.b64decode(b"".join(body.split()), validate=True)
        except binascii.Error:
            continue
        yield Block(found[1].decode("utf-8", "replace"), headers > 0, data)


def request_error(pem: bytes) -> str:
    """Why `pem` is no signing request with a good signature; "" if it is one."""
    block = next(blocks(pem), None)
    if block is None or block.kind != "CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        request = x509.load_der_x509_csr(block.data)
        if request.is_signature_valid:
            return ""
        key = request.public_key()
    except ValueError as e:
        return f"asn1: structure error: {e}"
    except UnsupportedAlgorithm:
        return "x509: cannot verify signature: algorithm unimplemented"
    if isinstance(key, rsa.RSAPublicKey):
        return "crypto/rsa: verification error"
    return f"x509: {'ECDSA' if isinstance(key, ec.EllipticCurvePublicKey) else 'Ed25519'} verification failure"


def certificates_error(pem: bytes) -> str:
    """Why `pem` is not a chain of certificates; "" if it is one, or nothing at all."""
    if not pem:
        return ""
    from cryptography import x509

    count = 0
    for block in blocks(pem):
        if block.kind != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{block.kind}"'
        if block.has_headers:
            return "no PEM block headers are permitted"
        count += 1
        if not block.data:
            return "found CERTIFICATE PEM block containing 0 certificates"
        try:
            x509.load_der_x509_certificate(block.data)
        except ValueError:
            return "x509: malformed certificate"
    return "" if count else "must contain at least one CERTIFICATE PEM block"
