from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, run

NETWORKING = "networking.k8s.io"


def service(name: str = "s", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


async def refused(awaitable: Any) -> str:
    with pytest.raises(StatusError) as e:
        await awaitable
    return e.value.message


def test_an_address_is_given_and_kept_in_an_object() -> None:
    async def test(cluster: Cluster) -> None:
        spec = (await cluster.create("services", service()))["spec"]
        assert spec["clusterIPs"] == [spec["clusterIP"]]
        assert spec["ipFamilies"] == ["IPv4"]
        assert spec["ipFamilyPolicy"] == "SingleStack"
        address = await cluster.get("ipaddresses", spec["clusterIP"], group=NETWORKING)
        assert address["spec"] == {"parentRef": {"resource": "services", "namespace": "ns", "name": "s"}}
        assert address["metadata"]["labels"]["ipaddress.kubernetes.io/ip-family"] == "IPv4"
        await cluster.delete("services", "s")
        assert "not found" in await refused(cluster.get("ipaddresses", spec["clusterIP"], group=NETWORKING))

    run(test)


def test_a_chosen_address_is_given_once() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("services", service(clusterIP="10.0.0.9"))
        assert await refused(cluster.create("services", service("t", clusterIP="10.0.0.9"))) == (
            'Service "t" is invalid: spec.clusterIPs: Invalid value: ["10.0.0.9"]: failed to allocate IP 10.0.0.9: '
            "provided IP is already allocated"
        )
        assert "the provided network does not match the current range" in await refused(
            cluster.create("services", service("t", clusterIP="192.0.2.1"))
        )

    run(test)


def test_a_refused_create_gives_everything_back() -> None:
    async def test(cluster: Cluster) -> None:
        wanted = service("Bad_Name", type="NodePort", clusterIP="10.0.0.9")
        wanted["spec"]["ports"][0]["nodePort"] = 30001
        assert "metadata.name" in await refused(cluster.create("services", wanted))
        wanted["metadata"]["name"] = "good"
        await cluster.create("services", wanted)

    run(test)


def test_a_dry_run_takes_nothing() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("services", service(clusterIP="10.0.0.9", type="NodePort"), dry_run=True)
        await cluster.create("services", service(clusterIP="10.0.0.9"))

    run(test)


def test_a_full_range() -> None:
    async def test(cluster: Cluster) -> None:
        for i in range(6):
            await cluster.create("services", service(f"s{i}"))
        message = await refused(cluster.create("services", service("t")))
        assert message == (
            'Internal error occurred: failed to allocate a serviceIP for Service "t": range is full'
        )

    run(test, service_ip_ranges=("10.0.0.0/29",))


def test_headless_and_external() -> None:
    async def test(cluster: Cluster) -> None:
        headless = (await cluster.create("services", service(clusterIP="None", selector={"a": "b"})))["spec"]
        assert headless["clusterIPs"] == ["None"]
        assert headless["ipFamilies"] == ["IPv4"]
        anywhere = (await cluster.create("services", service("t", clusterIP="None")))["spec"]
        assert anywhere["ipFamilies"] == ["IPv4", "IPv6"]
        assert anywhere["ipFamilyPolicy"] == "RequireDualStack"
        external = (await cluster.create("services", service("u", type="ExternalName", externalName="x.y")))["spec"]
        assert "clusterIP" not in external
        assert "internalTrafficPolicy" not in external
        sent = service("v", type="ExternalName", externalName="x.y", internalTrafficPolicy="Local")
        assert "internalTrafficPolicy" not in (await cluster.create("services", sent))["spec"]
        sent["spec"]["internalTrafficPolicy"] = "Odd"
        assert "spec.internalTrafficPolicy: Unsupported value" in await refused(cluster.create("services", sent))

    run(test)


def test_dual_stack() -> None:
    async def test(cluster: Cluster) -> None:
        spec = (await cluster.create("services", service(ipFamilyPolicy="PreferDualStack")))["spec"]
        assert spec["ipFamilies"] == ["IPv4", "IPv6"]
        assert spec["clusterIPs"][1].startswith("fd00::")

        def single(obj: Object) -> None:
            obj["spec"]["ipFamilyPolicy"] = "SingleStack"

        updated = (await cluster.update("services", "s", single))["spec"]
        assert updated["clusterIPs"] == spec["clusterIPs"][:1]
        assert "not found" in await refused(cluster.get("ipaddresses", spec["clusterIPs"][1], group=NETWORKING))

    run(test, service_ip_ranges=("10.0.0.0/24", "fd00::/112"))


def test_two_families_need_two_ranges() -> None:
    async def test(cluster: Cluster) -> None:
        message = await refused(cluster.create("services", service(ipFamilyPolicy="RequireDualStack")))
        assert "this cluster is not configured for dual-stack services" in message

    run(test)


def test_node_ports() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("services", service(type="NodePort"))
        port = created["spec"]["ports"][0]["nodePort"]
        assert 30000 <= port <= 32767
        taken = service("t", type="NodePort")
        taken["spec"]["ports"][0]["nodePort"] = port
        assert "provided port is already allocated" in await refused(cluster.create("services", taken))

        def close(obj: Object) -> None:
            obj["spec"]["type"] = "ClusterIP"

        updated = await cluster.update("services", "s", close)
        assert "nodePort" not in updated["spec"]["ports"][0]
        assert "externalTrafficPolicy" not in updated["spec"]
        await cluster.create("services", taken)

    run(test)


def test_one_number_in_two_protocols_is_one_node_port() -> None:
    async def test(cluster: Cluster) -> None:
        ports = [{"name": "a", "port": 53}, {"name": "b", "port": 53, "protocol": "UDP"}]
        spec = (await cluster.create("services", service(type="NodePort", ports=ports)))["spec"]
        assert spec["ports"][0]["nodePort"] == spec["ports"][1]["nodePort"]

    run(test)


def test_health_check_port_comes_and_goes() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("services", service(type="LoadBalancer", externalTrafficPolicy="Local"))
        assert created["spec"]["healthCheckNodePort"] >= 30000

        def everywhere(obj: Object) -> None:
            obj["spec"]["externalTrafficPolicy"] = "Cluster"

        assert "healthCheckNodePort" not in (await cluster.update("services", "s", everywhere))["spec"]

    run(test)


def test_resubmitting_what_was_written_keeps_what_was_given() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("services", service(type="NodePort"))

        def resubmit(obj: Object) -> None:
            obj["spec"] = {"type": "NodePort", "ports": [{"port": 8080}]}

        spec = (await cluster.update("services", "s", resubmit))["spec"]
        assert spec["clusterIP"] == created["spec"]["clusterIP"]
        assert spec["ports"][0]["nodePort"] == created["spec"]["ports"][0]["nodePort"]
        assert spec["ports"][0]["port"] == 8080

    run(test)


def test_the_address_may_not_change_but_for_external_names() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("services", service(clusterIP="10.0.0.9"))

        def move(obj: Object) -> None:
            obj["spec"]["clusterIP"] = "10.0.0.11"

        assert await refused(cluster.update("services", "s", move)) == (
            'Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["10.0.0.11"]: may not change once set'
        )

        def leave(obj: Object) -> None:
            obj["spec"].update(type="ExternalName", externalName="x.y")

        assert "clusterIP" not in (await cluster.update("services", "s", leave))["spec"]

        def come_back(obj: Object) -> None:
            obj["spec"]["type"] = "ClusterIP"

        assert (await cluster.update("services", "s", come_back))["spec"]["clusterIP"]
        assert cluster.ctx.warnings == ['spec.externalName is ignored when spec.type is not "ExternalName"']

    run(test)


def test_node_ports_in_use_are_found_again_after_a_start() -> None:
    async def test(cluster: Cluster) -> None:
        wanted = service(type="NodePort")
        wanted["spec"]["ports"][0]["nodePort"] = 30001
        await cluster.create("services", wanted)
        again = Cluster()
        again.stores = cluster.stores
        strategy: Any = again.resources["", "services"].strategy
        strategy._allocators._ports._stores = cluster.stores.__getitem__
        assert strategy._allocators._ports.taken == {30001}

    run(test)


def test_only_load_balancers_have_ingress() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("services", service())

        def balance(obj: Object) -> None:
            obj["status"] = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}

        assert await refused(cluster.update("services", "s", balance, subresource="status")) == (
            'Service "s" is invalid: status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is '
            "'LoadBalancer'"
        )

    run(test)


def test_endpoints_go_with_their_service() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("services", service())
        await cluster.create("endpoints", {"metadata": {"name": "s"}})
        await cluster.delete("services", "s")
        assert "not found" in await refused(cluster.get("endpoints", "s"))

    run(test)
