"""The TLS side of the listening socket."""

import ssl
from collections.abc import Sequence
from pathlib import Path


def server_context(
    certificate: Path,
    key: Path,
    *,
    client_authorities: Sequence[bytes],
    minimum_version: str = "TLSv1_2",
    ciphers: Sequence[str] = (),
) -> ssl.SSLContext:
    """A server context that asks clients for a certificate and takes none for an answer.

    `client_authorities` are PEM bundles. A client certificate that none of them signed ends the handshake
    (kube-apiserver lets it through and answers 401: OpenSSL, as Python reaches it, cannot). `ciphers` are
    OpenSSL names for TLS 1.2. Raises OSError or ssl.SSLError for files that are no certificate or key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion[minimum_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    if ciphers:
        context.set_ciphers(":".join(ciphers))
    context.load_cert_chain(certificate, key)
    if client_authorities:
        for bundle in client_authorities:
            trust(context, bundle)
        # An intermediate authority that is trusted by itself ends the chain, as in Go.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def trust(context: ssl.SSLContext, bundle: bytes) -> None:
    """Let clients of these authorities (PEM) through from now on. Those that were trusted before stay so: whether their
    certificates authenticate is decided behind. Raises ssl.SSLError."""
    context.load_verify_locations(cadata=bundle.decode("ascii", "replace"))
