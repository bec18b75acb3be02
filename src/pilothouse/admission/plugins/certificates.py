"""Who may approve and sign certificates, and for whom (upstream: plugin/pkg/admission/certificates).

The first two ask whether the user may `approve` or `sign` for the request's signer, a resource that exists
only in roles: signers.certificates.k8s.io, by name ("example.com/client") or by domain ("example.com/*").
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister, forbidden
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.pem import signing_request

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_REQUESTS: Final = GroupResource("certificates.k8s.io", "certificatesigningrequests")
_BUNDLES: Final = GroupResource("certificates.k8s.io", "clustertrustbundles")
_CLIENT_SIGNER: Final = "kubernetes.io/kube-apiserver-client"
_PRIVILEGED_GROUP: Final = "system:masters"
_ORGANIZATION, _COMMON_NAME = "2.5.4.10", "2.5.4.3"

#: Whether the context's user may do `verb` on the signer `name`: (context, verb, name) -> allowed.
MaySign = Callable[["Context", str, str], Awaitable[bool]]


async def _is_authorized(may: MaySign, context: "Context", verb: str, signer: str) -> bool:
    return await may(context, verb, signer) or await may(context, verb, signer.partition("/")[0] + "/*")


def _signer(a: Attributes) -> str:
    """The stored one: a write may not choose by which signer it is judged."""
    return str(((a.old_object or {}).get("spec") or {}).get("signerName") or "")


class CertificateApproval:
    def __init__(self, may: MaySign) -> None:
        self._may = may

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == UPDATE and resource == _REQUESTS and subresource == "approval"

    async def validate(self, a: Attributes) -> None:
        signer = _signer(a)
        if not await _is_authorized(self._may, a.context, "approve", signer):
            raise forbidden(a, f"user not permitted to approve requests with signerName {go_quote(signer)}")


class CertificateSigning:
    def __init__(self, may: MaySign) -> None:
        self._may = may

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == UPDATE and resource == _REQUESTS and subresource == "status"

    async def validate(self, a: Attributes) -> None:
        if _outcome(a.object) == _outcome(a.old_object):
            return
        signer = _signer(a)
        if not await _is_authorized(self._may, a.context, "sign", signer):
            raise forbidden(a, f"user not permitted to sign requests with signerName {go_quote(signer)}")


class ClusterTrustBundleAttest:
    """Whoever writes a signer's bundle must be allowed to `attest` for it. Cleaning up metadata is allowed to all."""

    def __init__(self, may: MaySign) -> None:
        self._may = may

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation in (CREATE, UPDATE) and resource == _BUNDLES

    async def validate(self, a: Attributes) -> None:
        # the new one: an update that changes the signer is refused by validation
        signer = str(((a.object or {}).get("spec") or {}).get("signerName") or "")
        if not signer or (a.operation == UPDATE and _collected(a.object) == _collected(a.old_object)):
            return
        if not await _is_authorized(self._may, a.context, "attest", signer):
            raise forbidden(a, f"user not permitted to attest for signerName {go_quote(signer)}")


def _collected(obj: dict[str, Any] | None) -> dict[str, Any]:
    """`obj` without what the garbage collector changes."""
    metadata = {
        key: value for key, value in ((obj or {}).get("metadata") or {}).items()
        if key not in ("ownerReferences", "finalizers", "managedFields")
    }
    return {**(obj or {}), "metadata": metadata}


def _outcome(obj: dict[str, Any] | None) -> tuple[Any, Any]:
    status = (obj or {}).get("status") or {}
    return status.get("certificate") or "", status.get("conditions") or []


class CertificateSubjectRestriction:
    """No client certificate makes its bearer almighty."""

    def __init__(self, lister: Lister) -> None: ...

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == _REQUESTS and not subresource

    async def validate(self, a: Attributes) -> None:
        spec = (a.object or {}).get("spec") or {}
        if spec.get("signerName") != _CLIENT_SIGNER:
            return
        try:
            organizations = _subject_values(spec.get("request") or "", _ORGANIZATION)
        except ValueError as e:
            raise forbidden(a, f"failed to parse CSR: {e}") from None
        if _PRIVILEGED_GROUP in organizations:
            raise forbidden(a, f"use of {_CLIENT_SIGNER} signer with {_PRIVILEGED_GROUP} group is not allowed")


def common_name(request: str) -> str:
    """The subject's common name of a base64 PEM certificate request: the last one, as Go reads it. Raises ValueError
    with the text for a request that is none."""
    names = _subject_values(request, _COMMON_NAME)
    return names[-1] if names else ""


def _subject_values(request: str, oid: str) -> list[str]:
    # heavy, and needed by few servers at all
    from cryptography import x509

    try:
        pem = base64.b64decode(request, validate=True)
    except binascii.Error as e:
        raise ValueError(str(e)) from None
    der = signing_request(pem)
    try:
        subject = x509.load_der_x509_csr(der).subject
    except ValueError as e:
        raise ValueError(f"asn1: structure error: {e}") from None
    return [str(attribute.value) for attribute in subject.get_attributes_for_oid(x509.ObjectIdentifier(oid))]
