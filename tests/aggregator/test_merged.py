"""Discovery and OpenAPI of an extension server among the server's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.aggregator.harness import API_SERVICES, GROUP, NAME, ROOT, Answer, Extension, Object, Plane, run

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
ACCEPT = [(b"accept", AGGREGATED.format("v2").encode())]
FLUNDERS = {
    "resource": "flunders", "responseKind": {"group": "", "version": "", "kind": "Flunder"}, "scope": "Namespaced",
    "singularResource": "flunder", "verbs": ["get", "list"],
    "subresources": [
        {"subresource": "status", "responseKind": {"group": "", "version": "", "kind": "Flunder"}, "verbs": ["get"]},
    ],
}  # fmt: skip


def aggregated(api: str, *resources: Object, etag: str = "") -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        if etag and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        document = {
            "kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{api}", "metadata": {},
            "items": [{"metadata": {"name": GROUP}, "versions": [
                {"version": "v1", "resources": list(resources), "freshness": "Current", "unknown": 1},
            ]}],
        }  # fmt: skip
        headers = {"Content-Type": AGGREGATED.format(api), "ETag": etag}
        return web.Response(body=json.dumps(document).encode(), headers=headers)

    return answer


async def shown(plane: Plane) -> Object | None:
    """The entry of the extension's version in aggregated discovery."""
    document = json.loads((await plane.call("/apis", headers=list(ACCEPT))).body)
    for group in document["items"]:
        if group["metadata"]["name"] == GROUP:
            (version,) = group["versions"]
            return dict(version)
    return None


async def current(plane: Plane) -> Object:
    async def test() -> Object | None:
        found = await shown(plane)
        return found if found and found["freshness"] == "Current" else None

    found: Object = await plane.until(test)
    return found


@pytest.mark.parametrize("api", ["v2", "v2beta1"])
def test_aggregated_discovery_is_taken_over(tmp_path: Path, api: str) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        resource = {**FLUNDERS, "responseKind": {"kind": "Flunder"}, "odd": 1}
        extension.answers["/apis"] = aggregated(api, resource, etag='"1"')
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())
        assert await current(plane) == {"version": "v1", "resources": [FLUNDERS], "freshness": "Current"}
        (asked,) = extension.asked_for("/apis")
        assert asked.headers["X-Remote-User"] == "system:kube-aggregator"
        assert "v=v2;" in asked.headers["Accept"] and "v=v2beta1;" in asked.headers["Accept"]
        groups = json.loads((await plane.call("/apis")).body)["groups"]
        assert [group["name"] for group in groups][:2] == ["apiregistration.k8s.io", "apps"]
        assert GROUP in [group["name"] for group in groups]
        listed = json.loads((await plane.call("/")).body)["paths"]
        assert {f"/apis/{GROUP}", ROOT} <= set(listed)
        await plane.client.delete(*API_SERVICES, NAME)
        await plane.until(lambda: gone(plane))
        assert (await plane.call(f"/apis/{GROUP}")).status == 404

    run(test, tmp_path)


async def gone(plane: Plane) -> bool:
    return await shown(plane) is None


def test_old_servers_are_asked_for_each_group_version(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())
        assert (await current(plane))["resources"] == [FLUNDERS]

    run(test, tmp_path)



async def wrong_types(request: web.Request) -> web.StreamResponse:
    body = b'{"items":[{"metadata":{"name":"x"},"versions":[{"version":7}]}]}'
    return web.Response(body=body, headers={"Content-Type": AGGREGATED.format("v2")})


async def unavailable(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


async def huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": AGGREGATED.format("v2")})
    await response.prepare(request)
    try:
        for _ in range(200):
            await response.write(b" " * 65536)
    except ConnectionError:
        pass
    return response


@pytest.mark.parametrize("answer", [wrong_types, unavailable, huge])
def test_a_server_that_says_nothing_of_use_is_stale_and_takes_nobody_along(tmp_path: Path, answer: Answer) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        extension.answers["/apis"] = answer
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())
        found = await plane.until(lambda: shown(plane))
        assert found == {"version": "v1", "resources": [], "freshness": "Stale"}
        # it comes back by itself
        extension.answers["/apis"] = aggregated("v2", FLUNDERS)
        assert (await current(plane))["resources"] == [FLUNDERS]

    run(test, tmp_path)


def test_a_server_that_does_not_have_the_version_shows_it_without_resources(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        async def other(request: web.Request) -> web.StreamResponse:
            body = json.dumps({"items": []}).encode()
            return web.Response(body=body, headers={"Content-Type": AGGREGATED.format("v2")})

        extension.answers["/apis"] = other
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())
        assert (await current(plane))["resources"] == []

    run(test, tmp_path)


V2: Object = {
    "swagger": "2.0", "info": {"title": "Wardle", "version": "1"},
    "paths": {
        f"{ROOT}/flunders": {"get": {
            "operationId": "listFlunder", "produces": ["application/json"],
            "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}}},
        }},
        "/apis/apps/v1/deployments": {"get": {
            "responses": {"200": {"description": "mine", "schema": {"$ref": "#/definitions/Stolen"}}},
        }},
    },
    "definitions": {
        "io.k8s.api.core.v1.Pod": {"type": "object", "description": "not that pod"}, "Stolen": {"type": "object"},
    },
}  # fmt: skip


def json_answer(document: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(document)

    return answer


async def openapi_paths(plane: Plane) -> Object:
    document: Object = json.loads((await plane.call("/openapi/v2")).body)
    return document if f"{ROOT}/flunders" in document["paths"] else {}


def test_openapi_of_an_old_server(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        extension.answers["/openapi/v2"] = json_answer(V2)
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())
        document = await plane.until(lambda: openapi_paths(plane))
        assert document["info"]["title"] == "Kubernetes"
        assert document["paths"][f"{ROOT}/flunders"]["get"]["responses"]["200"]["schema"] == {
            "$ref": "#/definitions/io.k8s.api.core.v1.Pod_v2"
        }
        assert document["definitions"]["io.k8s.api.core.v1.Pod_v2"]["description"] == "not that pod"
        assert "Pod is a collection" in document["definitions"]["io.k8s.api.core.v1.Pod"]["description"]
        # what it says of others' paths does not count
        assert "Stolen" not in document["definitions"]
        assert document["paths"]["/apis/apps/v1/deployments"]["get"]["tags"] == ["apps_v1"]
        index = json.loads((await plane.call("/openapi/v3")).body)["paths"]
        url = index[f"apis/{GROUP}/v1"]["serverRelativeURL"].partition("?")
        found = json.loads((await plane.call(url[0], query=url[2])).body)
        assert found["openapi"] == "3.0.0"
        assert list(found["paths"]) == [f"{ROOT}/flunders"]
        await plane.client.delete(*API_SERVICES, NAME)
        assert await openapi_paths(plane) == {}
        assert f"apis/{GROUP}/v1" not in json.loads((await plane.call("/openapi/v3")).body)["paths"]

    run(test, tmp_path)


def test_openapi_v3_is_taken_over_as_it_is(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        key = f"apis/{GROUP}/v1"
        elsewhere = {"serverRelativeURL": "https://169.254.169.254/steal?hash=1"}
        extension.answers |= {
            "/openapi/v3": json_answer({"paths": {key: elsewhere, "api/v1": elsewhere}}),
            f"/openapi/v3/{key}": json_answer({"openapi": "3.0.0", "mine": True}),
            "/openapi/v3/api/v1": json_answer({"not": "wanted"}),
        }
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())

        async def there() -> Any:
            answer = await plane.call(f"/openapi/v3/{key}")
            return answer.status == 200 and json.loads(answer.body)

        assert await plane.until(there) == {"openapi": "3.0.0", "mine": True}
        assert extension.asked_for("/openapi/v3/api/v1") == []
        assert extension.asked_for("/openapi/v3")[0].headers["X-Remote-User"] == "system:aggregator"

    run(test, tmp_path)


def test_openapi_v2_stands_while_v3_fails(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        extension.answers |= {"/openapi/v2": json_answer(V2), "/openapi/v3": unavailable}
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())
        assert await plane.until(lambda: openapi_paths(plane))
        del extension.answers["/openapi/v3"]

        async def converted() -> bool:
            return (await plane.call(f"/openapi/v3/apis/{GROUP}/v1")).status == 200

        assert await plane.until(converted)

    run(test, tmp_path)


@pytest.mark.parametrize("document", [
    b"[]", b"{", b'{"paths":[]}', b'{"paths":{"' + ROOT.encode() + b'/a":{"get":7}}}',
    b'{"a":' * 500 + b"1" + b"}" * 500,
])
def test_openapi_that_is_none_is_left_out(tmp_path: Path, document: bytes) -> None:
    async def wrong(request: web.Request) -> web.StreamResponse:
        return web.Response(body=document, content_type="application/json")

    async def test(plane: Plane, extension: Extension) -> None:
        extension.answers["/openapi/v2"] = wrong
        await plane.make_service(extension.port)
        await plane.client.create(*API_SERVICES, extension.api_service())

        async def asked() -> bool:
            return bool(extension.asked_for("/openapi/v2"))

        await plane.until(asked)
        answer = await plane.call("/openapi/v2")
        paths = json.loads(answer.body)["paths"]
        assert len(paths) > 400
        assert f"{ROOT}/a" not in paths
        assert (await plane.call("/openapi/v3/api/v1")).status == 200

    run(test, tmp_path)
