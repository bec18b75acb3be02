"""Pods' requests for certificates: what is asked, and what signers answer."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pilothouse.apimachinery.status import StatusError
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.registry.certificates.pod_requests import default_pod_request, selectable
from pilothouse.registry.certificates.pod_validation import (
    validate_pod_request,
    validate_pod_request_status,
    validate_pod_request_update,
)
from pilothouse.registry.certificates.printers import PRINTERS
from tests.registry.checks import ABSENT, begins, edited
from tests.registry.cluster import Cluster, Object, run
from tests.registry.support import NOW, NOW_TEXT

GROUP, REQUESTS = "certificates.k8s.io", "podcertificaterequests"
KEY = ec.generate_private_key(ec.SECP256R1())
CURVE_224 = ec.generate_private_key(ec.SECP224R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()
SMALL_RSA, RSA = (rsa.generate_private_key(65537, size) for size in (2048, 3072))
DSA = dsa.generate_private_key(1024)
START = datetime.fromtimestamp(NOW, UTC)
CHAIN = "status.certificateChain"
NONSENSE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def stub(key: Any) -> str:
    digest = None if key is ED25519 else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, digest)
    return encoded(request.public_bytes(Encoding.DER))


def public(key: Any) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def certificate(
    key: Any = KEY, hours: float = 24, hosts: Iterable[str] = (), mails: Iterable[str] = (), start: datetime = START
) -> str:
    name = x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(hours=hours))
    names = [*map(x509.DNSName, hosts), *map(x509.RFC822Name, mails)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


SPEC: Object = {
    "signerName": "example.com/s", "podName": "p", "podUID": "p-uid", "serviceAccountName": "sa",
    "serviceAccountUID": "sa-uid", "nodeName": "n", "nodeUID": "n-uid", "maxExpirationSeconds": 86400,
    "stubPKCS10Request": stub(KEY),
}
REQUEST: Object = {"metadata": {"name": "r"}, "spec": SPEC}


def asks(**fields: Any) -> Object:
    """The request with these fields of its spec, None for none."""
    spec = {**SPEC, **fields}
    return {**REQUEST, "spec": {name: value for name, value in spec.items() if value is not None}}


def proved(key: Any, proof: bytes) -> Object:
    return asks(stubPKCS10Request=None, pkixPublicKey=encoded(public(key)), proofOfPossession=encoded(proof))


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.signerName", "s", ['spec.signerName: Invalid value: "s": must be a fully qualified domain and path']),
    ("spec.unverifiedUserAnnotations", {"a": "b"}, ['spec.unverifiedUserAnnotations: Invalid value: "a": must be a']),
    ("spec.podName", "P", ['spec.podName: Invalid value: "P": a lowercase RFC 1123 subdomain']),
    ("spec.nodeUID", ABSENT, ['spec.nodeUID: Invalid value: "": must not be empty']),
    ("spec.podUID", "u" * 129, ["spec.podUID: Too long: may not be more than 128 bytes"]),
    ("spec.maxExpirationSeconds", ABSENT, ["spec.maxExpirationSeconds: Required value: must be set"]),
    ("spec.maxExpirationSeconds", 3599, [
        "spec.maxExpirationSeconds: Invalid value: 3599: must be in the range [3600, 7862400]",
    ]),
    ("spec.stubPKCS10Request", ABSENT, [
        "spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set",
    ]),
    ("spec.pkixPublicKey", encoded(b"k"), ["spec: Invalid value: exactly one of"]),
    ("spec.stubPKCS10Request", encoded(b"k"), ["spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR"]),
    ("spec.stubPKCS10Request", encoded(b"k" * 10241), ["spec.stubPKCS10Request: Too long: may not be more than 10240"]),
])
def test_requests(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_pod_request(edited(REQUEST, path, value)), expected)


def test_kubernetes_own_signers_give_a_day() -> None:
    begins(validate_pod_request(asks(signerName="kubernetes.io/s", maxExpirationSeconds=86401)), [
        "spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]",
    ])


@pytest.mark.parametrize(("key", "expected"), [
    (ED25519, ""), (RSA, ""),
    (SMALL_RSA, 'Invalid value: "2048-bit modulus": RSA keys must have modulus size 3072 or 4096'),
    (CURVE_224, 'Invalid value: "curve P-224": elliptic public keys must use curve P256, P384, or P521'),
    (DSA, "Invalid value: unknown public key type; supported types are Ed25519, ECDSA, and RSA"),
])
def test_keys_of_requests(key: Any, expected: str) -> None:
    begins(validate_pod_request(asks(stubPKCS10Request=stub(key))), (
        [f"spec.stubPKCS10Request: {expected}"] if expected else []
    ))


def test_requests_are_signed() -> None:
    signed = bytearray(x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(ED25519, None)
                       .public_bytes(Encoding.DER))
    signed[-1] ^= 1
    begins(validate_pod_request(asks(stubPKCS10Request=encoded(bytes(signed)))), [
        "spec.stubPKCS10Request: Invalid value: invalid signature",
    ])


UID = b"p-uid"
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
NO_PROOF = ["spec.proofOfPossession: Invalid value: could not verify proof-of-possession signature"]


@pytest.mark.parametrize(("request_", "expected"), [
    (proved(ED25519, ED25519.sign(UID)), []),
    (proved(KEY, KEY.sign(UID, ec.ECDSA(hashes.SHA256()))), []),
    (proved(RSA, RSA.sign(UID, PSS, hashes.SHA256())), []),
    (proved(ED25519, ED25519.sign(b"other")), NO_PROOF),
    (proved(KEY, b"nonsense"), NO_PROOF),
    (proved(RSA, RSA.sign(UID, padding.PKCS1v15(), hashes.SHA256())), NO_PROOF),
    (proved(CURVE_224, b"s"), [
        'spec.pkixPublicKey: Invalid value: "curve P-224": elliptic public keys must use curve P256 or P384',
    ]),
    (proved(DSA, b"s"), [f'spec.pkixPublicKey: Invalid value: "{encoded(public(DSA))}": unknown public key type']),
    (asks(stubPKCS10Request=None, pkixPublicKey="AAAA", proofOfPossession="AAAA"), [
        'spec.pkixPublicKey: Invalid value: "AAAA": must be a valid PKIX-serialized public key',
    ]),
    # a form that Go reads by another function
    (asks(
        stubPKCS10Request=None, proofOfPossession="AAAA",
        pkixPublicKey=encoded(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)),
    ), ["spec.pkixPublicKey: Invalid value"]),
])
def test_proofs(request_: Object, expected: list[str]) -> None:
    begins(validate_pod_request(request_), expected)


def test_specs_never_change() -> None:
    begins(validate_pod_request_update(REQUEST, REQUEST), [])
    begins(validate_pod_request_update(asks(podUID="q", stubPKCS10Request=None), REQUEST), [
        'spec: Invalid value: {"SignerName":"example.com/s","PodName":"p","PodUID":"q","ServiceAccountName":"sa",'
        '"ServiceAccountUID":"sa-uid","NodeName":"n","NodeUID":"n-uid","MaxExpirationSeconds":86400,'
        '"PKIXPublicKey":null,"ProofOfPossession":null,"StubPKCS10Request":null,"UnverifiedUserAnnotations":null}: '
        "field is immutable",
    ])


def condition(kind: str, **rest: str) -> Object:
    return {"type": kind, "status": "True", "reason": "R", "message": "", "lastTransitionTime": NOW_TEXT, **rest}


def after(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def issued(chain: str | None = None, **rest: Any) -> Object:
    status = {
        "conditions": [condition("Issued")], "certificateChain": certificate() if chain is None else chain,
        "notBefore": NOW_TEXT, "beginRefreshAt": after(12), "notAfter": after(24), **rest,
    }
    return {name: value for name, value in status.items() if value is not None}


def status_errors(status: Object, before: Object | None = None, request: Object = REQUEST) -> Any:
    return validate_pod_request_status({**request, "status": status}, {**request, "status": before or {}}, NOW)


@pytest.mark.parametrize(("status", "expected"), [
    ({}, []),
    ({"conditions": [condition("Denied")]}, []),
    (issued(), []),
    ({"conditions": [condition("Approved")]}, [
        'status.conditions.[0].type: Unsupported value: "Approved": supported values: "Issued", "Denied", "Failed"',
    ]),
    ({"conditions": [condition("Denied"), condition("Failed", status="False")]}, [
        'status.conditions.[1].type: Invalid value: "Failed": There may be at most one condition with type',
        'status.conditions.[1].status: Unsupported value: "False": supported values: "True"',
    ]),
    ({"conditions": [condition("Denied", reason="")]}, ["status.conditions[0].reason: Required value"]),
    ({"conditions": [condition("Failed")], "notBefore": NOW_TEXT}, [
        "status: Invalid value: non-condition status fields must be empty when denying or failing",
    ]),
    ({"notBefore": NOW_TEXT}, ['status: Invalid value: status is immutable unless transitioning to "Issued"']),
    (issued(""), [f'{CHAIN}: Invalid value: "": issued certificate chain must contain at least one certificate']),
    (issued("x" * (100 * 1024 + 1)), [f"{CHAIN}: Too long: may not be more than 102400 bytes"]),
    (issued(certificate(ED25519)), [f"{CHAIN}: Invalid value"]),
    (issued(beginRefreshAt=None), ["status.beginRefreshAt: Required value: must be present and in the range"]),
    (issued(notBefore=after(1)), [
        f'status.notBefore: Invalid value: "{after(1)}": must be set to the NotBefore time encoded in the leaf',
    ]),
    (issued(certificate(start=START - timedelta(minutes=5)), notBefore=after(-1 / 12)), [
        f'status.notBefore: Invalid value: "{after(-1 / 12)}": must be set to within 5 minutes of kube-apiserver',
    ]),
    (issued(notAfter=after(23)), [f'status.notAfter: Invalid value: "{after(23)}": must be set to the NotAfter time']),
    (issued(certificate(hours=0.5), notAfter=after(0.5)), [
        f"{CHAIN}: Invalid value: 1800000000000: leaf certificate lifetime must be >= 1 hour",
    ]),
    (issued(certificate(hours=25), notAfter=after(25)), [
        f"{CHAIN}: Invalid value: 90000000000000: leaf certificate lifetime must be <= spec.maxExpirationSeconds (864",
    ]),
    (issued(beginRefreshAt=after(0.1)), ["status.beginRefreshAt: Invalid value"]),
    (issued(beginRefreshAt=after(23.9)), ["status.beginRefreshAt: Invalid value"]),
    (issued(certificate(hosts=["", "a..b", ".a"], mails=["a@b", "no mail"])), [
        f'{CHAIN}: Invalid value: "": leaf certificate should not contain empty DNSName',
        f"{CHAIN}: Invalid value: \"a..b\": leaf certificate's DNSName should not contain '..'",
        f"{CHAIN}: Invalid value: \".a\": leaf certificate's DNSName should not start or end with '.'",
        f'{CHAIN}: Invalid value: "no mail": leaf certificate should not contain invalid EmailAddress',
    ]),
])
def test_answers(status: Object, expected: list[str]) -> None:
    begins(status_errors(status), expected)


@pytest.mark.parametrize(("chain", "text"), [
    (certificate().replace("CERTIFICATE", "KEY"), "issued certificate chain must consist entirely of CERTIFICATE PEM"),
    (NONSENSE, "leaf certificate does not parse as valid X.509"),
    (certificate() + certificate().replace("CERTIFICATE", "X"), "issued certificate chain must consist entirely of C"),
    (certificate() + NONSENSE, "intermediate certificate does not parse as valid X.509"),
])
def test_chains(chain: str, text: str) -> None:
    errors = status_errors(issued(chain))
    assert [error.field for error in errors] == [CHAIN]
    assert errors[0].detail.startswith(text)


def test_certificates_are_for_the_key_that_was_proved() -> None:
    assert not status_errors(issued(certificate(ED25519)), request=proved(ED25519, ED25519.sign(UID)))


def test_answers_never_change() -> None:
    denied = {"conditions": [condition("Denied")]}
    assert not status_errors(denied, denied)
    begins(status_errors({}, denied), ["status: Invalid value: immutable after PodCertificateRequest is issued"])


def test_rows_defaults_and_fields() -> None:
    request: Object = {"spec": {}}
    default_pod_request(request)
    assert request["spec"] == {"maxExpirationSeconds": 86400}
    assert selectable(REQUEST) == {"spec.signerName": "example.com/s", "spec.podName": "p", "spec.nodeName": "n"}
    printer = PRINTERS[REQUESTS]
    assert printer.cells(REQUEST, NOW) == ["r", "p", "sa", "n", "example.com/s", "Pending", "<none>"]
    answered = {**asks(unverifiedUserAnnotations={"b.c/d": "e"}), "status": {"conditions": [condition("Failed")]}}
    assert printer.cells(answered, NOW)[-2:] == ["Failed", "b.c/d=e"]
    assert len(printer.columns) == 7


class Signers:
    """Lets everybody do what is in `allowed`, by verb and name."""

    def __init__(self, *allowed: tuple[str, str]) -> None:
        self.allowed = allowed

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        assert (attributes.api_group, attributes.resource) == (GROUP, "signers")
        allowed = (attributes.verb, attributes.name) in self.allowed
        return Decision.ALLOW if allowed else Decision.NO_OPINION, ""


@pytest.mark.parametrize(("allowed", "text"), [
    (("sign", "example.com/s"), ""), (("sign", "example.com/*"), ""),
    (("approve", "example.com/s"), 'User "ann" is not permitted to "sign" for signer "example.com/s"'),
])
def test_who_may_sign(allowed: tuple[str, str], text: str) -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create(REQUESTS, {**REQUEST, "status": issued()}, group=GROUP)
        assert not created.get("status")

        def deny(obj: Object) -> None:
            obj["spec"], obj["status"] = {}, {"conditions": [condition("Denied")]}

        def touch(obj: Object) -> None:
            obj["metadata"]["labels"] = {"a": "b"}

        await cluster.update(REQUESTS, "r", touch, group=GROUP)
        await cluster.update(REQUESTS, "r", touch, group=GROUP, subresource="status")
        if text:
            with pytest.raises(StatusError) as e:
                await cluster.update(REQUESTS, "r", deny, group=GROUP, subresource="status")
            assert e.value.code == 422
            assert f"spec.signerName: Forbidden: {text}" in e.value.message
            return
        changed = await cluster.update(REQUESTS, "r", deny, group=GROUP, subresource="status")
        assert changed["spec"] == created["spec"]
        assert changed["status"]["conditions"][0]["type"] == "Denied"

    run(test, authorizer=Signers(allowed))
