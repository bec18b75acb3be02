from typing import Any

import pytest

from pilothouse.apimachinery.http import Context
from pilothouse.registry.certificates.trust_bundles import TrustBundleStrategy
from tests.properties.valid import authority
from tests.registry.checks import begins

ANCHOR = authority()
LEAF = ANCHOR.replace("CERTIFICATE", "PUBLIC KEY")
STRATEGY = TrustBundleStrategy()


def bundle(trust: str = ANCHOR, name: str = "b", signer: str = "", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "spec": {"signerName": signer, "trustBundle": trust}}


def errors(obj: dict[str, Any], old: dict[str, Any] | None = None) -> Any:
    context = Context()
    return STRATEGY.validate(context, obj) if old is None else STRATEGY.validate_update(context, obj, old)


@pytest.mark.parametrize(("obj", "expected"), [
    (bundle(), []),
    (bundle(name="example.com:s:b", signer="example.com/s"), []),
    (bundle(name="b", signer="example.com/s"), [
        'metadata.name: Invalid value: "b": ClusterTrustBundle for signerName example.com/s must be named with prefix '
        "example.com:s:",
    ]),
    (bundle(name="a:b"), ['metadata.name: Invalid value: "a:b": ClusterTrustBundle without signer name must not have']),
    (bundle(name="s:b", signer="s"), ['spec.signerName: Invalid value: "s": must be a fully qualified domain']),
    (bundle(""), ['spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided']),
    (bundle(LEAF), ['spec.trustBundle: Invalid value: "<value omitted>": entry 0 has bad block type: PUBLIC KEY']),
    (bundle(ANCHOR + ANCHOR), [
        'spec.trustBundle: Invalid value: "<value omitted>": duplicate trust anchor (indices [0 1])',
    ]),
    (bundle("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), [
        'spec.trustBundle: Invalid value: "<value omitted>": entry 0 does not parse as X.509',
    ]),
    (bundle("x" * (1024 * 1024 + 1)), ["spec.trustBundle: Too long"]),
])
def test_bundles(obj: dict[str, Any], expected: list[str]) -> None:
    begins(errors(obj), expected)


def test_updates_look_only_at_changed_bundles_and_keep_the_signer() -> None:
    assert errors(bundle(""), bundle("")) == []
    begins(errors(bundle(name="e.com:s:b", signer="e.com/s"), bundle(name="e.com:s:b", signer="e.com/t")), [
        'spec.signerName: Invalid value: "e.com/s": field is immutable',
    ])
