"""Mounts and block devices of containers."""

import pytest

from pilothouse.registry.core.mount_validation import validate_devices, validate_mounts
from tests.registry.core.checks import Object, texts

VOLUMES: dict[str, Object] = {"v": {"emptyDir": {}}, "c": {"persistentVolumeClaim": {}}}


@pytest.mark.parametrize(
    ("mounts", "container", "wanted"),
    [
        ([{"name": "v", "mountPath": "/a"}], {}, []),
        ([{"name": "x"}], {}, ['[0].name: Not found: "x"', "[0].mountPath: Required value"]),
        ([{"name": "v", "mountPath": "/a"}] * 2, {}, ['[1].mountPath: Invalid value: "/a": must be unique']),
        ([{"name": "c", "mountPath": "/a"}], {"volumeDevices": [{"name": "c", "devicePath": "/a"}]}, [
            '[0].name: Invalid value: "c": must not already exist in volumeDevices',
            '[0].mountPath: Invalid value: "/a": must not already exist as a path in volumeDevices',
        ]),
        ([{"name": "v", "mountPath": "/a", "subPath": "../x", "subPathExpr": "/y"}], {}, [
            "subPath: Invalid value: \"../x\": must not contain '..'",
            '[0].subPathExpr: Invalid value: "/y": subPathExpr and subPath are mutually exclusive',
            'subPathExpr: Invalid value: "/y": must be a relative path',
        ]),
        ([{"name": "v", "mountPath": "/a", "mountPropagation": "Bidirectional"}], {}, [
            "mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers"
        ]),
        ([{"name": "v", "mountPath": "/a", "mountPropagation": "Bidirectional"}],
         {"securityContext": {"privileged": True}}, []),
        ([{"name": "v", "mountPath": "/a", "recursiveReadOnly": "Enabled", "mountPropagation": "HostToContainer"}], {},
         [
            "recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
            "recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified",
        ]),
        ([{"name": "v", "mountPath": "/a", "recursiveReadOnly": "X"}], {}, [
            'recursiveReadOnly: Unsupported value: "X": supported values: "Disabled", "Enabled", "IfPossible"'
        ]),
    ],
)
def test_mounts(mounts: list[Object], container: Object, wanted: list[str]) -> None:
    assert texts(validate_mounts(mounts, container, VOLUMES)) == wanted


@pytest.mark.parametrize(
    ("devices", "container", "wanted"),
    [
        ([{"name": "c", "devicePath": "/d"}], {}, []),
        ([{"name": "v", "devicePath": "/d"}], {}, [
            '[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for '
            "block mode"
        ]),
        ([{}], {}, ["[0].name: Required value", '[0].name: Not found: ""', "[0].devicePath: Required value"]),
        ([{"name": "c", "devicePath": "/a/../b"}], {}, [
            "[0].devicePath: Invalid value: \"/a/../b\": can not contain backsteps ('..')"
        ]),
        ([{"name": "c", "devicePath": "/d"}] * 2, {"volumeMounts": [{"name": "c", "mountPath": "/d"}]}, [
            '[0].name: Invalid value: "c": must not already exist in volumeMounts',
            '[0].devicePath: Invalid value: "/d": must not already exist as a path in volumeMounts',
            '[1].name: Invalid value: "c": must be unique',
            '[1].devicePath: Invalid value: "/d": must be unique',
            '[1].name: Invalid value: "c": must not already exist in volumeMounts',
            '[1].devicePath: Invalid value: "/d": must not already exist as a path in volumeMounts',
        ]),
    ],
)
def test_devices(devices: list[Object], container: Object, wanted: list[str]) -> None:
    assert texts(validate_devices(devices, container, VOLUMES)) == wanted
