import asyncio
import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pilothouse.admission.plugins.certificates import CertificateApproval, CertificateSigning, ClusterTrustBundleAttest
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.status import StatusError
from tests.admission.support import World, attributes, run

REQUESTS = GroupResource("certificates.k8s.io", "certificatesigningrequests")


def request(signer: str = "example.com/client", csr: str = "", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "r"}, "spec": {"signerName": signer, "request": csr}, "status": status}


def allowing(*allowed: tuple[str, str]) -> Any:
    async def may(context: Context, verb: str, name: str) -> bool:
        return (verb, name) in allowed

    return may


def validated(plugin: Any, obj: dict[str, Any], old: dict[str, Any]) -> None:
    asyncio.run(plugin.validate(attributes(REQUESTS, obj, "UPDATE", old_object=old)))


def test_approval() -> None:
    # judged by the stored signer, whatever the update says
    old, new = request(), request("other.com/x")
    for name in ("example.com/client", "example.com/*"):
        validated(CertificateApproval(allowing(("approve", name))), new, old)
    with pytest.raises(StatusError) as e:
        validated(CertificateApproval(allowing(("approve", "other.com/x"), ("sign", "example.com/client"))), new, old)
    assert e.value.message == (
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with '
        'signerName "example.com/client"'
    )


def test_signing() -> None:
    old, signed = request(), request(certificate="x")
    validated(CertificateSigning(allowing(("sign", "example.com/*"))), signed, old)
    validated(CertificateSigning(allowing()), request(conditions=[]), old)
    with pytest.raises(StatusError, match=r'user not permitted to sign requests with signerName "example\.com/client"'):
        validated(CertificateSigning(allowing()), signed, old)


def csr_of(organization: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(
        ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def test_nobody_becomes_almighty_by_certificate() -> None:
    async def test(world: World) -> None:
        client = "kubernetes.io/kube-apiserver-client"
        await world.admit(REQUESTS, request(client, csr_of("dev")))
        await world.admit(REQUESTS, request("example.com/x", csr_of("system:masters")))
        error = await world.refuse(REQUESTS, request(client, csr_of("system:masters")))
        assert error.message.endswith(f"use of {client} signer with system:masters group is not allowed")
        for broken in ("", "!", base64.b64encode(b"x").decode()):
            assert "failed to parse CSR" in (await world.refuse(REQUESTS, request(client, broken))).message

    run(test)


BUNDLES = GroupResource("certificates.k8s.io", "clustertrustbundles")


def test_attest() -> None:
    bundle = {"metadata": {"name": "b"}, "spec": {"signerName": "example.com/client", "trustBundle": "x"}}
    for name in ("example.com/client", "example.com/*"):
        asyncio.run(ClusterTrustBundleAttest(allowing(("attest", name))).validate(
            attributes(BUNDLES, bundle, "CREATE")
        ))
    nobody = ClusterTrustBundleAttest(allowing())
    with pytest.raises(StatusError) as e:
        asyncio.run(nobody.validate(attributes(BUNDLES, bundle, "CREATE")))
    assert e.value.message.endswith('user not permitted to attest for signerName "example.com/client"')
    # nobody's bundle, and what only cleans up
    asyncio.run(nobody.validate(attributes(BUNDLES, {**bundle, "spec": {"trustBundle": "x"}}, "CREATE")))
    cleaned = {**bundle, "metadata": {"name": "b", "finalizers": ["example.com/f"]}}
    asyncio.run(nobody.validate(attributes(BUNDLES, bundle, "UPDATE", old_object=cleaned)))
