"""Fields that no gate lets in, and AppArmor's annotations."""

from pilothouse.registry.core.pod_annotation_validation import APP_ARMOR
from pilothouse.registry.core.pod_features import app_armor_fields, drop_disabled_fields, drop_disabled_status_fields
from tests.registry.core.checks import Object, container, pod


def test_fields_behind_gates_that_are_off() -> None:
    spec: Object = {
        "schedulingGroup": {}, "volumes": [{"projected": {"sources": [{"clusterTrustBundle": {}}]}}],
        "containers": [container(lifecycle={"stopSignal": "SIGHUP"})],
        "initContainers": [container(lifecycle={"stopSignal": "SIGHUP", "preStop": {}})],
    }
    drop_disabled_fields(spec)
    assert spec == {
        "volumes": [{"projected": {"sources": [{}]}}], "containers": [container()],
        "initContainers": [container(lifecycle={"preStop": {}})],
    }
    drop_disabled_fields(None)
    status: Object = {
        "nodeAllocatableResourceClaimStatuses": [], "containerStatuses": [{"volumeMounts": [{"volumeStatus": {}}]}]
    }
    drop_disabled_status_fields(status)
    assert status == {"containerStatuses": [{"volumeMounts": [{}]}]}


def test_annotations_become_fields() -> None:
    obj = pod({"annotations": {APP_ARMOR + "c": "localhost/x", APP_ARMOR + "d": "nonsense"}},
              containers=[container(), container(name="d"), container(name="e")])
    warnings = app_armor_fields(obj)
    assert [w.partition(":")[0] for w in warnings] == [
        f"metadata.annotations[{APP_ARMOR}c]", f"metadata.annotations[{APP_ARMOR}d]",
    ]
    contexts = [c.get("securityContext") for c in obj["spec"]["containers"]]
    assert contexts == [{"appArmorProfile": {"type": "Localhost", "localhostProfile": "x"}}, None, None]


def test_what_the_pod_says_already_is_not_repeated() -> None:
    obj = pod({"annotations": {APP_ARMOR + "c": "unconfined"}},
              securityContext={"appArmorProfile": {"type": "Unconfined"}})
    assert app_armor_fields(obj) == []
    assert "securityContext" not in obj["spec"]["containers"][0]
