"""Validation of volumes made of keys of other objects (upstream: core/validation validateProjectedVolumeSource).

Sources behind gates that are off (cluster trust bundles, perhaps pod certificates) have been dropped before.
"""

from __future__ import annotations

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.downward_validation import volume_file
from pilothouse.registry.core.paths import is_local_path, mode
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.signers import (
    LEAST_EXPIRATION,
    most_expiration,
    validate_signer_name,
    validate_user_annotations,
)
from pilothouse.registry.remembered import Good
from pilothouse.registry.rules import NONE, Check, Errors, Obj, each, matching, one_of, required, within

_CONFLICT = "conflicting duplicate paths"
_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_CERTIFICATE_PATHS = ("credentialBundlePath", "keyPath", "certificateChainPath")
_TEN_MINUTES = 10 * 60


def key_to_path(item: Obj) -> Errors:
    return [
        *required(item, "key"), *required(item, "path"), *matching(item, "path", is_local_path), *mode(item, "mode"),
    ]


def keys_of(name: str) -> Check:
    """A volume of one object's keys, which `name` names: a secret's or a config map's."""

    def check(source: Obj) -> Errors:
        return [*required(source, name), *mode(source, "defaultMode"), *each(source, "items", key_to_path)]

    return check


_good = Good()


def validate_projected(source: Obj, rules: PodRules) -> Errors:
    key = _good.key(source, rules.non_local_token_path)
    if key in _good:
        return NONE
    errors = _check_projected(source, rules)
    if not errors:
        _good.add(key)
    return errors


def _check_projected(source: Obj, rules: PodRules) -> Errors:
    errors = [*mode(source, "defaultMode")]
    paths: set[str] = set()
    for i, part in enumerate(source.get("sources") or ()):
        at = f"sources[{i}]"
        for name in ("secret", "configMap"):
            if (keys := part.get(name)) is not None:
                errors += _keys(keys, f"{at}.{name}", paths)
        if (files := part.get("downwardAPI")) is not None:
            errors += _files(files, f"{at}.downwardAPI", paths)
        if (token := part.get("serviceAccountToken")) is not None:
            errors += _token(token, f"{at}.serviceAccountToken", rules)
        if (certificate := part.get("podCertificate")) is not None:
            errors += _certificate(certificate, f"{at}.podCertificate", paths)
        if len(part) > 1:
            errors.append(field.forbidden(at, "may not specify more than 1 volume type per source"))
    return errors


def _keys(source: Obj, at: str, paths: set[str]) -> Errors:
    errors = [*within(at, required(source, "name"))]
    for i, item in enumerate(source.get("items") or ()):
        errors += within(f"{at}.items[{i}]", key_to_path(item))
        if item.get("path") in paths:
            # upstream says it of the volume, and shows the source: kept
            errors.append(field.invalid("", source.get("name") or "", _CONFLICT))
        elif item.get("path"):
            paths.add(item["path"])
    return errors


def _files(source: Obj, at: str, paths: set[str]) -> Errors:
    errors: list[Error] = []
    for file in source.get("items") or ():
        errors += within(at, volume_file(file))
        path = file.get("path")
        if path in paths:
            errors.append(field.invalid("", path, _CONFLICT))
        elif path:
            paths.add(path)
    return errors


def _token(token: Obj, at: str, rules: PodRules) -> Errors:
    errors: list[Error] = []
    seconds = token.get("expirationSeconds") or 0
    if seconds < _TEN_MINUTES:
        text = "may not specify a duration less than 10 minutes"
        errors.append(field.invalid(f"{at}.expirationSeconds", seconds, text))
    if seconds > 1 << 32:
        text = "may not specify a duration larger than 2^32 seconds"
        errors.append(field.invalid(f"{at}.expirationSeconds", seconds, text))
    # upstream looks for the path beside the sources: kept
    if not token.get("path"):
        errors.append(field.required("path"))
    elif not rules.non_local_token_path:
        errors += matching(token, "path", is_local_path)
    return errors


def _certificate(source: Obj, at: str, paths: set[str]) -> Errors:
    signer, seconds = source.get("signerName") or "", source.get("maxExpirationSeconds")
    errors = [*within(f"{at}.signerName", validate_signer_name(signer))]
    if (annotations := source.get("userAnnotations")) is not None:
        errors += validate_user_annotations(annotations, f"{at}.userAnnotations")
    errors += within(at, one_of(source, "keyType", _KEY_TYPES))
    if seconds is not None:
        most = most_expiration(signer)
        text = "if provided, maxExpirationSeconds must be "
        if seconds < LEAST_EXPIRATION:
            errors.append(field.invalid(f"{at}.maxExpirationSeconds", seconds, f"{text}>= {LEAST_EXPIRATION}"))
        if seconds > most:
            errors.append(field.invalid(f"{at}.maxExpirationSeconds", seconds, f"{text}<= {most}"))
    given = [name for name in _CERTIFICATE_PATHS if source.get(name)]
    for name in given:
        errors += within(at, matching(source, name, is_local_path))
        if source[name] in paths:
            errors.append(field.invalid("", source[name], _CONFLICT))
        paths.add(source[name])
    if not given:
        text = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
        errors.append(field.required(at, text))
    return errors
