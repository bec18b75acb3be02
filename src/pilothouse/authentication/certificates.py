"""Verifies certificate chains and reads identities from them. Loads the x509 library: import it late."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import CREDENTIAL_ID_KEY, AuthenticationError, AuthenticatorResponse
from pilothouse.authentication.x509 import Identity

UID_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57683.2")
"""Kubernetes' own name attribute for a user's uid (upstream: apimachinery/pkg/apis/asn1)."""

_MAX_DEPTH = 8


class Verifier:
    """Builds chains from a leaf to one of the authorities, as crypto/x509's Verify does with client usage."""

    def __init__(self, authorities: Sequence[bytes], *, read_uid: bool = True) -> None:
        self._read_uid = read_uid
        self._roots: list[x509.Certificate] = []
        for bundle in authorities:
            self._roots += x509.load_pem_x509_certificates(bundle)

    def identify(self, chain: Sequence[bytes]) -> Identity:
        """The identity of a peer chain (DER, leaf first). Raises AuthenticationError when no authority vouches."""
        try:
            leaf, *intermediates = (x509.load_der_x509_certificate(der) for der in chain)
        except ValueError as error:
            raise AuthenticationError(f"x509: malformed certificate: {error}") from None
        try:
            identifier = certificate_identifier(leaf)
        except ValueError as error:
            raise AuthenticationError(f"x509: malformed certificate: {error}") from None
        try:
            path = self._path(leaf, intermediates, 0)
            if path is None:
                raise AuthenticationError("x509: certificate signed by unknown authority")
            if not all(map(_for_clients, path)):
                raise AuthenticationError("x509: certificate specifies an incompatible key usage")
            response = _response(leaf, chain[0], self._read_uid)
        except AuthenticationError as error:
            raise AuthenticationError(f"verifying certificate {identifier} failed: {error}") from None
        return Identity(
            response,
            max((c.not_valid_before_utc.timestamp() for c in path), default=-math.inf),
            min((c.not_valid_after_utc.timestamp() for c in path), default=math.inf),
            identifier,
            leaf.not_valid_after_utc.timestamp(),
        )

    def _path(
        self, certificate: x509.Certificate, intermediates: list[x509.Certificate], depth: int
    ) -> list[x509.Certificate] | None:
        """`certificate` and its issuers up to an authority, or None."""
        if certificate in self._roots:
            return [certificate]
        for root in self._roots:
            if _issued(root, certificate, depth, root=True):
                return [certificate, root]
        if depth >= _MAX_DEPTH:
            return None
        for issuer in intermediates:
            if _issued(issuer, certificate, depth):
                rest = self._path(issuer, [c for c in intermediates if c != issuer], depth + 1)
                if rest is not None:
                    return [certificate, *rest]
        return None


def _issued(issuer: x509.Certificate, certificate: x509.Certificate, below: int, *, root: bool = False) -> bool:
    """Whether `issuer` is an authority that signed `certificate`, with `below` intermediates under it. Only a root may
    be of version 1, which does not say whether it is one."""
    if issuer.subject != certificate.issuer:
        return False
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca or (constraints.path_length is not None and below > constraints.path_length):
            return False
    except x509.ExtensionNotFound:
        if not root or issuer.version is not x509.Version.v1:
            return False
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.key_cert_sign:
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _for_clients(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usages


def _response(leaf: x509.Certificate, der: bytes, read_uid: bool) -> AuthenticatorResponse | None:
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    # Of several common names the last one counts, as in Go's pkix.Name.
    name = _text(names[-1]) if names else ""
    if not name:
        return None
    groups = tuple(_text(a) for a in leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    uids = [_text(a) for a in leaf.subject.get_attributes_for_oid(UID_OID)] if read_uid else []
    if len(uids) > 1:
        raise AuthenticationError(f"expected 1 UID, but found multiple: [{' '.join(uids)}]")
    if uids == [""]:
        raise AuthenticationError("UID cannot be an empty string")
    credential = f"X509SHA256={hashlib.sha256(der).hexdigest()}"
    return AuthenticatorResponse(User(name, "".join(uids), groups, {CREDENTIAL_ID_KEY: (credential,)}))


def _text(attribute: x509.NameAttribute[str | bytes]) -> str:
    value = attribute.value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def certificate_identifier(certificate: x509.Certificate) -> str:
    """ "SN=…, SKID=…, AKID=…" as upstream's log names a certificate."""
    subject_key = authority_key = b""
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            subject_key = extension.value.digest
        elif isinstance(extension.value, x509.AuthorityKeyIdentifier):
            authority_key = extension.value.key_identifier or b""
    return (f"SN={certificate.serial_number}, SKID={subject_key.hex(':').upper()}, "
            f"AKID={authority_key.hex(':').upper()}")
