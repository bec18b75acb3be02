from typing import Any

from pilothouse.registry.apps import defaults

Object = dict[str, Any]


def test_deployment() -> None:
    obj: Object = {"metadata": {}, "spec": {"strategy": {}, "template": {"spec": {}}}}
    defaults.default_deployment(obj)
    template = obj["spec"].pop("template")
    assert obj["spec"] == {
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
    }
    assert template["spec"]["restartPolicy"] == "Always"


def test_a_deployment_that_recreates_does_not_roll() -> None:
    obj: Object = {"spec": {"strategy": {"type": "Recreate"}, "replicas": 0}}
    defaults.default_deployment(obj)
    assert obj["spec"]["strategy"] == {"type": "Recreate"}
    assert obj["spec"]["replicas"] == 0


def test_daemon_set() -> None:
    obj: Object = {"metadata": {"name": "a"}, "spec": {"updateStrategy": {}}}
    defaults.default_daemon_set(obj)
    assert obj["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert obj["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "0"}


def test_stateful_set() -> None:
    obj: Object = {"spec": {"updateStrategy": {}, "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": {}}]}}
    defaults.default_stateful_set(obj)
    claim = obj["spec"].pop("volumeClaimTemplates")[0]
    assert obj["spec"] == {
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "podManagementPolicy": "OrderedReady",
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "replicas": 1, "revisionHistoryLimit": 10,
    }
    assert claim["kind"] == "PersistentVolumeClaim"
    assert claim["status"] == {"phase": "Pending"}


def test_replica_set() -> None:
    obj: Object = {"spec": {}}
    defaults.default_replica_set(obj)
    assert obj["spec"] == {"replicas": 1}
