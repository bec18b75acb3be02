"""Certificate authorities that conversion webhooks are checked with (upstream: apiserver pkg/util/webhook
validation.go, client-go transport)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

_BEGIN, _END, _LINE_END = b"-----BEGIN ", b"-----END ", b"-----"
_NO_PEM: Final = "unable to parse bytes as PEM block"
_NONE_SEEN: Final = "no valid certificate authority data seen"


def ca_bundle_problem(bundle: str) -> str:
    """What is wrong with a bundle (base64, as it stands on the wire), or "": one good certificate is enough."""
    from cryptography import x509

    try:
        data = base64.b64decode(bundle)
    except binascii.Error:
        return _text(_NO_PEM)
    blocks = list(_blocks(data))
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


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, what stands between its lines) of each PEM block, as Go's pem.Decode finds them, in one pass."""
    at = 0 if data.startswith(_BEGIN) else data.find(b"\n" + _BEGIN) + 1
    end = 0
    while at > 0 or (at == 0 and data.startswith(_BEGIN)):
        line_end = data.find(b"\n", at)
        if line_end < 0:
            return
        line = data[at + len(_BEGIN) : line_end].rstrip(b" \t\r")
        if line.endswith(_LINE_END):
            if end < line_end:
                end = data.find(b"\n" + _END, line_end)
            if end < 0:
                return
            kind = line.removesuffix(_LINE_END)
            if data.startswith(kind + _LINE_END, end + 1 + len(_END)):
                yield kind, data[line_end + 1 : end + 1]
                line_end = end + 1
        at = data.find(b"\n" + _BEGIN, line_end) + 1
        if at == 0:
            return


def _text(reason: str) -> str:
    return f"unable to load root certificates: {reason}"
