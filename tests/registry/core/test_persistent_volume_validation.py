"""What is wrong with persistent volumes."""

from typing import Any

import pytest

from pilothouse.registry.core.persistent_volume_validation import (
    validate_volume,
    validate_volume_spec,
    validate_volume_update,
    volume_warnings,
)
from tests.registry.core.checks import Object, texts

_ZONE = "failure-domain.beta.kubernetes.io/zone"
_CSI = {"driver": "d", "volumeHandle": "h"}


def volume(annotations: Object | None = None, **spec: Any) -> Object:
    given = {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "nfs": {"server": "s", "path": "/"},
        "persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem", **spec,
    }
    metadata = {"name": "v", "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {k: v for k, v in given.items() if v is not None}}


def in_zone(key: str, zone: str = "z") -> Object:
    expression = {"key": key, "operator": "In", "values": [zone]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"accessModes": None}, ["accessModes: Required value"]),
        ({"capacity": None}, [
            "capacity: Required value", 'capacity: Unsupported value: null: supported values: "storage"',
        ]),
        ({"capacity": {"storage": "-1"}}, [
            "capacity[storage]: Invalid value: -1: must be a valid resource quantity",
            'capacity[storage]: Invalid value: "-1": must be greater than zero',
        ]),
        ({"persistentVolumeReclaimPolicy": "X"}, [
            'persistentVolumeReclaimPolicy: Unsupported value: "X": supported values: "Delete", "Recycle", "Retain"'
        ]),
        ({"nfs": None}, [": Required value: must specify a volume type"]),
        ({"hostPath": {"path": "/a"}}, ["nfs: Forbidden: may not specify more than 1 volume type"]),
        ({"nfs": None, "local": {"path": "/a"}},
         ["nodeAffinity: Required value: Local volume requires node affinity"]),
        ({"nodeAffinity": {}}, ["nodeAffinity.required: Required value: must specify required node constraints"]),
        ({"nfs": None, "hostPath": {"path": "/"}, "persistentVolumeReclaimPolicy": "Recycle"}, [
            "persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"
        ]),
        ({"nfs": None, "csi": {**_CSI, "nodePublishSecretRef": {}}}, [
            "csi.nodePublishSecretRef.name: Required value", "csi.nodePublishSecretRef.namespace: Required value",
        ]),
        ({"nfs": None, "cinder": {"volumeID": "i", "secretRef": {"name": "n"}}},
         ["cinder.secretRef.namespace: Required value"]),
        ({"volumeAttributesClassName": ""}, [
            "volumeAttributesClassName: Required value: an empty string is disallowed",
            "csi: Required value: has to be specified when using volumeAttributesClassName",
        ]),
    ],
)
def test_volumes(spec: Object, wanted: list[str]) -> None:
    found = texts(validate_volume(volume(**spec)))
    assert found == [f"spec{text}" if text[0] == ":" else f"spec.{text}" for text in wanted]


def test_inline_volumes() -> None:
    spec = volume()["spec"]
    inline = "in the context of inline volumes"
    assert texts(validate_volume_spec(spec, "", inline=True)) == [
        f"capacity: Forbidden: may not be specified {inline}", f"csi: Required value: has to be specified {inline}",
    ]


def test_mount_options_in_annotations() -> None:
    key = "volume.beta.kubernetes.io/mount-options"
    assert texts(validate_volume(volume({key: "a"}))) == []
    assert texts(validate_volume(volume({key: "a"}, nfs=None, csi=_CSI))) == [
        f"metadata.annotations.{key}: Forbidden: may not specify mount options for this volume type"
    ]


def test_the_source_stays() -> None:
    old, new = volume(nfs=None, csi=_CSI), volume(nfs=None, csi={**_CSI, "volumeHandle": "other"})
    (text,) = texts(validate_volume_update(new, old))
    assert text.startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n@@ "
    )
    assert '-  "VolumeHandle": "h",\n+  "VolumeHandle": "other",\n' in text
    reference = {"name": "n", "namespace": "s"}
    expanding = volume(nfs=None, csi={**_CSI, "controllerExpandSecretRef": reference})
    assert texts(validate_volume_update(expanding, old)) == []


def test_what_is_wrong_is_said_twice_on_update() -> None:
    assert texts(validate_volume_update(volume(accessModes=None), volume())) == ["spec.accessModes: Required value"] * 2


def test_an_affinity_may_take_newer_labels() -> None:
    old = volume(nodeAffinity=in_zone(_ZONE))
    assert texts(validate_volume_update(volume(nodeAffinity=in_zone("topology.kubernetes.io/zone")), old)) == []
    (text,) = texts(validate_volume_update(volume(nodeAffinity=in_zone(_ZONE, "y")), old))
    assert text.startswith("nodeAffinity: Invalid value: {")
    assert text.endswith("field is immutable, except for updating from beta label to GA")


def test_warnings() -> None:
    old = volume(persistentVolumeReclaimPolicy="Recycle", nodeAffinity=in_zone(_ZONE), rbd={})
    assert [text.split(":")[0] for text in volume_warnings(old)] == [
        "spec.persistentVolumeReclaimPolicy",
        "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key", "spec.rbd",
    ]
