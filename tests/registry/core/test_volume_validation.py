"""Volumes of pods: which sources, how many, and what is wrong with each."""

import pytest

from pilothouse.registry.core.volume_validation import validate_volumes
from tests.registry.core.checks import LABEL, POD_RULES, SUBDOMAIN, Object, texts

_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def check(*volumes: Object, pod: str = "") -> list[str]:
    return texts(validate_volumes(volumes, {"name": pod} if pod else None, POD_RULES)[1])


def test_good_volumes_are_known_by_name() -> None:
    good = {"name": "a", "emptyDir": {"sizeLimit": "1Gi"}}
    volumes, errors = validate_volumes([good, {"name": "b", "hostPath": {}}], None, POD_RULES)
    assert volumes == {"a": good}
    assert texts(errors) == ["[1].hostPath.path: Required value"]


@pytest.mark.parametrize(
    ("volume", "wanted"),
    [
        ({}, ["[0]: Required value: must specify a volume type"]),
        ({"emptyDir": {"sizeLimit": "-1"}}, ["[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid "
                                             "resource quantity"]),
        ({"emptyDir": {}, "hostPath": {"path": "/"}}, ["[0].hostPath: Forbidden: may not specify more than 1 volume "
                                                       "type"]),
        ({"secret": {"secretName": "s"}, "cephfs": {}}, ["[0].cephFS: Forbidden: may not specify more than 1 volume "
                                                         "type"]),
        ({"hostPath": {"path": "/a/../b"}}, ['[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'']),
        (
            {"hostPath": {"path": "/a", "type": "X"}},
            [
                '[0].hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", '
                '"Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"'
            ],
        ),
        ({"gitRepo": {"directory": "/x"}}, ["[0].gitRepo.repository: Required value",
                                           '[0].gitRepo.directory: Invalid value: "/x": must be a relative path']),
        ({"gcePersistentDisk": {"partition": 256}}, [
            "[0].persistentDisk.pdName: Required value",
            "[0].persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive",
        ]),
        ({"awsElasticBlockStore": {}}, ["[0].awsElasticBlockStore.volumeID: Required value"]),
        ({"secret": {"defaultMode": 512}}, ["[0].secret.secretName: Required value",
                                           f"[0].secret.defaultMode: Invalid value: 512: {_MODE}"]),
        ({"nfs": {"server": "s"}}, ["[0].nfs.path: Required value",
                                   '[0].nfs.path: Invalid value: "": must be an absolute path']),
        ({"iscsi": {"targetPortal": "p", "iqn": "x", "lun": 300, "chapAuthSession": True}}, [
            '[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
            "[0].iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive",
            "[0].iscsi.secretRef: Required value",
        ]),
        ({"iscsi": {"targetPortal": "p" * 70, "iqn": "iqn.2020-01.com.example:a", "initiatorName": "eui.0"}}, [
            '[0].iscsi.initiatorname: Invalid value: "eui.0": must be valid format',
            '[0].name: Invalid value: "v": Total length of <volume name>:<iscsi.targetPortal> must be under 64 '
            "characters if iscsi.initiatorName is specified.",
        ]),
        ({"glusterfs": {}}, ["[0].glusterfs.endpoints: Required value", "[0].glusterfs.path: Required value"]),
        ({"flocker": {"datasetName": "a/b", "datasetUUID": "u"}}, [
            '[0].flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously',
            '[0].flocker.datasetName: Invalid value: "a/b": must not contain \'/\'',
        ]),
        ({"persistentVolumeClaim": {}}, ["[0].persistentVolumeClaim.claimName: Required value"]),
        ({"rbd": {"monitors": ["m"]}}, ["[0].rbd.image: Required value"]),
        ({"cinder": {"secretRef": {}}}, ["[0].cinder.volumeID: Required value",
                                        "[0].cinder.secretRef.name: Required value"]),
        ({"cephfs": {}}, ["[0].cephfs.monitors: Required value"]),
        ({"quobyte": {"registry": "a,b:1", "volume": "v"}}, [
            '[0].quobyte.registry: Invalid value: "a,b:1": must be a host:port pair or multiple pairs separated by '
            "commas"
        ]),
        ({"fc": {"targetWWNs": ["a"]}}, ["[0].fc.lun: Required value: lun is required if targetWWNs is specified"]),
        ({"flexVolume": {"driver": "d", "options": {"a.k8s.io/x": ""}}}, [
            '[0].flexVolume.options[a.k8s.io/x]: Invalid value: "a.k8s.io/x": kubernetes.io and k8s.io namespaces are '
            "reserved"
        ]),
        ({"azureDisk": {"diskName": "d", "diskURI": "x", "kind": "Managed"}}, [
            '[0].azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/'
            '{group-name}/providers/microsoft.compute/disks/{disk-id}"'
        ]),
        ({"storageos": {"volumeName": "A"}}, [f'[0].storageos.volumeName: Invalid value: "A": {LABEL}']),
        ({"scaleIO": {"system": "s"}}, ["[0].scaleIO.gateway: Required value",
                                       "[0].scaleIO.volumeName: Required value"]),
        ({"csi": {"driver": "x" * 64, "nodePublishSecretRef": {"name": "A"}}}, [
            "[0].csi.driver: Too long: may not be more than 63 bytes",
            f'[0].csi.name: Invalid value: "A": {SUBDOMAIN}',
        ]),
        ({"ephemeral": {}}, ["[0].ephemeral.volumeClaimTemplate: Required value"]),
        ({"image": {"pullPolicy": "Always"}}, ["[0].image.reference: Required value"]),
    ],
)
def test_sources(volume: Object, wanted: list[str]) -> None:
    assert check({"name": "v", **volume}) == wanted


def test_names() -> None:
    assert check({"emptyDir": {}}) == ["[0].name: Required value"]
    assert check({"name": "A", "emptyDir": {}}) == [f'[0].name: Invalid value: "A": {LABEL}']
    assert check({"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}) == ['[1].name: Duplicate value: "a"']


def test_claims_that_are_made_for_the_pod_are_its_own() -> None:
    claim = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    volumes = (
        {"name": "e", "ephemeral": {"volumeClaimTemplate": claim}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "p-e"}},
    )
    assert check(*volumes) == []
    assert check(*volumes, pod="p") == [
        '[1].persistentVolumeClaim.claimName: Invalid value: "p-e": must not reference a PVC that gets created for '
        "an ephemeral volume"
    ]
