"""Certificates and signing requests as Go reads them (crypto/x509)."""

from __future__ import annotations

from pilothouse.apimachinery.pem import blocks, signing_request


def request_error(pem: bytes) -> str:
    """Why `pem` is no signing request with a good signature; "" if it is one."""
    try:
        der = signing_request(pem)
    except ValueError as e:
        return str(e)
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        request = x509.load_der_x509_csr(der)
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
