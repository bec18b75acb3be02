"""Protobuf on the wire: what typed Go clients ask for."""

import orjson

from pilothouse.apimachinery.codec.protobuf import decoder, kinds, open_envelope
from pilothouse.apimachinery.codec.protobuf.wire import fields
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.http import Response, StreamResponse
from tests.endpoints.support import API, MAPS, config_map, run, whole

PROTOBUF = "application/vnd.kubernetes.protobuf"
PARTIAL = f"{PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIAL_LIST = f"{PROTOBUF};as=PartialObjectMetadataList;v={{}};g=meta.k8s.io"


def opened(data: bytes) -> dict[str, object]:
    """A sealed object, with its kind and apiVersion."""
    api_version, kind, raw = open_envelope(data)
    type = kinds.message_type(GroupVersionKind(*GroupVersion.parse(api_version), kind))
    return {"kind": kind, "apiVersion": api_version, **decoder(type)(raw)}


async def answer(response: Response) -> dict[str, object]:
    assert (b"content-type", PROTOBUF.encode()) in response.headers
    return opened(await whole(response))


async def frames(response: Response, count: int) -> list[tuple[str, dict[str, object]]]:
    """The first `count` watch events; ends the watch."""
    assert isinstance(response, StreamResponse)
    assert response.headers == [(b"content-type", f"{PROTOBUF};stream=watch".encode())]
    data = b""
    found: list[tuple[str, dict[str, object]]] = []
    while len(found) < count:
        data += await anext(response.stream)
        while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[:4], "big"):
            event = data[4 : 4 + int.from_bytes(data[:4], "big")]
            data = data[4 + len(event) :]
            parts = fields(event, 0, len(event), "WatchEvent")
            type, extension = parts[1][0], parts[2][0]
            assert isinstance(type, bytes) and isinstance(extension, bytes)
            (raw,) = fields(extension, 0, len(extension), "RawExtension")[1]
            assert isinstance(raw, bytes)
            found.append((type.decode(), opened(raw)))
    assert not data
    await response.stream.aclose()  # type: ignore[attr-defined]
    return found


def test_an_object_in_every_verb() -> None:
    async def test(api: API) -> None:
        sealed = kinds.sealed(config_map("a", data={"k": "v"}))
        made = await answer(await api.call("POST", MAPS, sealed, content_type=PROTOBUF, accept=PROTOBUF))
        assert (made["kind"], made["apiVersion"], made["data"]) == ("ConfigMap", "v1", {"k": "v"})
        body = kinds.sealed(config_map("a", data={"k": "w"}))
        changed = await answer(await api.call("PUT", f"{MAPS}/a", body, content_type=PROTOBUF, accept=PROTOBUF))
        read = await answer(await api.call("GET", f"{MAPS}/a", accept=f"{PROTOBUF},application/json"))
        assert read == changed
        assert read["data"] == {"k": "w"}
        options = kinds.sealed({
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background", "dryRun": ["All"],
        })
        gone = await answer(
            await api.call("DELETE", f"{MAPS}/a", options, content_type=PROTOBUF, accept=PROTOBUF)
        )
        assert (gone["kind"], gone["status"]) == ("Status", "Success")
        assert (await api.call("GET", f"{MAPS}/a")).status == 200, "it was a dry run"

    run(test)


def test_the_same_object_as_in_json() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a", data={"k": "v"}, immutable=True, binaryData={"b": "AA=="}))
        _, plain = await api.json("GET", f"{MAPS}/a")
        first = await api.call("GET", f"{MAPS}/a", accept=PROTOBUF)
        assert first.body == kinds.sealed(plain)
        assert (await api.call("GET", f"{MAPS}/a", accept=PROTOBUF)).body == first.body

    run(test)


def test_errors_and_discovery() -> None:
    async def test(api: API) -> None:
        response = await api.call("GET", f"{MAPS}/none", accept=PROTOBUF)
        error = await answer(response)
        assert (response.status, error["kind"], error["reason"], error["code"]) == (404, "Status", "NotFound", 404)
        listed = await answer(await api.call("GET", "/apis/apps/v1", accept=PROTOBUF))
        assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "apps/v1")

    run(test)


def test_lists() -> None:
    async def test(api: API) -> None:
        for name in "abc":
            await api.call("POST", MAPS, config_map(name, data={"k": name}))
        _, plain = await api.json("GET", MAPS, query="limit=2")
        response = await api.call("GET", MAPS, query="limit=2", accept=PROTOBUF)
        assert await whole(response) == kinds.sealed(plain)
        found = await answer(response)
        assert found["kind"] == "ConfigMapList"
        empty = await answer(await api.call("GET", "/api/v1/namespaces/other/configmaps", accept=PROTOBUF))
        assert "items" not in empty

    run(test)


def test_long_lists_come_in_pieces() -> None:
    async def test(api: API) -> None:
        for i in range(12):
            await api.call("POST", MAPS, config_map(f"m{i:02}", data={"k": "x" * 100_000}))
        response = await api.call("GET", MAPS, accept=PROTOBUF)
        assert isinstance(response, StreamResponse)
        _, plain = await api.json("GET", MAPS)
        assert await whole(response) == kinds.sealed(plain)
        small = await api.call("GET", MAPS, accept=PROTOBUF, accept_encoding="gzip")
        assert (b"content-encoding", b"gzip") in small.headers

    run(test)


def test_metadata_alone() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a", data={"k": "v"}))
        one = await answer(await api.call("GET", f"{MAPS}/a", accept=PARTIAL))
        assert (one["kind"], one["apiVersion"], sorted(one)) == (
            "PartialObjectMetadata", "meta.k8s.io/v1", ["apiVersion", "kind", "metadata"],
        )
        for version in ("v1", "v1beta1"):
            many = await answer(await api.call("GET", MAPS, accept=PARTIAL_LIST.format(version)))
            assert many["items"] == [{"metadata": one["metadata"]}]
        refused = await answer(await api.call("GET", MAPS, accept=f"{PARTIAL},{PROTOBUF}"))
        assert refused["code"] == 406
        refused = await answer(await api.call("GET", f"{MAPS}/a", accept=PARTIAL_LIST.format("v1") + f",{PROTOBUF}"))
        assert refused["code"] == 406

    run(test)


def test_tables_are_json() -> None:
    async def test(api: API) -> None:
        accept = f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io"
        assert (await api.call("GET", MAPS, accept=accept)).status == 406
        response = await api.call("GET", MAPS, accept=f"{accept},application/json;as=Table;v=v1;g=meta.k8s.io")
        assert orjson.loads(await whole(response))["kind"] == "Table"

    run(test)


def test_watches() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a"))
        query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        added, bookmark = await frames(await api.call("GET", MAPS, query=query, accept=PROTOBUF), 2)
        assert (added[0], added[1]["kind"], bookmark[0], bookmark[1]["kind"]) == (
            "ADDED", "ConfigMap", "BOOKMARK", "ConfigMap",
        )
        added, bookmark = await frames(await api.call("GET", MAPS, query=query, accept=PARTIAL), 2)
        assert added[1]["kind"] == bookmark[1]["kind"] == "PartialObjectMetadata"
        for cacher in api.storage.cachers:
            cacher.history.floor = api.storage.revision + 1
        response = await api.call("GET", MAPS, query="watch=1&resourceVersion=1", accept=f"{PROTOBUF};stream=watch")
        ((kind, error),) = await frames(response, 1)
        assert (kind, error["kind"], error["code"]) == ("ERROR", "Status", 410)

    run(test)


def test_events_are_encoded_once() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a"))
        streams = []
        for _ in range(2):
            response = await api.call("GET", MAPS, query="watch=1&resourceVersion=1", accept=PROTOBUF)
            assert isinstance(response, StreamResponse)
            streams.append(response.stream)
        assert await anext(streams[0]) is await anext(streams[1])
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]

    run(test)
