from typing import Any

import pytest

from pilothouse.registry.core import defaults

Object = dict[str, Any]


def test_replication_controller_takes_its_template_labels() -> None:
    rc: Object = {"metadata": {"name": "a"}, "spec": {"template": {"metadata": {"labels": {"x": "y"}}, "spec": {}}}}
    defaults.default_replication_controller(rc)
    assert rc["spec"]["replicas"] == 1
    assert rc["spec"]["selector"] == rc["metadata"]["labels"] == {"x": "y"}
    assert rc["spec"]["template"]["spec"]["restartPolicy"] == "Always"


def test_service() -> None:
    service: Object = {"metadata": {}, "spec": {"ports": [{"port": 80}, {"port": 81, "targetPort": "web"}]}}
    defaults.default_service(service)
    assert service["spec"] == {
        "ports": [
            {"port": 80, "protocol": "TCP", "targetPort": 80}, {"port": 81, "targetPort": "web", "protocol": "TCP"},
        ],
        "sessionAffinity": "None", "type": "ClusterIP", "internalTrafficPolicy": "Cluster",
    }


def test_service_load_balancer() -> None:
    service: Object = {
        "spec": {"type": "LoadBalancer", "sessionAffinity": "ClientIP"},
        "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "h"}]}},
    }
    defaults.default_service(service)
    spec = service["spec"]
    assert spec["externalTrafficPolicy"] == "Cluster"
    assert spec["allocateLoadBalancerNodePorts"] is True
    assert spec["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    assert service["status"]["loadBalancer"]["ingress"] == [{"ip": "1.2.3.4", "ipMode": "VIP"}, {"hostname": "h"}]


def test_service_external_name_has_no_policies() -> None:
    service: Object = {"spec": {"type": "ExternalName", "sessionAffinityConfig": {"clientIP": {}}}}
    defaults.default_service(service)
    assert service["spec"] == {"type": "ExternalName", "sessionAffinity": "None"}


def test_service_with_external_ips_is_exposed() -> None:
    service: Object = {"spec": {"externalIPs": ["1.2.3.4"]}}
    defaults.default_service(service)
    assert service["spec"]["externalTrafficPolicy"] == "Cluster"


def test_secret_texts_become_data() -> None:
    secret: Object = {"stringData": {"a": "b", "c": ""}, "data": {"a": "eA==", "d": "eQ=="}}
    defaults.default_secret(secret)
    assert secret == {"data": {"a": "Yg==", "d": "eQ==", "c": ""}, "type": "Opaque"}


def test_namespace_is_labelled_with_its_name_once_it_has_one() -> None:
    namespace: Object = {"metadata": {"name": "a", "labels": {"x": "y"}}}
    defaults.default_namespace(namespace)
    assert namespace["metadata"]["labels"] == {"x": "y", "kubernetes.io/metadata.name": "a"}
    assert namespace["status"] == {"phase": "Active"}
    generated: Object = {"metadata": {"generateName": "a-"}}
    defaults.default_namespace(generated)
    assert "labels" not in generated["metadata"]


def test_node() -> None:
    node: Object = {"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"capacity": {"cpu": "1"}}}
    defaults.default_node(node)
    assert node["status"]["allocatable"] == {"cpu": "1"}
    assert node["spec"]["podCIDRs"] == ["10.0.0.0/24"]


def test_persistent_volume_and_claim() -> None:
    volume: Object = {"spec": {"hostPath": {"path": "/"}}}
    defaults.default_persistent_volume(volume)
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["spec"]["volumeMode"] == "Filesystem"
    assert volume["status"] == {"phase": "Pending"}
    claim: Object = {"spec": {}}
    defaults.default_persistent_volume_claim(claim)
    assert claim == {"spec": {"volumeMode": "Filesystem"}, "status": {"phase": "Pending"}}


@pytest.mark.parametrize(
    ("item", "default", "request_"),
    [
        ({"max": {"cpu": "2"}}, {"cpu": "2"}, {"cpu": "2"}),
        ({"default": {"cpu": "1"}, "max": {"cpu": "2"}}, {"cpu": "1"}, {"cpu": "1"}),
        ({"min": {"cpu": "1"}}, None, {"cpu": "1"}),
        ({"min": {"cpu": "1"}, "defaultRequest": {"cpu": "3"}}, None, {"cpu": "3"}),
    ],
)
def test_limit_range(item: Object, default: Object | None, request_: Object) -> None:
    limits = {"type": "Container", **item}
    defaults.default_limit_range({"spec": {"limits": [limits]}})
    assert limits.get("default") == default
    assert limits["defaultRequest"] == request_


def test_limit_range_of_pods_is_left_alone() -> None:
    limits = {"type": "Pod", "max": {"cpu": "2"}}
    defaults.default_limit_range({"spec": {"limits": [limits]}})
    assert limits == {"type": "Pod", "max": {"cpu": "2"}}


def test_endpoints_and_quota() -> None:
    endpoints: Object = {"subsets": [{"ports": [{"port": 1}]}]}
    defaults.default_endpoints(endpoints)
    assert endpoints["subsets"][0]["ports"][0]["protocol"] == "TCP"
    quota: Object = {"spec": {"hard": {"cpu": "1u"}}}
    defaults.default_resource_quota(quota)
    assert quota["spec"]["hard"] == {"cpu": "1m"}
