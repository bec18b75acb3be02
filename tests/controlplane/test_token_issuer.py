"""Keys of service account tokens."""

import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pilothouse.controlplane.token_issuer import JWTIssuer, public_keys
from pilothouse.transport import certificates

RSA = rsa.generate_private_key(65537, 2048)


def private(key: PrivateKeyTypes, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


def public(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def write(directory: Path, *contents: bytes) -> str:
    file = directory / "keys.pem"
    file.write_bytes(b"some text\n".join(contents))
    return str(file)


def test_several_keys_of_all_kinds_in_one_file(tmp_path: Path) -> None:
    keys: list[PrivateKeyTypes] = [ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP521R1())]
    certificate, _ = certificates.authority(time.time(), time.time() + 60)
    file = write(
        tmp_path, private(RSA, PrivateFormat.TraditionalOpenSSL), public(keys[0]), private(keys[1]), certificate,
        public(ed25519.Ed25519PrivateKey.generate()), b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    )
    found = public_keys((file,))
    assert found[:3] == [RSA.public_key(), keys[0].public_key(), keys[1].public_key()]
    assert len(found) == 4


@pytest.mark.parametrize("content", [b"", b"nothing", public(ed25519.Ed25519PrivateKey.generate())])
def test_files_without_keys(tmp_path: Path, content: bytes) -> None:
    file = write(tmp_path, content)
    with pytest.raises(ValueError, match="data does not contain any valid RSA or ECDSA public keys"):
        public_keys((file,))
    with pytest.raises(ValueError, match=r"failed to parse service-account-issuer-key-file: .* valid RSA or ECDSA"):
        JWTIssuer("i", Path(file)).check()


@pytest.mark.parametrize(("key", "algorithm"), [
    (RSA, "RS256"), (ec.generate_private_key(ec.SECP256R1()), "ES256"),
    (ec.generate_private_key(ec.SECP384R1()), "ES384"), (ec.generate_private_key(ec.SECP521R1()), "ES512"),
])
def test_what_signs(tmp_path: Path, key: PrivateKeyTypes, algorithm: str) -> None:
    issuer = JWTIssuer("https://i", Path(write(tmp_path, private(key))))
    issuer.check()
    claims = jwt.decode(issuer.issue({"a": 1, "iss": "x"}), key.public_key(), [algorithm])  # type: ignore[arg-type]
    assert claims == {"a": 1, "iss": "https://i"}


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file or directory"):
        JWTIssuer("i", tmp_path / "none").check()
