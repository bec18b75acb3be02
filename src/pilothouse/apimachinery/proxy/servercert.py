"""Certificates of servers that this one calls, which are out of date in one of two ways (upstream:
k8s.io/apiserver pkg/util/x509metrics).

One without subject alternative names is refused, as in Go, where OpenSSL would take its common name for a host name;
one that is signed with SHA-1 is refused by OpenSSL. Where nothing is verified they are only counted.
"""

from __future__ import annotations

import ssl
from typing import Final

from pilothouse.observability.logging import log
from pilothouse.observability.metrics import REGISTRY, Registry

LEGACY_NAME: Final = "certificate relies on legacy Common Name field, use SANs instead"
_WEAK_DIGEST: Final = 68
"""X509_V_ERR_CA_MD_TOO_WEAK"""
_COUNTED: Final = (
    "in their serving certificate OR the number of connection failures due to the {} (either/or, based on the runtime "
    "environment)"
)


class LegacyNameError(ssl.SSLCertVerificationError):
    """The certificate names its host only as upstream's old versions read it."""

    def __init__(self) -> None:
        super().__init__(1, LEGACY_NAME)
        self.verify_code = 62  # X509_V_ERR_HOSTNAME_MISMATCH
        self.verify_message = LEGACY_NAME


class ServerCertificates:
    """Those of the servers of one `system`, "webhooks" or "kube_aggregator". `watch` a context, and tell of every
    answer."""

    def __init__(self, system: str, registry: Registry = REGISTRY) -> None:
        self._missing_san = registry.counter(
            f"apiserver_{system}_x509_missing_san_total",
            "Counts the number of requests to servers missing SAN extension "
            + _COUNTED.format("lack of x509 certificate SAN extension missing"),
        ).labels()
        self._sha1 = registry.counter(
            f"apiserver_{system}_x509_insecure_sha1_total",
            "Counts the number of requests to servers with insecure SHA1 signatures "
            + _COUNTED.format("insecure SHA1 signatures"),
        ).labels()

    def watch(self, context: ssl.SSLContext) -> Watched:
        """Have the certificates of connections with `context` looked at."""
        watched = Watched(self)

        class Checked(ssl.SSLObject):
            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                    watched.connected(self)
                except ssl.SSLCertVerificationError as error:
                    watched.refused(error)
                    raise

        context.sslobject_class = Checked
        return watched

    def count(self, *, missing_san: bool, sha1: bool) -> None:
        self._missing_san.value += missing_san
        self._sha1.value += sha1


class Watched:
    """The newest certificate that a server has shown."""

    def __init__(self, counts: ServerCertificates) -> None:
        self._counts = counts
        self._leaf = b""
        self._missing_san = self._sha1 = False

    def answered(self) -> None:
        """The server has answered a request."""
        if self._missing_san or self._sha1:
            self._counts.count(missing_san=self._missing_san, sha1=self._sha1)

    def connected(self, connection: ssl.SSLObject) -> None:
        """Raises LegacyNameError."""
        leaf = connection.getpeercert(True) or b""
        if leaf and leaf != self._leaf:
            self._leaf = leaf
            self._missing_san, self._sha1 = _outdated(leaf)
            for found, what in ((self._missing_san, "relies on a legacy Common Name field instead of the SAN extension "
                                 "for subject validation"), (self._sha1, "uses an insecure SHA-1 signature")):
                if found:
                    log.info("Invalid certificate detected", server=connection.server_hostname, reason=what)
        if self._missing_san and connection.context.check_hostname:
            raise LegacyNameError

    def refused(self, error: ssl.SSLCertVerificationError) -> None:
        self._counts.count(
            missing_san=isinstance(error, LegacyNameError), sha1=error.verify_code == _WEAK_DIGEST
        )


def _outdated(leaf: bytes) -> tuple[bool, bool]:
    """Whether a certificate has no subject alternative names, and whether somebody has signed it with SHA-1."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.hashes import SHA1

    try:
        certificate = x509.load_der_x509_certificate(leaf)
        extensions = {extension.oid for extension in certificate.extensions}
        weak = isinstance(certificate.signature_hash_algorithm, SHA1) and certificate.issuer != certificate.subject
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False, False
    return x509.SubjectAlternativeName.oid not in extensions, weak
