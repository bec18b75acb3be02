"""Services and addresses that do not fit together are brought together, in a whole control plane."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.controlplane import server
from pilothouse.controlplane.service_repair import ServiceRepair
from pilothouse.options.complete import complete
from pilothouse.options.options import Options
from pilothouse.options.run import _credentials
from pilothouse.server.loopback import LoopbackClient

Object = dict[str, Any]
Test = Callable[[LoopbackClient], Awaitable[None]]

ADDRESSES = ("networking.k8s.io", "v1", "ipaddresses")
SERVICES = ("", "v1", "services")
OWN = {"resource": "services", "namespace": "default", "name": "s"}


def run(test: Test, directory: Path) -> None:
    async def main() -> None:
        options = complete(Options.parse([
            f"--data-dir={directory}", "--storage-backend=memory", "--standalone-controllers=false",
        ]))
        _credentials(options)
        plane = server.build(options)
        await plane.start()
        try:
            await test(plane.aggregator.loopback_client())
        finally:
            await plane.shutdown()

    asyncio.run(main())


async def make_service(client: LoopbackClient, ip: str) -> None:
    spec = {"clusterIP": ip, "ports": [{"port": 80}]}
    await client.create(*SERVICES, {"metadata": {"name": "s", "namespace": "default"}, "spec": spec}, "default")


async def make_address(client: LoopbackClient, ip: str) -> None:
    labels = {"ipaddress.kubernetes.io/ip-family": "IPv4", "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}
    await client.create(*ADDRESSES, {
        "metadata": {"name": ip, "labels": labels}, "spec": {"parentRef": {**OWN, "name": "other"}},
    })


def test_an_address_that_was_lost_comes_back(tmp_path: Path) -> None:
    async def test(client: LoopbackClient) -> None:
        await make_service(client, "10.0.0.9")
        await client.delete(*ADDRESSES, "10.0.0.9")
        await ServiceRepair(client).repair()
        assert (await client.get(*ADDRESSES, "10.0.0.9"))["spec"]["parentRef"] == OWN

    run(test, tmp_path)


def test_an_address_of_another_is_taken_back(tmp_path: Path) -> None:
    async def test(client: LoopbackClient) -> None:
        await make_service(client, "10.0.0.9")
        await client.delete(*ADDRESSES, "10.0.0.9")
        await make_address(client, "10.0.0.9")
        await ServiceRepair(client).repair()
        assert (await client.get(*ADDRESSES, "10.0.0.9"))["spec"]["parentRef"] == OWN

    run(test, tmp_path)


def test_an_address_without_a_service_goes_after_a_while(tmp_path: Path) -> None:
    async def test(client: LoopbackClient) -> None:
        await make_address(client, "10.0.0.9")
        await ServiceRepair(client).repair()
        assert (await client.get(*ADDRESSES, "10.0.0.9"))["metadata"]["name"] == "10.0.0.9"
        await ServiceRepair(client, clock=lambda: time.time() + 120).repair()
        with pytest.raises(StatusError, match="not found"):
            await client.get(*ADDRESSES, "10.0.0.9")

    run(test, tmp_path)


def test_further_ranges(tmp_path: Path) -> None:
    async def test(client: LoopbackClient) -> None:
        with pytest.raises(StatusError, match="does not match the current range"):
            await make_service(client, "10.99.0.3")
        await client.create("networking.k8s.io", "v1", "servicecidrs", {
            "metadata": {"name": "more"}, "spec": {"cidrs": ["10.99.0.0/28"]},
        })
        await make_service(client, "10.99.0.3")
        assert (await client.get(*ADDRESSES, "10.99.0.3"))["spec"]["parentRef"] == OWN

    run(test, tmp_path)
