from typing import Any

import pytest

from pilothouse.registry.core.volume_defaults import default_claim_spec, default_persistent_source, default_volume


@pytest.mark.parametrize(
    ("source", "defaulted"),
    [
        ({}, {"emptyDir": {}}),
        ({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}),
        ({"secret": {}}, {"secret": {"defaultMode": 420}}),
        ({"configMap": {"defaultMode": 0}}, {"configMap": {"defaultMode": 0}}),
        ({"iscsi": {"iscsiInterface": ""}}, {"iscsi": {"iscsiInterface": "default"}}),
        ({"rbd": {"pool": "p"}}, {"rbd": {"pool": "p", "user": "admin", "keyring": "/etc/ceph/keyring"}}),
        (
            {"azureDisk": {}},
            {"azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"}},
        ),
        ({"scaleIO": {}}, {"scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"}}),
        (
            {"downwardAPI": {"items": [{"fieldRef": {}}]}},
            {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1"}}], "defaultMode": 420}},
        ),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                    "defaultMode": 420,
                }
            },
        ),
        (
            {"ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"volumeMode": "Filesystem"}}}},
        ),
        ({"image": {"reference": "x"}}, {"image": {"reference": "x", "pullPolicy": "Always"}}),
        ({"nfs": {"server": "s"}}, {"nfs": {"server": "s"}}),
    ],
)
def test_sources(source: dict[str, Any], defaulted: dict[str, Any]) -> None:
    volume = {"name": "v", **source}
    default_volume(volume)
    assert volume == {"name": "v", **defaulted}


def test_claims() -> None:
    spec: dict[str, Any] = {"resources": {"requests": {"storage": "1u"}}}
    default_claim_spec(spec)
    assert spec == {"resources": {"requests": {"storage": "1m"}}, "volumeMode": "Filesystem"}


def test_persistent_sources() -> None:
    spec: dict[str, Any] = {"hostPath": {"path": "/"}, "capacity": {}}
    default_persistent_source(spec)
    assert spec["hostPath"] == {"path": "/", "type": ""}
