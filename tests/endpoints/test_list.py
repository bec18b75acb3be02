"""GET of a collection."""

import zlib

import orjson

from pilothouse.apimachinery.http import StreamResponse
from pilothouse.endpoints.scope import Services
from tests.endpoints.support import API, MAPS, PARTIAL, PARTIAL_LIST, TABLE, config_map, run, whole


async def fill(api: API, count: int, **more: object) -> None:
    for i in range(count):
        labels = {"odd": "yes" if i % 2 else "no"}
        await api.call("POST", MAPS, {**config_map(f"p{i}"), "metadata": {"name": f"p{i}", "labels": labels}, **more})


def names(listed: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


def test_items_carry_no_kind() -> None:
    async def test(api: API) -> None:
        await fill(api, 2)
        body = (await api.call("GET", MAPS)).body
        assert body.startswith(b'{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"')
        listed = orjson.loads(body)
        assert names(listed) == ["p0", "p1"]
        assert "kind" not in listed["items"][0]
        assert (await api.json("GET", "/api/v1/configmaps"))[1] == listed
        assert (await api.call("GET", "/api/v1/namespaces/empty/configmaps")).body.endswith(b'"items":[]}\n')

    run(test)


def test_pages_show_one_revision() -> None:
    async def test(api: API) -> None:
        await fill(api, 5)
        _, first = await api.json("GET", MAPS, query="limit=2")
        assert names(first) == ["p0", "p1"]
        assert first["metadata"]["remainingItemCount"] == 3
        await api.call("POST", MAPS, config_map("p11"))
        token = first["metadata"]["continue"]
        _, rest = await api.json("GET", MAPS, query=f"limit=9&continue={token}")
        assert names(rest) == ["p2", "p3", "p4"]
        assert rest["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}
        _, unlimited = await api.json("GET", MAPS, query="limit=2&resourceVersion=0")
        assert len(names(unlimited)) == 6

    run(test)


def test_a_selected_page_does_not_count_the_rest() -> None:
    async def test(api: API) -> None:
        await fill(api, 6)
        _, first = await api.json("GET", MAPS, query="limit=2&labelSelector=odd%3Dyes")
        assert names(first) == ["p1", "p3"]
        assert "remainingItemCount" not in first["metadata"]
        _, rest = await api.json(
            "GET", MAPS, query=f"limit=2&labelSelector=odd%3Dyes&continue={first['metadata']['continue']}"
        )
        assert names(rest) == ["p5"]
        assert "continue" not in rest["metadata"]

    run(test)


def test_a_name_selects_one_key() -> None:
    async def test(api: API) -> None:
        await fill(api, 3)
        _, found = await api.json("GET", MAPS, query="fieldSelector=metadata.name%3Dp1")
        assert names(found) == ["p1"]
        _, found = await api.json(
            "GET", "/api/v1/configmaps", query="fieldSelector=metadata.namespace%3Dns,metadata.name%3Dp1"
        )
        assert names(found) == ["p1"]
        _, found = await api.json("GET", MAPS, query="fieldSelector=metadata.name%3Dp1,metadata.namespace%3Dother")
        assert found["items"] == []
        code, error = await api.json("GET", MAPS, query="fieldSelector=data.x%3Dy")
        assert (code, error["message"]) == (
            400, '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'
        )

    run(test)


def test_exact_and_impossible_versions() -> None:
    async def test(api: API) -> None:
        await fill(api, 2)
        first = (await api.json("GET", f"{MAPS}/p0"))[1]["metadata"]["resourceVersion"]
        _, old = await api.json("GET", MAPS, query=f"resourceVersion={first}&resourceVersionMatch=Exact")
        assert names(old) == ["p0"]
        code, error = await api.json("GET", MAPS, query="resourceVersion=999999&resourceVersionMatch=Exact")
        assert code == 504
        assert "retryAfterSeconds" not in error["details"]
        code, error = await api.json("GET", MAPS, query="resourceVersion=x")
        assert (code, error["message"]) == (
            400,
            'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": '
            "invalid syntax",
        )

    run(test)


def test_compacted_versions_have_expired() -> None:
    async def test(api: API) -> None:
        await fill(api, 3)
        _, page = await api.json("GET", MAPS, query="limit=1")
        await api.call("DELETE", f"{MAPS}/p0")
        for cacher in api.storage.cachers:
            cacher.history.floor = api.storage.revision
        code, error = await api.json("GET", MAPS, query="resourceVersion=2&resourceVersionMatch=Exact")
        assert (code, error["reason"]) == (410, "Expired")
        assert error["message"] == "The resourceVersion for the provided list is too old."
        code, error = await api.json("GET", MAPS, query=f"limit=1&continue={page['metadata']['continue']}")
        assert code == 410
        assert error["message"].startswith("The provided continue parameter is too old to display a consistent list")
        _, rest = await api.json("GET", MAPS, query=f"continue={error['metadata']['continue']}")
        assert names(rest) == ["p1", "p2"]

    run(test)


def test_transformations() -> None:
    async def test(api: API) -> None:
        await fill(api, 2)
        _, partial = await api.json("GET", MAPS, accept=PARTIAL_LIST)
        assert partial["kind"] == "PartialObjectMetadataList"
        assert [item["kind"] for item in partial["items"]] == ["PartialObjectMetadata"] * 2
        _, empty = await api.json("GET", "/api/v1/namespaces/empty/configmaps", accept=PARTIAL_LIST)
        assert empty["items"] is None
        _, table = await api.json("GET", MAPS, accept=TABLE, query="includeObject=Object")
        assert table["rows"][1]["object"]["kind"] == "ConfigMap"
        _, table = await api.json("GET", MAPS, accept=TABLE, query="includeObject=None")
        assert table["rows"][1]["object"] is None
        code, error = await api.json("GET", MAPS, accept=PARTIAL)
        assert (code, error["message"]) == (
            406, "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)"
        )

    run(test)


def test_large_lists_are_compressed_or_streamed() -> None:
    async def test(api: API) -> None:
        await fill(api, 12, data={"k": "x" * 100_000})
        plain = await api.call("GET", MAPS)
        assert isinstance(plain, StreamResponse)
        body = await whole(plain)
        assert len(orjson.loads(body)["items"]) == 12
        packed = await api.call("GET", MAPS, accept_encoding="deflate, gzip")
        assert (b"content-encoding", b"gzip") in packed.headers
        assert zlib.decompress(packed.body, 16 + zlib.MAX_WBITS) == body
        small = await api.call("GET", f"{MAPS}/p1", accept_encoding="gzip")
        assert small.headers == [(b"content-type", b"application/json")]

    run(test)


def test_compression_can_be_switched_off() -> None:
    async def test(api: API) -> None:
        await fill(api, 2, data={"k": "x" * 100_000})
        plain = await api.call("GET", MAPS, accept_encoding="gzip")
        assert plain.headers == [(b"content-type", b"application/json")]

    run(test, Services(compress=False))
