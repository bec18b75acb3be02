"""Validation of certificate signing requests (upstream: pkg/apis/certificates/validation)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, go_quote
from pilothouse.registry.certificates.pem import certificates_error, request_error
from pilothouse.registry.core.signers import validate_signer_name
from pilothouse.registry.rules import Errors, unique, within

Object = Mapping[str, Any]

_DECISIONS = ("Approved", "Denied")
_ONLY_TRUE = (*_DECISIONS, "Failed")
_ANY = ("False", "True", "Unknown")
_WHERE = "status.conditions"
_LEGACY_SIGNER: Final = "kubernetes.io/legacy-unknown"
_LEAST_SECONDS: Final = 600
_USAGES: Final = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)


def validate_signing_request(obj: Object, old: Object | None = None) -> list[Error]:
    """What was wrong in `old` already may stay."""
    return [
        *within("spec", _validate_spec(obj.get("spec") or {}, None if old is None else old.get("spec") or {})),
        *validate_conditions(obj, old),
        *_validate_chain(obj, old),
    ]


def validate_signing_request_update(obj: Object, old: Object, *, decides: bool, signs: bool) -> list[Error]:
    """`decides`: by /approval, which may set conditions. `signs`: by /status, which may set the certificate."""
    return [
        *validate_signing_request(obj, old), *validate_kept(obj, old, decides=decides),
        *validate_certificate(obj, old, signs=signs),
    ]


def _validate_spec(spec: Object, old: Object | None) -> Errors:
    request, usages = spec.get("request"), spec.get("usages") or []
    before = (old or {}).get("usages") or []
    errors: list[Error] = []
    if text := request_error(base64.b64decode(request or "")):
        errors.append(field.invalid("request", request, text))
    if not usages:
        errors.append(field.required("usages"))
    if set(before) <= set(_USAGES):
        errors += [
            field.not_supported(f"usages[{i}]", usage, _USAGES)
            for i, usage in enumerate(usages) if usage not in _USAGES
        ]
    if len(set(before)) == len(before):
        errors += unique(spec, "usages")
    signer = spec.get("signerName") or ""
    if signer == _LEGACY_SIGNER and (old is None or old.get("signerName") != signer):
        text = "the legacy signerName is not allowed via this API version"
        errors.append(field.invalid("signerName", signer, text))
    else:
        errors += within("signerName", validate_signer_name(signer))
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _LEAST_SECONDS:
        text = f"may not specify a duration less than {_LEAST_SECONDS} seconds (10 minutes)"
        errors.append(field.invalid("expirationSeconds", seconds, text))
    return errors


def _validate_chain(obj: Object, old: Object | None) -> list[Error]:
    """A certificate that did not change, or follows a bad one, is not looked at."""
    new, before = ((o.get("status") or {}).get("certificate") or "" for o in (obj, old or {}))
    text = certificates_error(base64.b64decode(new)) if new and new != before else ""
    if not text or (before and certificates_error(base64.b64decode(before))):
        return []
    return [field.invalid("status.certificate", "<certificate data>", text)]


def validate_conditions(obj: Object, old: Object | None) -> list[Error]:
    """What was wrong in `old` already may stay."""
    conditions = _conditions(obj)
    before = [condition.get("type") or "" for condition in _conditions(old)] if old is not None else []
    kinds_before = set(before)
    both_before = kinds_before.issuperset(_DECISIONS)
    repeated_before = len(kinds_before) != len(before)
    errors = []
    seen: set[str] = set()
    for i, condition in enumerate(conditions):
        kind, status = condition.get("type") or "", condition.get("status") or ""
        if not kind and "" not in kinds_before:
            errors.append(field.required(f"{_WHERE}[{i}].type"))
        allowed = ("True",) if kind in _ONLY_TRUE else _ANY
        if not status:
            errors.append(field.required(f"{_WHERE}[{i}].status"))
        elif status not in allowed:
            errors.append(field.not_supported(f"{_WHERE}[{i}].status", status, allowed))
        if kind in _DECISIONS and not both_before and any(k != kind and k in seen for k in _DECISIONS):
            text = "Approved and Denied conditions are mutually exclusive"
            errors.append(field.invalid(_WHERE, kind, text))
        if kind in seen and not repeated_before:
            errors.append(field.duplicate(f"{_WHERE}[{i}].type", kind))
        seen.add(kind)
    return errors


def validate_kept(obj: Object, old: Object, *, decides: bool) -> list[Error]:
    """Decisions and failures cannot be taken back; only /approval (`decides`) can decide."""
    errors = []
    for kind in _ONLY_TRUE:
        if len(_of(obj, kind)) < len(_of(old, kind)):
            errors.append(field.forbidden(_WHERE, f"updates may not remove a condition of type {go_quote(kind)}"))
    for kind in () if decides else _DECISIONS:
        new, before = _of(obj, kind), _of(old, kind)
        if len(new) > len(before):
            errors.append(field.forbidden(_WHERE, f"updates may not add a condition of type {go_quote(kind)}"))
        elif len(new) == len(before) and new != before:
            errors.append(field.forbidden(_WHERE, f"updates may not modify a condition of type {go_quote(kind)}"))
    return errors


def validate_certificate(obj: Object, old: Object, *, signs: bool) -> list[Error]:
    """Only /status (`signs`) can set the certificate, and only once."""
    new, before = ((o.get("status") or {}).get("certificate") or "" for o in (obj, old))
    if new == before:
        return []
    if not signs:
        return [field.forbidden("status.certificate", "updates may not set certificate content")]
    if before:
        return [field.forbidden("status.certificate", "updates may not modify existing certificate content")]
    return []


def _conditions(obj: Object) -> list[Object]:
    return (obj.get("status") or {}).get("conditions") or []


def _of(obj: Object, kind: str) -> list[Object]:
    return [condition for condition in _conditions(obj) if condition.get("type") == kind]
