"""Volumes made of keys of other objects."""

import pytest

from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.projected_validation import validate_projected
from tests.registry.core.checks import POD_RULES, Object, texts


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        ([], []),
        ([{}], []),
        ([{"secret": {"name": "s", "items": [{"key": "k", "path": "a"}]}}, {"configMap": {}}],
         ["sources[1].configMap.name: Required value"]),
        ([{"secret": {"name": "s", "items": [{"key": "k", "path": "a"}]}},
          {"configMap": {"name": "c", "items": [{"key": "k", "path": "a"}]}}],
         [': Invalid value: "c": conflicting duplicate paths']),
        ([{"serviceAccountToken": {"path": "/t", "expirationSeconds": 2**33}}], [
            "sources[0].serviceAccountToken.expirationSeconds: Invalid value: 8589934592: may not specify a duration "
            "larger than 2^32 seconds",
            'path: Invalid value: "/t": must be a relative path',
        ]),
        ([{"podCertificate": {"signerName": "e.com/s", "keyType": "ED25519", "keyPath": "k"}}], []),
        ([{"secret": {"name": "s", "items": [{"key": "k", "path": "a"}]}}, {"podCertificate": {
            "signerName": "s", "maxExpirationSeconds": 60, "keyPath": "a", "credentialBundlePath": "/b",
            "userAnnotations": {"k": ""},
        }}], [
            'sources[1].podCertificate.signerName: Invalid value: "s": must be a fully qualified domain and path of '
            "the form 'example.com/signer-name'",
            'sources[1].podCertificate.userAnnotations: Invalid value: "k": must be a domain-prefixed key (such as '
            '"acme.io/foo")',
            'sources[1].podCertificate.keyType: Unsupported value: "": supported values: "RSA3072", "RSA4096", '
            '"ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"',
            "sources[1].podCertificate.maxExpirationSeconds: Invalid value: 60: if provided, maxExpirationSeconds must "
            "be >= 3600",
            'sources[1].podCertificate.credentialBundlePath: Invalid value: "/b": must be a relative path',
            ': Invalid value: "a": conflicting duplicate paths',
        ]),
        ([{"podCertificate": {"signerName": "kubernetes.io/s", "keyType": "RSA3072", "maxExpirationSeconds": 86401}}], [
            "sources[0].podCertificate.maxExpirationSeconds: Invalid value: 86401: if provided, maxExpirationSeconds "
            "must be <= 86400",
            "sources[0].podCertificate: Required value: specify at least one of credentialBundlePath, keyPath, and "
            "certificateChainPath",
        ]),
        ([{"secret": {"name": "s"}, "configMap": {"name": "c"}}],
         ["sources[0]: Forbidden: may not specify more than 1 volume type per source"]),
        ([{"downwardAPI": {"items": [{"path": "a"}]}}],
         ["sources[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"]),
    ],
)
def test_sources(sources: list[Object], wanted: list[str]) -> None:
    assert texts(validate_projected({"sources": sources}, POD_RULES)) == wanted


def test_stored_pods_keep_their_paths() -> None:
    source = {"sources": [{"serviceAccountToken": {"path": "/t", "expirationSeconds": 3600}}]}
    assert validate_projected(source, POD_RULES)
    assert not validate_projected(source, PodRules(non_local_token_path=True))
