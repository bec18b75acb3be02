"""Servers whose certificates are out of date: refused where they are verified, and counted."""

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from tests.apimachinery.webhook.support import serving
from tests.observability.support import samples

from pilothouse.apimachinery.webhook.caller import Caller, WebhookError
from pilothouse.apimachinery.webhook.kubeconfig import ClientConfig

HOST = "hook.ns.svc"
MISSING, SHA1 = "apiserver_webhooks_x509_missing_san_total", "apiserver_webhooks_x509_insecure_sha1_total"
#: The signature algorithms' object identifiers, as they are written: sha256WithRSAEncryption, sha1WithRSAEncryption.
SHA256_OID, SHA1_OID = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")


def signed_with_sha1(certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    """PEM. `cryptography` makes none any more."""
    signature = key.sign(
        certificate.tbs_certificate_bytes.replace(SHA256_OID, SHA1_OID), padding.PKCS1v15(), hashes.SHA1()
    )
    der = certificate.public_bytes(serialization.Encoding.DER).replace(SHA256_OID, SHA1_OID)
    return ssl.DER_cert_to_PEM_cert(der[: -len(signature)] + signature).encode()


def certificate(names: list[str], sha1: bool) -> tuple[bytes, bytes]:
    """(authority, certificate and key) in PEM; the certificate's common name is HOST."""
    now = datetime.datetime.now(datetime.UTC)
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    subjects = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("ca", HOST)]
    made = []
    for key, subject, ca in zip(keys, subjects, (True, False), strict=True):
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subjects[0]).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names and not ca:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        signed = builder.sign(keys[0], hashes.SHA256())
        weak = sha1 and not ca
        made.append(signed_with_sha1(signed, keys[0]) if weak else signed.public_bytes(serialization.Encoding.PEM))
    private = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return made[0], made[1] + private


async def call(folder: Path, authority: bytes, pair: bytes, *, insecure: bool, times: int = 1) -> str:
    """What went wrong, or ""."""
    file = folder / "pair"
    file.write_bytes(pair)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    tls.load_cert_chain(file)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"ok")

    async with serving(answer, tls) as url:
        caller = Caller(ClientConfig(url, b"" if insecure else authority, insecure=insecure, server_name=HOST))
        try:
            for _ in range(times):
                assert await caller.post(b"{}") == b"ok"
        except WebhookError as error:
            return str(error).partition(": ")[2]
        finally:
            await caller.close()
    return ""


LEGACY = "tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead"


@pytest.mark.parametrize(("names", "sha1", "insecure", "problem", "counted"), [
    ([HOST], False, False, "", (0, 0)),
    ([], False, False, LEGACY, (1, 0)),
    # two requests
    ([], False, True, "", (2, 0)),
    ([HOST], True, False, None, (0, 1)),
    ([], True, True, "", (2, 2)),
])
def test_outdated_certificates(
    names: list[str], sha1: bool, insecure: bool, problem: str | None, counted: tuple[int, int], tmp_path: Path
) -> None:
    before = samples()
    authority, pair = certificate(names, sha1)
    found = asyncio.run(call(tmp_path, authority, pair, insecure=insecure, times=2))
    assert found if problem is None else found == problem
    after = samples()
    assert (after[MISSING] - before[MISSING], after[SHA1] - before[SHA1]) == counted
