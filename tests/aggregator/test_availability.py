"""What `kubectl get apiservices` tells, for every reason there is."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pilothouse.transport import certificates
from tests.aggregator.harness import API_SERVICES, NAME, ROOT, Extension, Object, Plane, run

SLICES = ("discovery.k8s.io", "v1", "endpointslices")


def endpoint_slice(name: str, port: int, **endpoint: Any) -> Object:
    return {
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": "ext"}},
        "addressType": "IPv4", "ports": [{"name": "", "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": ["192.0.2.1"], **endpoint}],
    }  # fmt: skip


def test_a_service_is_looked_at_before_its_server(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await plane.client.create(*API_SERVICES, extension.api_service())
        found = await plane.condition("ServiceNotFound")
        assert found["status"] == "False"
        assert found["message"] == 'service/ext in "default" is not present'
        service = await plane.make_service(1, type="ClusterIP", externalName="", ports=[{"port": 443}])
        found = await plane.condition("ServicePortError")
        assert found["message"] == f'service/ext in "default" is not listening on port {extension.port}'
        service["spec"]["ports"] = [{"port": extension.port}]
        await plane.client.update("", "v1", "services", service, "default")
        found = await plane.condition("EndpointsNotFound")
        assert found["message"] == 'cannot find endpointslices for service/ext in "default"'
        first = endpoint_slice("a", extension.port, conditions={"ready": False})
        first = await plane.client.create(*SLICES, first, "default")
        found = await plane.condition("MissingEndpoints")
        assert found["message"] == 'endpointslices for service/ext in "default" have no addresses with port name ""'
        since = found["lastTransitionTime"]
        await plane.client.update(*SLICES, {**first, "metadata": {**first["metadata"], "labels": {}}}, "default")
        assert (await plane.condition("EndpointsNotFound"))["lastTransitionTime"] == since

    run(test, tmp_path)


def test_endpoints_are_routed_to_when_asked_for(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        # nobody listens at the service's address, but at its endpoint's
        await plane.make_service(1, type="ClusterIP", externalName="", ports=[{"port": extension.port}])
        await plane.client.create(*API_SERVICES, extension.api_service())
        await plane.condition("EndpointsNotFound")
        ready = endpoint_slice("a", extension.port, conditions={"ready": True})
        await plane.client.create(*SLICES, ready, "default")
        assert plane.backend().locate().host == f"192.0.2.1:{extension.port}"

    run(test, tmp_path, "--enable-aggregator-routing")


def other_authority() -> bytes:
    return certificates.authority(time.time() - 60, time.time() + 3600)[0]


@pytest.mark.parametrize(("spec", "problem"), [
    ({"caBundle": "b3RoZXI="}, "unable to load root certificates: unable to parse bytes as PEM block"),
    ({"caBundle": None}, "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
])
def test_certificates_that_nobody_vouches_for(tmp_path: Path, spec: Object, problem: str) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service(**spec))
        found = await plane.condition("FailedDiscoveryCheck")
        url = f"https://localhost:{extension.port}{ROOT}"
        assert found["message"] == f'failing or missing response from {url}: Get "{url}": {problem}'
        # what is looked at is the service's name, not the host that is dialled
        fixed = await plane.client.get(*API_SERVICES, NAME)
        fixed["spec"] = extension.api_service()["spec"]
        await plane.client.update(*API_SERVICES, fixed)
        assert (await plane.condition("Passed"))["message"] == "all checks passed"
        assert (await plane.call(ROOT)).status == 200

    run(test, tmp_path)


def test_another_services_certificate_and_no_verification(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await plane.make_service(extension.port, "other")
        obj = extension.api_service()
        obj["spec"]["service"]["name"] = "other"
        await plane.client.create(*API_SERVICES, obj)
        found = await plane.condition("FailedDiscoveryCheck")
        assert found["message"].endswith("x509: certificate is not valid for other.default.svc")
        obj = await plane.client.get(*API_SERVICES, NAME)
        del obj["spec"]["caBundle"]
        obj["spec"]["insecureSkipTLSVerify"] = True
        await plane.client.update(*API_SERVICES, obj)
        await plane.condition("Passed")

    run(test, tmp_path)


def test_bad_answers_silence_and_recovery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.aggregator.availability._SECONDS", 0.1)

    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async def test(plane: Plane, extension: Extension) -> None:
        url = f"https://localhost:{extension.port}{ROOT}"
        extension.answers.clear()
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())
        found = await plane.condition("FailedDiscoveryCheck")
        assert found["message"] == f"failing or missing response from {url}: bad status from {url}: 404"
        (first, *_) = extension.asked_for(ROOT)
        assert first.headers["X-Remote-User"] == "system:kube-aggregator"
        assert first.headers["X-Remote-Group"] == "system:masters"
        extension.answers[ROOT] = extension.resources
        await plane.condition("Passed")
        extension.answers[ROOT] = never
        await plane.touch_service()
        found = await plane.condition("FailedDiscoveryCheck")
        assert found["message"].endswith("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
        metrics = (await plane.call("/metrics")).body.decode()
        assert f'aggregator_unavailable_apiservice{{name="{NAME}"}} 1' in metrics
        assert f'aggregator_unavailable_apiservice_total{{name="{NAME}",reason="FailedDiscoveryCheck"}} 1' in metrics
        await plane.client.delete(*API_SERVICES, NAME)

        async def forgotten() -> bool:
            return f'aggregator_unavailable_apiservice{{name="{NAME}"}}' not in (
                await plane.call("/metrics")).body.decode()

        await plane.until(forgotten)

    run(test, tmp_path)


def test_a_remote_one_that_becomes_local_is_available(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await plane.client.create(*API_SERVICES, extension.api_service())
        await plane.condition("ServiceNotFound")
        obj = await plane.client.get(*API_SERVICES, NAME)
        del obj["spec"]["service"], obj["spec"]["caBundle"]
        await plane.client.update(*API_SERVICES, obj)
        assert (await plane.condition("Local"))["message"] == "Local APIServices are always available"

    run(test, tmp_path)
