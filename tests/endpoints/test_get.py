"""GET of one object."""

import orjson

from tests.endpoints.support import API, MAPS, PARTIAL, PARTIAL_LIST, TABLE, config_map, run


def test_the_stored_bytes_with_kind_and_version() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a", data={"k": "v"}))
        response = await api.call("GET", f"{MAPS}/a")
        assert response.status == 200
        assert response.body.startswith(b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a",')
        assert response.body.endswith(b'"data":{"k":"v"}}\n')
        assert response.headers == [(b"content-type", b"application/json")]

    run(test)


def test_what_is_not_there() -> None:
    async def test(api: API) -> None:
        code, body = await api.json("GET", f"{MAPS}/a")
        assert (code, body["message"]) == (404, 'configmaps "a" not found')
        assert body["details"] == {"name": "a", "kind": "configmaps"}

    run(test)


def test_yaml_and_pretty() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a"))
        yaml = await api.call("GET", f"{MAPS}/a", accept="application/yaml")
        assert yaml.body.startswith(b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n")
        assert yaml.headers == [(b"content-type", b"application/yaml")]
        pretty = await api.call("GET", f"{MAPS}/a", query="pretty=true")
        assert pretty.body.startswith(b'{\n  "kind": "ConfigMap",\n  "apiVersion": "v1",\n')
        assert pretty.body.endswith(b"}")

    run(test)


def test_transformations() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a", data={"k": "{}\"}"}))
        _, partial = await api.json("GET", f"{MAPS}/a", accept=PARTIAL)
        assert (partial["kind"], partial["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
        assert set(partial) == {"kind", "apiVersion", "metadata"}
        _, table = await api.json("GET", f"{MAPS}/a", accept=TABLE)
        assert table["metadata"] == {"resourceVersion": partial["metadata"]["resourceVersion"]}
        assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Data", "Age"]
        assert table["rows"][0]["cells"][:2] == ["a", 1]
        assert table["rows"][0]["object"] == partial
        _, error = await api.json("GET", f"{MAPS}/a", accept=PARTIAL_LIST)
        assert error["message"] == (
            "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)"
        )

    run(test)


def test_resource_versions() -> None:
    async def test(api: API) -> None:
        _, made = await api.json("POST", MAPS, config_map("a"))
        for version in ("0", made["metadata"]["resourceVersion"]):
            code, _ = await api.json("GET", f"{MAPS}/a", query=f"resourceVersion={version}")
            assert code == 200
        code, body = await api.json("GET", f"{MAPS}/a", query="resourceVersion=x")
        assert (code, body["message"]) == (
            500, 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'
        )

    run(test)


def test_another_version_is_converted_once() -> None:
    async def test(api: API) -> None:
        path = "/apis/autoscaling/{}/namespaces/ns/horizontalpodautoscalers"
        target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
        code, _ = await api.json("POST", path.format("v1"), {
            "metadata": {"name": "h"},
            "spec": {"scaleTargetRef": target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 50},
        })
        assert code == 201
        code, v2 = await api.json("GET", f"{path.format('v2')}/h")
        assert (code, v2["apiVersion"]) == (200, "autoscaling/v2")
        assert v2["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 50
        first = (await api.call("GET", f"{path.format('v1')}/h")).body
        assert orjson.loads(first)["spec"]["targetCPUUtilizationPercentage"] == 50
        assert (await api.call("GET", f"{path.format('v1')}/h")).body == first

    run(test)
