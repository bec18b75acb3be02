"""Validation of pods' requests for certificates and of what signers answer (upstream: certificates/validation)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery import field, meta, names
from pilothouse.apimachinery.equality import same_or_empty
from pilothouse.apimachinery.field import AsJson, Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.pem import blocks
from pilothouse.apimachinery.validation import byte_length
from pilothouse.registry.certificates.pod_keys import requested_key, validate_key
from pilothouse.registry.conditions import validate_conditions
from pilothouse.registry.core.signers import (
    LEAST_EXPIRATION,
    most_expiration,
    validate_signer_name,
    validate_user_annotations,
)
from pilothouse.registry.rules import NO_FIELDS, NONE, Errors, Obj, go_struct, too_long, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

_OUTCOMES: Final = ("Issued", "Denied", "Failed")
_MOST_UID: Final = 128
_MOST_CHAIN: Final = 100 * 1024
_MINUTES: Final = 60
_CHAIN: Final = "status.certificateChain"
#: As net/mail reads addresses: with a name before it, or alone.
_ATOM: Final = r"[^\s\x00-\x1f()<>\[\]:;@\\,\".]+"
_ADDRESS: Final = rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\r\n]|\\.)*")@(?:{_ATOM}(?:\.{_ATOM})*|\[[^\[\]\\]*\])'
_is_mail = re.compile(rf"{_ADDRESS}|[^<>@]*<{_ADDRESS}>").fullmatch


def validate_pod_request(obj: Obj) -> Errors:
    spec = obj.get("spec") or NO_FIELDS
    signer = spec.get("signerName") or ""
    errors = [*within("spec.signerName", validate_signer_name(signer))]
    if (annotations := spec.get("unverifiedUserAnnotations")) is not None:
        errors += validate_user_annotations(annotations, "spec.unverifiedUserAnnotations")
    errors += within("spec", [*_named(spec)])
    seconds = spec.get("maxExpirationSeconds")
    if seconds is None:
        return [*errors, field.required("spec.maxExpirationSeconds", "must be set")]
    most = most_expiration(signer)
    if not LEAST_EXPIRATION <= seconds <= most:
        text = f"must be in the range [{LEAST_EXPIRATION}, {most}]"
        errors.append(field.invalid("spec.maxExpirationSeconds", seconds, text))
    return [*errors, *validate_key(spec)]


def _named(spec: Obj) -> Iterator[Error]:
    """The pod, its account and its node, each by name and UID."""
    for prefix in ("pod", "serviceAccount", "node"):
        name = spec.get(f"{prefix}Name") or ""
        shown = AsJson(name) if prefix == "node" else name
        for text in names.is_dns_subdomain(name):
            yield field.invalid(f"{prefix}Name", shown, text)
        if not spec.get(f"{prefix}UID"):
            yield field.invalid(f"{prefix}UID", "", "must not be empty")
        yield from too_long(spec, f"{prefix}UID", _MOST_UID)


def validate_pod_request_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj.get("spec") or NO_FIELDS, old.get("spec") or NO_FIELDS
    if same_or_empty(spec, before):
        return NONE
    shown = go_struct(
        spec, SignerName="", PodName="", PodUID="", ServiceAccountName="", ServiceAccountUID="", NodeName="",
        NodeUID="", MaxExpirationSeconds=None, PKIXPublicKey=None, ProofOfPossession=None, StubPKCS10Request=None,
        UnverifiedUserAnnotations=None,
    )
    return (field.invalid("spec", shown, IMMUTABLE),)


def validate_pod_request_status(obj: Obj, old: Obj, now: float) -> Errors:
    """`now` is in Unix seconds. A request is pending until it gets one of the outcomes, then nothing changes."""
    status, before = obj.get("status") or NO_FIELDS, old.get("status") or NO_FIELDS
    if errors := [*_outcome_errors(status), *within("status", validate_conditions(status))]:
        return errors
    outcome = _outcome(status)
    if _outcome(before):
        return _kept(status, before, "immutable after PodCertificateRequest is issued, denied, or failed")
    if outcome in ("Denied", "Failed"):
        rest = {name: value for name, value in status.items() if name != "conditions"}
        text = "non-condition status fields must be empty when denying or failing the PodCertificateRequest"
        return _kept(rest, NO_FIELDS, text)
    if outcome == "Issued":
        return _validate_issued(status, old.get("spec") or NO_FIELDS, now)
    text = 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"'
    return _kept(status, before, text)


def _outcome_errors(status: Obj) -> Errors:
    errors = []
    known = 0
    for i, condition in enumerate(status.get("conditions") or ()):
        # upstream writes the index as a field's name: kept
        at, kind, value = f"status.conditions.[{i}]", condition.get("type") or "", condition.get("status") or ""
        if kind not in _OUTCOMES:
            errors.append(field.not_supported(f"{at}.type", kind, _OUTCOMES))
            continue
        known += 1
        if known > 1:
            text = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
            errors.append(field.invalid(f"{at}.type", kind, text))
        if value != "True":
            errors.append(field.not_supported(f"{at}.status", AsJson(value), ("True",)))
    return errors


def _outcome(status: Obj) -> str:
    """The one outcome that the request has, "" while it is pending."""
    kinds = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
    return next((outcome for outcome in _OUTCOMES if outcome in kinds), "")


def _kept(status: Obj, wanted: Obj, text: str) -> Errors:
    return NONE if same_or_empty(status, wanted) else (field.invalid("status", field.OMIT_VALUE, text),)


# What a signer issued


def _validate_issued(status: Obj, spec: Obj, now: float) -> Errors:
    chain = status.get("certificateChain") or ""
    if byte_length(chain) > _MOST_CHAIN:
        return (field.too_long(_CHAIN, _MOST_CHAIN),)
    found = blocks(chain.encode())
    first = next(found, None)
    if first is None:
        return _bad_chain(chain, "issued certificate chain must contain at least one certificate")
    if first.kind != "CERTIFICATE":
        return _bad_chain(chain, "issued certificate chain must consist entirely of CERTIFICATE PEM blocks")
    leaf = _Leaf.read(first.data)
    if leaf is None:
        return _bad_chain(chain, "leaf certificate does not parse as valid X.509")
    errors = [*leaf.name_errors()]
    key, none = requested_key(spec)
    if none:
        return [*errors, *none]
    if leaf.key != key:
        return [*errors, *_bad_chain(chain, "leaf certificate was not issued to the requested public key")]
    errors += _missing_times(status)
    if errors:
        return errors
    if wrong := _time_error(status, spec, leaf, now):
        return (wrong,)
    for block in found:
        if block.kind != "CERTIFICATE":
            # spelled as upstream does
            return _bad_chain(chain, "issued certificate chain must consist entirely of CERTFICATE PEM blocks")
        if _Leaf.read(block.data) is None:
            return _bad_chain(chain, "intermediate certificate does not parse as valid X.509")
    return NONE


def _bad_chain(shown: Any, text: str) -> Errors:
    return (field.invalid(_CHAIN, shown, text),)


def _missing_times(status: Obj) -> Iterator[Error]:
    consistent = "must be present and consistent with the issued certificate"
    for name, text in (
        ("notBefore", consistent), ("notAfter", consistent),
        ("beginRefreshAt", "must be present and in the range [notbefore+10min, notafter-10min]"),
    ):
        if not status.get(name):
            yield field.required(f"status.{name}", text)


def _time_error(status: Obj, spec: Obj, leaf: _Leaf, now: float) -> Error | None:
    """The first of what is wrong with the times of a certificate."""
    before, after, refresh = (meta.parse_time(status[name]) for name in ("notBefore", "notAfter", "beginRefreshAt"))
    lifetime, most = leaf.after - leaf.before, spec.get("maxExpirationSeconds") or 0

    def wrong(name: str, text: str) -> Error:
        return field.invalid(f"status.{name}", status[name], text)

    if before != leaf.before:
        return wrong("notBefore", "must be set to the NotBefore time encoded in the leaf certificate")
    if abs(before - now) >= 5 * _MINUTES:
        return wrong("notBefore", "must be set to within 5 minutes of kube-apiserver's current time")
    if after != leaf.after:
        return wrong("notAfter", "must be set to the NotAfter time encoded in the leaf certificate")
    # Go shows durations in nanoseconds
    if lifetime < 60 * _MINUTES:
        return field.invalid(_CHAIN, lifetime * 10**9, "leaf certificate lifetime must be >= 1 hour")
    if lifetime > most:
        text = f"leaf certificate lifetime must be <= spec.maxExpirationSeconds ({most})"
        return field.invalid(_CHAIN, lifetime * 10**9, text)
    if refresh < before + 10 * _MINUTES:
        return wrong("beginRefreshAt", "must be at least 10 minutes after status.notBefore")
    if refresh > after - 10 * _MINUTES:
        return wrong("beginRefreshAt", "must be at least 10 minutes before status.notAfter")
    return None


class _Leaf:
    """What is looked at in a certificate. `before` and `after` are in Unix seconds; `key` is DER."""

    def __init__(self, certificate: x509.Certificate) -> None:
        """Raises ValueError or UnsupportedAlgorithm."""
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization

        self.before = int(certificate.not_valid_before_utc.timestamp())
        self.after = int(certificate.not_valid_after_utc.timestamp())
        self.key = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.hosts: list[str] = []
        self.mails: list[str] = []
        try:
            subject = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return
        self.hosts = subject.get_values_for_type(x509.DNSName)
        self.mails = subject.get_values_for_type(x509.RFC822Name)

    @classmethod
    def read(cls, der: bytes) -> _Leaf | None:
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            return cls(x509.load_der_x509_certificate(der))
        except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
            return None

    def name_errors(self) -> Iterator[Error]:
        for host in self.hosts:
            if not host:
                yield field.invalid(_CHAIN, host, "leaf certificate should not contain empty DNSName")
            if ".." in host:
                yield field.invalid(_CHAIN, host, "leaf certificate's DNSName should not contain '..'")
            if host.startswith(".") or host.endswith("."):
                yield field.invalid(_CHAIN, host, "leaf certificate's DNSName should not start or end with '.'")
        for address in self.mails:
            if not _is_mail(address.strip()):
                yield field.invalid(_CHAIN, address, "leaf certificate should not contain invalid EmailAddress")
