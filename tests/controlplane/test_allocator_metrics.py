"""Addresses and node ports that services get are counted, in a whole control plane."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.controlplane.test_service_repair import SERVICES, run

from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.metrics import REGISTRY
from pilothouse.server.loopback import LoopbackClient


def figure(name: str, labels: str = "") -> float:
    found = re.search(rf"^{name}{re.escape(labels)} (\S+)$", REGISTRY.render().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_what_services_get_is_counted(tmp_path: Path) -> None:
    ips, ports = "kube_apiserver_clusterip_allocator_", "kube_apiserver_nodeport_allocator_"
    static, dynamic = '{cidr="10.0.0.0/24",scope="static"}', '{cidr="10.0.0.0/24",scope="dynamic"}'
    counted = [
        (f"{ips}allocation_total", static), (f"{ips}allocation_total", dynamic),
        (f"{ips}allocation_errors_total", static),
        (f"{ips}allocation_duration_seconds_count", '{cidr="10.0.0.0/24"}'),
        (f"{ports}allocation_total", '{scope="static"}'), (f"{ports}allocation_total", '{scope="dynamic"}'),
        (f"{ports}allocation_errors_total", '{scope="static"}'),
    ]

    async def make(client: LoopbackClient, name: str, **spec: Any) -> None:
        await client.create(*SERVICES, {"metadata": {"name": name}, "spec": {"type": "NodePort", **spec}}, "default")

    async def test(client: LoopbackClient) -> None:
        before = [figure(*one) for one in counted]
        await make(client, "a", clusterIP="10.0.0.9", ports=[{"port": 80, "nodePort": 30123}])
        await make(client, "b", ports=[{"port": 80}])
        for spec in ({"clusterIP": "10.0.0.9"}, {"ports": [{"port": 80, "nodePort": 30123}]}):
            with pytest.raises(StatusError):
                await make(client, "c", **{"ports": [{"port": 80}], **spec})
        assert [figure(*one) - was for one, was in zip(counted, before, strict=True)] == [1, 2, 1, 3, 1, 1, 1]
        # the API server's own service has one, too
        assert figure(f"{ips}allocated_ips", '{cidr="10.0.0.0/24"}') == 3
        assert figure(f"{ips}available_ips", '{cidr="10.0.0.0/24"}') == 254 - 3
        await client.delete(*SERVICES, "b", "default")
        assert figure(f"{ips}allocated_ips", '{cidr="10.0.0.0/24"}') == 2
        await client.create("networking.k8s.io", "v1", "servicecidrs", {
            "metadata": {"name": "more"}, "spec": {"cidrs": ["10.1.0.0/16", "fd00::/64"]},
        })
        await make(client, "d", clusterIP="10.1.0.9", ports=[{"port": 80}])
        assert figure(f"{ips}allocated_ips", '{cidr="10.1.0.0/16"}') == 1
        assert figure(f"{ips}allocated_ips", '{cidr="10.0.0.0/24"}') == 2
        assert figure(f"{ips}available_ips", '{cidr="fd00::/64"}') == 2.0**63
        assert figure(f"{ports}allocated_ports") == 2
        assert figure(f"{ports}available_ports") == 2768 - 2

    run(test, tmp_path)
