"""Certificate authorities that conversion webhooks are checked with (upstream: apiserver pkg/util/webhook
validation.go, client-go transport)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_BLOCK: Final = re.compile(rb"-----BEGIN ([^\n]+?)-----[ \t\r]*\n(.*?)-----END \1-----", re.DOTALL)
_NO_PEM: Final = "unable to parse bytes as PEM block"
_NONE_SEEN: Final = "no valid certificate authority data seen"


def ca_bundle_problem(bundle: str) -> str:
    """What is wrong with a bundle (base64, as it stands on the wire), or "": one good certificate is enough."""
    from cryptography import x509

    try:
        data = base64.b64decode(bundle)
    except binascii.Error:
        return _text(_NO_PEM)
    blocks = _BLOCK.findall(data)
    if not blocks:
        return _text(_NO_PEM)
    problem = ""
    for kind, body in blocks:
        if kind != b"CERTIFICATE" or b":" in body:
            continue
        try:
            x509.load_der_x509_certificate(base64.b64decode(body))
        except ValueError:
            problem = problem or "failed to parse certificate: x509: malformed certificate"
            continue
        return ""
    rest = data[data.rfind(b"-----END") :].partition(b"\n")[2]
    return _text(problem or (_NO_PEM if rest.strip() else _NONE_SEEN))


def _text(reason: str) -> str:
    return f"unable to load root certificates: {reason}"
