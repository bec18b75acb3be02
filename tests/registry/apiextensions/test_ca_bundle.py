"""Bundles of certificate authorities, as Go reads them."""

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from pilothouse.registry.apiextensions.ca_bundle import ca_bundle_problem

INTRO = "unable to load root certificates: "


def certificate() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def problem(text: bytes) -> str:
    return ca_bundle_problem(base64.b64encode(text).decode()).removeprefix(INTRO)


BAD = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


def test_one_good_certificate_is_enough() -> None:
    assert problem(certificate()) == ""
    assert problem(BAD + KEY + certificate()) == ""


@pytest.mark.parametrize(("text", "expected"), [
    (b"", "unable to parse bytes as PEM block"),
    (b"x", "unable to parse bytes as PEM block"),
    (BAD, "failed to parse certificate: x509: malformed certificate"),
    (KEY, "no valid certificate authority data seen"),
    (KEY + b"x", "unable to parse bytes as PEM block"),
])
def test_problems(text: bytes, expected: str) -> None:
    assert problem(text) == expected


def test_no_base64_is_no_bundle() -> None:
    assert ca_bundle_problem("%") == f"{INTRO}unable to parse bytes as PEM block"


@pytest.mark.parametrize("part", [
    b"-----BEGIN ", b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN A-----\n-----",
    b"\n-----BEGIN A-----\n\n-----END B-----",
])
def test_very_many_beginnings_are_read_once(part: bytes) -> None:
    """To look for the end of each would take hours."""
    assert ca_bundle_problem(base64.b64encode(part * 50_000).decode()) != ""
