import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import User
from pilothouse.authentication.certificates import UID_OID
from pilothouse.authentication.interface import CREDENTIAL_ID_KEY, AuthenticationError
from pilothouse.authentication.x509 import X509Authenticator, expiration_metric
from pilothouse.observability.metrics import Registry
from pilothouse.transport import pki

NOW = 1_800_000_000.0
DAY = 86400.0


class Issuer:
    """An authority for tests, by default self-signed."""

    def __init__(self, name: str = "ca", parent: "Issuer | None" = None, *, ca: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = parent or self
        self.certificate = (
            builder(self.name, signer.name, self.key).add_extension(x509.BasicConstraints(ca, None), True)
            .sign(signer.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def issue(
        self, attributes: list[tuple[x509.ObjectIdentifier, str]], until: float = NOW + DAY,
        usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.CLIENT_AUTH,
    ) -> bytes:
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
        made = builder(subject, self.name, ec.generate_private_key(ec.SECP256R1()), until)
        if usage is not None:
            made = made.add_extension(x509.ExtendedKeyUsage([usage]), False)
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: float = NOW + DAY
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(7).not_valid_before(datetime.fromtimestamp(NOW - DAY, UTC))
        .not_valid_after(datetime.fromtimestamp(until, UTC))
    )


def authenticate(authority: Issuer, *chain: bytes, now: float = NOW) -> User | None:
    authenticator = X509Authenticator([authority.pem], clock=lambda: now)
    request = Request("GET", "/", peer_certificates=chain)
    response = asyncio.run(authenticator.authenticate(request))
    return response.user if response else None


ALICE = [(NameOID.ORGANIZATION_NAME, "dev"), (NameOID.ORGANIZATION_NAME, "ops"), (NameOID.COMMON_NAME, "alice")]


def test_common_name_organizations_and_credential() -> None:
    user = authenticate(ca := Issuer(), ca.issue(ALICE))
    assert user is not None
    assert (user.name, user.uid, user.groups) == ("alice", "", ("dev", "ops"))
    [credential] = user.extra[CREDENTIAL_ID_KEY]
    assert credential.startswith("X509SHA256=")
    assert len(credential) == 11 + 64


def test_the_uid_attribute() -> None:
    ca = Issuer()
    user = authenticate(ca, ca.issue([*ALICE, (UID_OID, "u-1")]))
    assert user is not None
    assert user.uid == "u-1"
    with pytest.raises(AuthenticationError, match="expected 1 UID, but found multiple"):
        authenticate(ca, ca.issue([*ALICE, (UID_OID, "u-1"), (UID_OID, "u-2")]))


def test_the_uid_attribute_may_be_left_out() -> None:
    ca = Issuer()
    authenticator = X509Authenticator([ca.pem], read_uid=False, clock=lambda: NOW)
    request = Request("GET", "/", peer_certificates=[ca.issue([*ALICE, (UID_OID, "u-1")])])
    response = asyncio.run(authenticator.authenticate(request))
    assert response is not None
    assert response.user.uid == ""


def test_no_certificate_or_no_common_name_is_no_opinion() -> None:
    ca = Issuer()
    assert authenticate(ca) is None
    assert authenticate(ca, ca.issue([(NameOID.ORGANIZATION_NAME, "dev")])) is None


def test_unknown_authorities() -> None:
    other = Issuer()
    with pytest.raises(AuthenticationError, match=r"^verifying certificate SN=7, SKID=, AKID= failed: x509: "
                                                  r"certificate signed by unknown authority$"):
        authenticate(Issuer(), other.issue(ALICE))
    # Neither the same name nor sending the authority along makes it known.
    with pytest.raises(AuthenticationError, match="unknown authority"):
        authenticate(Issuer(), other.issue(ALICE), other.der)


def test_intermediates_sent_along() -> None:
    root = Issuer("root")
    middle = Issuer("middle", root)
    leaf = middle.issue(ALICE)
    assert authenticate(root, leaf, middle.der) is not None
    with pytest.raises(AuthenticationError, match="unknown authority"):
        authenticate(root, leaf)
    not_an_authority = Issuer("no-ca", root, ca=False)
    with pytest.raises(AuthenticationError, match="unknown authority"):
        authenticate(root, not_an_authority.issue(ALICE), not_an_authority.der)


def test_an_intermediate_may_itself_be_trusted() -> None:
    middle = Issuer("middle", Issuer("root"))
    assert authenticate(middle, middle.issue(ALICE)) is not None


def test_usages() -> None:
    ca = Issuer()
    assert authenticate(ca, ca.issue(ALICE, usage=None)) is not None
    assert authenticate(ca, ca.issue(ALICE, usage=ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)) is not None
    with pytest.raises(AuthenticationError, match="x509: certificate specifies an incompatible key usage"):
        authenticate(ca, ca.issue(ALICE, usage=ExtendedKeyUsageOID.SERVER_AUTH))


def test_a_certificate_that_was_good_expires() -> None:
    ca = Issuer()
    now = [NOW]
    authenticator = X509Authenticator([ca.pem], clock=lambda: now[0])
    request = Request("GET", "/", peer_certificates=[ca.issue(ALICE, NOW + 60)])

    async def test() -> None:
        first = await authenticator.authenticate(request)
        assert first is not None
        assert await authenticator.authenticate(request) is first
        now[0] = NOW + 61
        with pytest.raises(AuthenticationError, match="x509: certificate has expired or is not yet valid"):
            await authenticator.authenticate(request)

    asyncio.run(test())


def test_nonsense_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="malformed"):
        authenticate(Issuer(), b"nonsense")


def test_the_administrator_s_certificate_that_pki_makes(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path, names=["localhost"], addresses=[])
    der = ssl.PEM_cert_to_DER_cert(made.admin.certificate.read_text())
    authenticator = X509Authenticator([made.ca.certificate.read_bytes()])
    response = asyncio.run(authenticator.authenticate(Request("GET", "/", peer_certificates=[der])))
    assert response is not None
    assert (response.user.name, response.user.groups) == ("kubernetes-admin", ("system:masters",))


def test_how_long_certificates_still_hold_is_counted() -> None:
    registry = Registry()
    issuer = Issuer()
    authenticator = X509Authenticator([issuer.pem], expirations=expiration_metric(registry), clock=lambda: NOW)
    request = Request("GET", "/", peer_certificates=[issuer.issue([(NameOID.COMMON_NAME, "jane")])])
    for _ in range(2):
        asyncio.run(authenticator.authenticate(request))
    text = registry.render().decode()
    assert 'apiserver_client_certificate_expiration_seconds_bucket{le="43200"} 0' in text
    assert 'apiserver_client_certificate_expiration_seconds_bucket{le="86400"} 2' in text


def test_new_authorities_take_the_place_of_old_ones() -> None:
    old, new = Issuer("old"), Issuer("new")
    authenticator = X509Authenticator([old.pem], clock=lambda: NOW)
    before, after = (
        Request("GET", "/", peer_certificates=[issuer.issue([(NameOID.COMMON_NAME, "jane")])]) for issuer in (old, new)
    )

    async def test() -> None:
        assert await authenticator.authenticate(before) is not None
        with pytest.raises(ValueError):
            authenticator.set_authorities([b"nonsense"])
        assert await authenticator.authenticate(before) is not None
        authenticator.set_authorities([new.pem])
        assert await authenticator.authenticate(after) is not None
        with pytest.raises(AuthenticationError, match="unknown authority"):
            await authenticator.authenticate(before)

    asyncio.run(test())
