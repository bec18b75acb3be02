"""The TLS side of the listening socket."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def server_context(
    certificate: Path,
    key: Path,
    *,
    client_authorities: Sequence[bytes],
    minimum_version: str = "TLSv1_2",
    ciphers: Sequence[str] = (),
    http2: bool = False,
) -> ssl.SSLContext:
    """A server context that asks clients for a certificate and takes none for an answer.

    `client_authorities` are PEM bundles. A client certificate that none of them signed ends the handshake
    (kube-apiserver lets it through and answers 401: OpenSSL, as Python reaches it, cannot). `ciphers` are
    OpenSSL names for TLS 1.2. With `http2` clients may agree on it. Raises OSError or ssl.SSLError for files
    that are no certificate or key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion[minimum_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
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


def fit_for_http2(ssl_object: Any) -> bool:
    """Whether a handshake ended with a cipher over which HTTP/2 may be spoken: one with forward secrecy that encrypts
    and authenticates in one (RFC 9113, 9.2.2)."""
    name, version, _ = ssl_object.cipher()
    authenticated = "GCM" in name or "CHACHA20" in name or "CCM" in name
    return version == "TLSv1.3" or (authenticated and name.startswith("ECDHE-"))
