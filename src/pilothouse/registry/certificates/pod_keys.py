"""Keys that pods ask certificates for, and the proof that the pod has them (upstream: pkg/apis/certificates/validation,
validateStubPKCS10Request and validateDeprecatedPKIXPublicKey)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery import field
from pilothouse.registry.rules import NONE, Errors, Obj

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes

REQUEST: Final = "spec.stubPKCS10Request"
KEY: Final = "spec.pkixPublicKey"
_PROOF: Final = "spec.proofOfPossession"
_MOST_BYTES: Final = 10 * 1024
_BAD_KEY: Final = "must be a valid PKIX-serialized public key"
_BAD_REQUEST: Final = "must be a valid PKCS#10 CSR"
_UNKNOWN_TYPE: Final = "unknown public key type; supported types are Ed25519, ECDSA, and RSA"
_MODULI: Final = (3072, 4096)
#: Curves by the names that cryptography gives them: the one that Go gives, and whether pods may use it.
_CURVES: Final = {
    "secp224r1": ("P-224", False), "secp256r1": ("P-256", True), "secp384r1": ("P-384", True),
    "secp521r1": ("P-521", True),
}


def validate_key(spec: Obj) -> Errors:
    """A request is signed with the key, or the key stands beside a signature of the pod's UID."""
    request, key, proof = (
        base64.b64decode(spec.get(name) or "") for name in ("stubPKCS10Request", "pkixPublicKey", "proofOfPossession")
    )
    if request and not key and not proof:
        return _validate_request(request)
    if not request and key and proof:
        return _validate_proof(spec, key, proof)
    text = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"
    return (field.invalid("spec", field.OMIT_VALUE, text),)


def requested_key(spec: Obj) -> tuple[bytes, Errors]:
    """The key that a certificate must be for, as DER, or why there is none."""
    from cryptography.hazmat.primitives import serialization

    try:
        if request := spec.get("stubPKCS10Request"):
            at, text = REQUEST, _BAD_REQUEST
            found: PublicKeyTypes = _key_of(base64.b64decode(request))
        else:
            at, text = KEY, _BAD_KEY
            found = load_key(base64.b64decode(spec.get("pkixPublicKey") or ""))
    except ValueError:
        return b"", (field.invalid(at, field.OMIT_VALUE, text),)
    der = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return found.public_bytes(*der), NONE


def load_key(der: bytes) -> PublicKeyTypes:
    """Raises ValueError for what is no public key as Go's x509 reads them."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_der_public_key(der)
    except UnsupportedAlgorithm as e:
        raise ValueError(str(e)) from None
    # cryptography reads more forms than the one that Go does
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_bytes(encoding, form) != der:
        raise ValueError("another form")
    return key


def _key_of(request: bytes) -> CertificatePublicKeyTypes:
    """Raises ValueError."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return x509.load_der_x509_csr(request).public_key()
    except UnsupportedAlgorithm as e:
        raise ValueError(str(e)) from None


def _validate_request(request: bytes) -> Errors:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    if len(request) > _MOST_BYTES:
        return (field.too_long(REQUEST, _MOST_BYTES),)
    try:
        parsed = x509.load_der_x509_csr(request)
        key: PublicKeyTypes = parsed.public_key()
    except ValueError:
        return (field.invalid(REQUEST, field.OMIT_VALUE, _BAD_REQUEST),)
    except UnsupportedAlgorithm:
        return (field.invalid(REQUEST, field.OMIT_VALUE, _UNKNOWN_TYPE),)
    if errors := _key_errors(key, REQUEST, field.OMIT_VALUE, "curve P256, P384, or P521"):
        return errors
    try:
        good = parsed.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        good = False
    return NONE if good else (field.invalid(REQUEST, field.OMIT_VALUE, "invalid signature"),)


def _validate_proof(spec: Obj, der: bytes, proof: bytes) -> Errors:
    for at, data in ((KEY, der), (_PROOF, proof)):
        if len(data) > _MOST_BYTES:
            return (field.too_long(at, _MOST_BYTES),)
    try:
        key = load_key(der)
    except ValueError:
        return (field.invalid(KEY, spec["pkixPublicKey"], _BAD_KEY),)
    if errors := _key_errors(key, KEY, spec["pkixPublicKey"], "curve P256 or P384"):
        return errors
    if not _is_signed(key, proof, (spec.get("podUID") or "").encode()):
        return (field.invalid(_PROOF, field.OMIT_VALUE, "could not verify proof-of-possession signature"),)
    return NONE


def _key_errors(key: PublicKeyTypes, at: str, shown: object, curves: str) -> Errors:
    """Whether a key is of a type and a size that pods may use. `curves` is how the text tells of elliptic ones."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match key:
        case ed25519.Ed25519PublicKey():
            return NONE
        case rsa.RSAPublicKey():
            # Go counts bytes
            bits = -(-key.key_size // 8) * 8
            if bits in _MODULI:
                return NONE
            return (field.invalid(at, f"{bits}-bit modulus", "RSA keys must have modulus size 3072 or 4096"),)
        case ec.EllipticCurvePublicKey():
            name, allowed = _CURVES.get(key.curve.name, ("", False))
            if allowed:
                return NONE
            if not name:
                return (field.invalid(at, shown, _BAD_KEY if at == KEY else _BAD_REQUEST),)
            return (field.invalid(at, f"curve {name}", f"elliptic public keys must use {curves}"),)
    return (field.invalid(at, shown, _UNKNOWN_TYPE),)


def _is_signed(key: PublicKeyTypes, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    digest = hashes.SHA256()
    try:
        match key:
            case ed25519.Ed25519PublicKey():
                key.verify(signature, data)
            case ec.EllipticCurvePublicKey():
                key.verify(signature, data, ec.ECDSA(digest))
            case rsa.RSAPublicKey():
                key.verify(signature, data, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
            case _:
                return False
    except (InvalidSignature, ValueError):
        return False
    return True
