"""Watches: where they begin, what they show, how they end."""

import asyncio

import orjson

from pilothouse.apimachinery.http import StreamResponse
from tests.endpoints.support import API, MAPS, PARTIAL, PARTIAL_LIST, TABLE, config_map, events, run, whole

END = {"k8s.io/initial-events-end": "true"}


async def two(api: API) -> list[str]:
    made = [await api.json("POST", MAPS, {**config_map(n), "metadata": {"name": n, "labels": {"n": n}}}) for n in "ab"]
    return [body["metadata"]["resourceVersion"] for _, body in made]


def test_what_is_there_and_then_what_changes() -> None:
    async def test(api: API) -> None:
        await two(api)
        response = await api.call("GET", MAPS, query="watch=true")
        assert response.headers == [(b"content-type", b"application/json")]
        await api.call("PUT", f"{MAPS}/a", config_map("a", data={"k": "v"}))
        await api.call("DELETE", f"{MAPS}/b")
        found = await events(response, 4)
        assert [(e["type"], e["object"]["metadata"]["name"]) for e in found] == [
            ("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b"),
        ]
        assert found[0]["object"]["kind"] == "ConfigMap"

    run(test)


def test_frames_have_upstreams_form() -> None:
    async def test(api: API) -> None:
        versions = await two(api)
        response = await api.call("GET", MAPS, query=f"watch=1&resourceVersion={versions[0]}")
        assert isinstance(response, StreamResponse)
        frame = await anext(response.stream)
        assert frame.startswith(b'{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{')
        assert frame.endswith(b"}}\n")
        other = await api.call("GET", MAPS, query=f"watch=1&resourceVersion={versions[0]}")
        assert isinstance(other, StreamResponse)
        assert await anext(other.stream) is frame, "encoded once for all watchers"
        for stream in (response.stream, other.stream):
            await stream.aclose()  # type: ignore[attr-defined]

    run(test)


def test_initial_events_end_with_a_bookmark() -> None:
    async def test(api: API) -> None:
        await two(api)
        query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        *_, bookmark = await events(await api.call("GET", MAPS, query=query), 3)
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["kind"] == "ConfigMap"
        assert bookmark["object"]["metadata"] == {
            "resourceVersion": str(api.storage.revision), "annotations": END
        }
        *_, bookmark = await events(await api.call("GET", MAPS, query=query, accept=PARTIAL), 3)
        assert bookmark["object"]["kind"] == "PartialObjectMetadata"
        *_, bookmark = await events(await api.call("GET", MAPS, query=query, accept=TABLE), 3)
        assert bookmark["object"]["rows"][0]["object"]["metadata"]["annotations"] == END
        response = await api.call("GET", MAPS, query=query.replace("s=true&r", "s=false&r") + "&timeoutSeconds=1")
        assert isinstance(response, StreamResponse)
        await api.call("POST", MAPS, config_map("c"))
        assert orjson.loads(await anext(response.stream))["object"]["metadata"]["name"] == "c"
        await response.stream.aclose()  # type: ignore[attr-defined]

    run(test)


def test_bookmarks_of_structured_kinds_have_their_zero_values() -> None:
    async def test(api: API) -> None:
        query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        [bookmark] = await events(await api.call("GET", "/api/v1/pods", query=query), 1)
        assert bookmark["object"]["spec"] == {"containers": None}
        assert bookmark["object"]["status"] == {}

    run(test)


def test_tables_define_their_columns_once() -> None:
    async def test(api: API) -> None:
        await two(api)
        first, second = await events(await api.call("GET", MAPS, query="watch=1", accept=TABLE), 2)
        assert [c["name"] for c in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
        assert second["object"]["columnDefinitions"] is None
        assert second["object"]["rows"][0]["cells"][0] == "b"

    run(test)


def test_selectors_and_watches_by_path() -> None:
    async def test(api: API) -> None:
        await two(api)
        [found] = await events(await api.call("GET", MAPS, query="watch=1&labelSelector=n%3Db"), 1)
        assert found["object"]["metadata"]["name"] == "b"
        [found] = await events(await api.call("GET", "/api/v1/watch/namespaces/ns/configmaps/b"), 1)
        assert found["object"]["metadata"]["name"] == "b"
        found2 = await events(await api.call("GET", "/api/v1/watch/namespaces/ns/configmaps"), 2)
        assert len(found2) == 2
        code, error = await api.json(
            "GET", "/api/v1/watch/namespaces/ns/configmaps/b", query="fieldSelector=metadata.name%3Dc"
        )
        assert (code, error["message"]) == (400, "fieldSelector metadata.name doesn't match requested name")
        assert (await api.call("POST", "/api/v1/watch/namespaces/ns/configmaps")).status == 405

    run(test)


def test_too_old_a_version_is_told_in_the_stream() -> None:
    async def test(api: API) -> None:
        await two(api)
        for cacher in api.storage.cachers:
            cacher.history.floor = api.storage.revision
        response = await api.call("GET", MAPS, query="watch=1&resourceVersion=1")
        assert response.status == 200
        [error] = [orjson.loads(line) for line in (await whole(response)).splitlines()]
        assert error["type"] == "ERROR"
        assert (error["object"]["code"], error["object"]["reason"]) == (410, "Expired")

    run(test)


def test_options_that_cannot_be() -> None:
    async def test(api: API) -> None:
        code, error = await api.json("GET", MAPS, query="watch=1&resourceVersion=x")
        assert (code, error["message"]) == (
            500, 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'
        )
        response = await api.call("GET", MAPS, query="watch=1", accept="application/yaml")
        assert response.status == 406
        assert b"application/json;stream=watch" in response.body
        code, error = await api.json("GET", "/api/v1/componentstatuses", query="watch=1")
        assert (code, error["message"]) == (405, 'watch is not supported on resources of kind "componentstatuses"')
        assert api.warnings == ["v1 ComponentStatus is deprecated in v1.19+"]

    run(test)


def test_a_transformation_that_fits_no_event_ends_the_watch() -> None:
    async def test(api: API) -> None:
        await two(api)
        assert await whole(await api.call("GET", MAPS, query="watch=1", accept=PARTIAL_LIST)) == b""

    run(test)


def test_the_server_can_end_a_watch() -> None:
    async def test(api: API) -> None:
        response = await api.call("GET", MAPS, query="watch=1")
        assert isinstance(response, StreamResponse)
        reading = asyncio.ensure_future(whole(response))
        await asyncio.sleep(0)
        response.stream.end()  # type: ignore[attr-defined]
        assert await reading == b""

    run(test)


def test_a_timeout_of_one_second_ends_it() -> None:
    async def test(api: API) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert await whole(await api.call("GET", MAPS, query="watch=1&timeoutSeconds=1")) == b""
        assert loop.time() - started < 3

    run(test)


def test_large_events_are_framed_as_they_are_sent() -> None:
    async def test(api: API) -> None:
        for n in range(8):
            await api.json("POST", MAPS, config_map(f"m{n}", data={"k": "x" * 100_000}))
        response = await api.call("GET", MAPS, query="watch=1&resourceVersion=1")
        assert isinstance(response, StreamResponse)
        chunks = [await response.stream.__anext__() for _ in range(3)]
        assert [chunk.count(b"\n") for chunk in chunks] == [3, 3, 2]
        names = [orjson.loads(line)["object"]["metadata"]["name"] for line in b"".join(chunks).splitlines()]
        assert names == [f"m{n}" for n in range(8)]
        await response.stream.aclose()  # type: ignore[attr-defined]

    run(test)
