from base64 import b64encode
from typing import Any

import pytest

from pilothouse.apimachinery.pem import blocks
from pilothouse.registry.certificates.pem import certificates_error, request_error
from pilothouse.registry.certificates.validation import validate_signing_request
from tests.registry.certificates.requests import CERTIFICATE, CERTIFICATE_PEM, REQUEST, REQUEST_PEM
from tests.registry.checks import begins, edited

GOOD: dict[str, Any] = {
    "spec": {"request": REQUEST, "signerName": "a.b/c", "usages": ["client auth"], "expirationSeconds": 600},
    "status": {"certificate": CERTIFICATE},
}


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.request", "eA==", ['spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST']),
    ("spec.usages", [], ["spec.usages: Required value"]),
    ("spec.usages", ["odd"], ['spec.usages[0]: Unsupported value: "odd": supported values: "any", "cert sign",']),
    ("spec.usages", ["any", "any"], ['spec.usages[1]: Duplicate value: "any"']),
    ("spec.signerName", "kubernetes.io/legacy-unknown", ["spec.signerName: Invalid value: \"kubernetes.io/legacy-"]),
    ("spec.expirationSeconds", 5, ["spec.expirationSeconds: Invalid value: 5: may not specify a duration less than"]),
    ("status.certificate", "eA==", ['status.certificate: Invalid value: "<certificate data>": must contain at least']),
    ("status.conditions", [{"type": "", "status": "Odd"}], [
        "status.conditions[0].type: Required value", 'status.conditions[0].status: Unsupported value: "Odd"',
    ]),
])
def test_signing_requests(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_signing_request(edited(GOOD, path, value)), expected)


def test_old_faults_may_stay() -> None:
    odd = edited(edited(GOOD, "spec.usages", ["odd", "odd"]), "status.certificate", "eA==")
    assert len(validate_signing_request(odd)) == 4
    begins(validate_signing_request(odd, odd), [])


def test_requests_must_be_signed_by_their_key() -> None:
    assert request_error(REQUEST_PEM) == ""
    block = next(blocks(REQUEST_PEM))
    broken = b64encode(block.data[:-1] + bytes([block.data[-1] ^ 1]))
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + broken + b"\n-----END CERTIFICATE REQUEST-----\n"
    assert request_error(pem) == "x509: ECDSA verification failure"


def test_chains() -> None:
    assert certificates_error(b"") == certificates_error(CERTIFICATE_PEM * 2) == ""
    assert certificates_error(REQUEST_PEM) == (
        'only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"'
    )
    headed = CERTIFICATE_PEM.replace(b"CERTIFICATE-----\n", b"CERTIFICATE-----\nA: b\n\n", 1)
    assert certificates_error(headed) == "no PEM block headers are permitted"
