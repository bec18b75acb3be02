"""Fields that no gate lets in, and AppArmor's annotations."""

from pilothouse.registry.core.pod_annotation_validation import APP_ARMOR
from pilothouse.registry.core.pod_features import app_armor_fields, drop_disabled_fields, drop_disabled_status_fields
from pilothouse.registry.core.pod_rules import PodRules
from tests.registry.core.checks import Object, container, pod


def test_fields_behind_gates_that_are_off() -> None:
    spec: Object = {
        "schedulingGroup": {},
        "volumes": [{"projected": {"sources": [{"clusterTrustBundle": {}}, {"podCertificate": {}}]}}],
        "containers": [container(lifecycle={"stopSignal": "SIGHUP"})],
        "initContainers": [container(lifecycle={"stopSignal": "SIGHUP", "preStop": {}})],
    }
    drop_disabled_fields(spec, None, PodRules())
    assert spec == {
        "volumes": [{"projected": {"sources": [{}, {}]}}], "containers": [container()],
        "initContainers": [container(lifecycle={"preStop": {}})],
    }
    drop_disabled_fields(None, None, PodRules())
    status: Object = {
        "nodeAllocatableResourceClaimStatuses": [], "containerStatuses": [{"volumeMounts": [{"volumeStatus": {}}]}]
    }
    drop_disabled_status_fields(status)
    assert status == {"containerStatuses": [{"volumeMounts": [{}]}]}


def grouped() -> Object:
    return {"schedulingGroup": {"podGroupName": "g"}, "volumes": [{"projected": {"sources": [{"podCertificate": {}}]}}]}


def test_gates_let_fields_in_and_what_is_stored_may_stay() -> None:
    spec = grouped()
    drop_disabled_fields(spec, None, PodRules(pod_certificates=True, scheduling_groups=True))
    assert spec == grouped()
    drop_disabled_fields(spec, grouped(), PodRules())
    assert spec == grouped()
    drop_disabled_fields(spec, {"volumes": [{}]}, PodRules())
    assert spec == {"volumes": [{"projected": {"sources": [{}]}}]}


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
