"""The rules of ClusterTrustBundles (upstream: pkg/registry/certificates/clustertrustbundle, and their validation in
pkg/apis/certificates/validation)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery import field, names
from pilothouse.apimachinery.pem import Block, blocks
from pilothouse.apimachinery.validation import byte_length
from pilothouse.registry.core.signers import validate_signer_name
from pilothouse.registry.rest import Object
from pilothouse.registry.rules import Errors, Obj, immutable, within
from pilothouse.registry.strategies import Conditional

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_MOST_BYTES: Final = 1024 * 1024
_OMITTED: Final = "<value omitted>"


def selectable(bundle: Mapping[str, Any]) -> dict[str, str]:
    return {"spec.signerName": (bundle.get("spec") or {}).get("signerName") or ""}


class TrustBundleStrategy(Conditional):
    """A signer's bundles carry its name, so the good names depend on the spec."""

    validate_name = staticmethod(names.is_path_segment)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*_validate_names(obj), *_validate_spec(obj.get("spec") or {}, None)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        spec, before = obj.get("spec") or {}, old.get("spec") or {}
        return [
            *_validate_names(obj), *_validate_spec(spec, before),
            *within("spec", immutable(spec, before, "signerName", zero="")),
        ]


def _validate_names(bundle: Obj) -> Errors:
    signer = (bundle.get("spec") or {}).get("signerName") or ""
    return [
        field.invalid(f"metadata.{key}", name, text)
        for key, prefix in (("generateName", True), ("name", False))
        if (name := bundle["metadata"].get(key))
        for text in _name_texts(name, prefix, signer)
    ]


def _name_texts(name: str, prefix: bool, signer: str) -> list[str]:
    if not signer:
        if ":" in name:
            return ['ClusterTrustBundle without signer name must not have ":" in its name']
        return list(names.is_dns_subdomain(name, prefix))
    wanted = signer.replace("/", ":") + ":"
    if not name.startswith(wanted):
        return [f"ClusterTrustBundle for signerName {signer} must be named with prefix {wanted}"]
    return list(names.is_dns_subdomain(name.removeprefix(wanted), prefix))


def _validate_spec(spec: Obj, old: Obj | None) -> Errors:
    """A bundle that did not change is not looked at."""
    signer, bundle = spec.get("signerName"), spec.get("trustBundle") or ""
    errors = within("signerName", validate_signer_name(signer)) if signer else ()
    if old is None or bundle != (old.get("trustBundle") or ""):
        errors = [*errors, *within("trustBundle", _validate_bundle(bundle))]
    return within("spec", errors)


def _validate_bundle(bundle: str) -> Errors:
    if byte_length(bundle) > _MOST_BYTES:
        return (field.too_long("", _MOST_BYTES),)
    errors = []
    places: dict[bytes, list[int]] = {}
    for i, block in enumerate(blocks(bundle.encode())):
        if text := _anchor_error(block):
            errors.append(field.invalid("", _OMITTED, f"entry {i} {text}"))
        else:
            places.setdefault(block.data, []).append(i)
    if errors:
        return errors
    if not places:
        return (field.invalid("", _OMITTED, "at least one trust anchor must be provided"),)
    return [
        field.invalid("", _OMITTED, f"duplicate trust anchor (indices [{' '.join(map(str, indices))}])")
        for indices in places.values() if len(indices) > 1
    ]


def _anchor_error(block: Block) -> str:
    """Why a block is no certificate of an authority; "" if it is one."""
    if block.kind != "CERTIFICATE":
        return f"has bad block type: {block.kind}"
    if block.has_headers:
        return "has PEM block headers"
    from cryptography import x509  # heavy

    try:
        certificate = x509.load_der_x509_certificate(block.data)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return "does not have the CA bit set"
    except ValueError:
        return "does not parse as X.509"
    return "" if constraints.ca else "does not have the CA bit set"
