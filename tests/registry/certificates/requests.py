"""A signing request and a certificate, in base64 as the API takes them; made once for all tests."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_KEY = ec.generate_private_key(ec.SECP256R1())
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann")])
_START = datetime(2024, 1, 1, tzinfo=UTC)

REQUEST_PEM = (
    x509.CertificateSigningRequestBuilder().subject_name(_NAME).sign(_KEY, hashes.SHA256())
    .public_bytes(serialization.Encoding.PEM)
)
CERTIFICATE_PEM = (
    x509.CertificateBuilder().subject_name(_NAME).issuer_name(_NAME).public_key(_KEY.public_key())
    .serial_number(1).not_valid_before(_START).not_valid_after(_START + timedelta(days=1))
    .sign(_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
)
REQUEST = b64encode(REQUEST_PEM).decode()
CERTIFICATE = b64encode(CERTIFICATE_PEM).decode()
