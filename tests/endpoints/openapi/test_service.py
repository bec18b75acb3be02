import asyncio
import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from pilothouse.apimachinery.http import Request, Response
from pilothouse.endpoints.openapi.service import OpenAPIService

V2 = b'{"swagger":"2.0","paths":{},"definitions":{},"parameters":{}}'
CORE = b'{"openapi":"3.0.0"}'
HASH = hashlib.sha512(CORE).hexdigest().upper()
PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
NOW = 1_700_000_000.0


class Builder:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.built: list[str] = []

    def v2(self) -> Mapping[str, Any]:
        self.built.append("v2")
        return {"swagger": "2.0"}

    def v3(self) -> Mapping[str, bytes]:
        self.built.append("v3")
        return {"api/v1": CORE}

    def install(self, service: OpenAPIService) -> None:
        service.set_v2("builtin", self.v2, rank=())
        service.set_v3("builtin", self.v3, rank=())


def get(path: str, query: str = "", **headers: str) -> Response:
    service = OpenAPIService(clock=lambda: NOW)
    Builder().install(service)
    handler = {"/openapi/v2": service.v2, "/openapi/v3": service.v3_index}.get(path, service.v3_document)
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return asyncio.run(handler(Request("GET", path, query, pairs)))


def header(response: Response, name: bytes) -> str | None:
    return next((value.decode() for key, value in response.headers if key == name), None)


def test_the_index_names_each_document_with_its_hash() -> None:
    response = get("/openapi/v3")
    assert header(response, b"content-type") == "text/plain; charset=utf-8"
    assert json.loads(response.body) == {"paths": {"api/v1": {"serverRelativeURL": f"/openapi/v3/api/v1?hash={HASH}"}}}


def test_a_document_without_a_hash_has_an_etag_but_may_not_be_kept() -> None:
    response = get("/openapi/v3/api/v1")
    assert (response.status, response.body) == (200, CORE)
    assert header(response, b"etag") == f'"{HASH}"'
    assert header(response, b"content-type") == "application/json"
    assert header(response, b"last-modified") == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert header(response, b"cache-control") is None


def test_the_right_hash_makes_it_immutable_and_a_wrong_one_leads_there() -> None:
    response = get("/openapi/v3/api/v1", f"hash={HASH}")
    assert header(response, b"cache-control") == "public, immutable"
    assert header(response, b"expires") == "Wed, 13 Nov 2024 22:13:20 UTC"
    response = get("/openapi/v3/api/v1", "hash=old")
    assert (response.status, header(response, b"location")) == (301, f"/openapi/v3/api/v1?hash={HASH}")


def test_validators() -> None:
    assert get("/openapi/v3/api/v1", if_none_match=f'"{HASH}"').status == 304
    assert get("/openapi/v3/api/v1", if_none_match=f'W/"x", "{HASH}"').status == 304
    assert get("/openapi/v3/api/v1", if_none_match='"x"').status == 200
    assert get("/openapi/v3/api/v1", if_modified_since="Tue, 14 Nov 2023 22:13:20 GMT").status == 304
    assert get("/openapi/v2", if_none_match="*").body == b""


def test_unknown_documents_and_forms() -> None:
    response = get("/openapi/v3/apis/odd/v1")
    assert (response.status, response.body, response.headers) == (404, b"", [])
    assert get("/openapi/v3/api/v1", accept="text/plain").status == 406
    assert get("/openapi/v2", accept="text/plain").status == 406


def test_v2_in_the_form_that_is_liked_best() -> None:
    assert get("/openapi/v2", accept="*/*").body == V2
    assert get("/openapi/v2", accept=f"{PROTOBUF};q=0.5, application/json").body == V2
    response = get("/openapi/v2", accept=f"{PROTOBUF}, application/json;q=0.5")
    assert response.body == b"\x0a\x032.0" + b"\x42\x00" + b"\x4a\x00" + b"\x52\x00"
    assert header(response, b"content-type") == PROTOBUF.replace("@", ".")
    assert header(response, b"etag") == f'"{hashlib.sha512(V2).hexdigest().upper()}"'


def test_v2_is_compressed_for_those_who_take_it() -> None:
    response = get("/openapi/v2", accept_encoding="deflate, gzip;q=0.5")
    assert header(response, b"content-encoding") == "gzip"
    assert gzip.decompress(response.body) == V2
    assert get("/openapi/v2", accept_encoding="gzip;q=0").body == V2


def test_documents_are_built_once_and_only_when_asked_for() -> None:
    builder = Builder()
    service = OpenAPIService()
    builder.install(service)

    async def ask() -> None:
        requests = [Request("GET", "/openapi/v3"), Request("GET", "/openapi/v3/api/v1")]
        await asyncio.gather(service.v3_index(requests[0]), service.v3_document(requests[1]))

    assert builder.built == []
    asyncio.run(ask())
    assert builder.built == ["v3"]


def test_documents_come_change_and_go() -> None:
    async def run() -> None:
        service = OpenAPIService(clock=lambda: NOW)
        Builder().install(service)

        async def keys() -> dict[str, str]:
            index = json.loads((await service.v3_index(Request("GET", "/openapi/v3"))).body)
            return {key: value["serverRelativeURL"] for key, value in index["paths"].items()}

        async def paths() -> list[str]:
            return list(json.loads((await service.v2(Request("GET", "/openapi/v2"))).body)["paths"])

        assert list(await keys()) == ["api/v1"]
        assert await paths() == []
        service.set_v3("crds", lambda: {"apis/a/v1": b"1", "api/v1": b"not ours"})
        service.set_v2("crds", lambda: {"paths": {"/apis/a/v1/": {}}})
        before = await keys()
        assert list(before) == ["api/v1", "apis/a/v1"]
        assert before["api/v1"].endswith(HASH)
        assert await paths() == ["/apis/a/v1/"]
        service.set_v3("crds", lambda: {"apis/a/v1": b"2"})
        after = await keys()
        assert after["apis/a/v1"] != before["apis/a/v1"]
        assert after["api/v1"] == before["api/v1"]
        service.remove_v3("crds")
        service.remove_v2("crds")
        service.remove_v2("crds")
        assert (list(await keys()), await paths()) == (["api/v1"], [])

    asyncio.run(run())


def test_a_document_that_cannot_be_built_is_left_out() -> None:
    def broken() -> Any:
        raise ValueError("no schema")

    async def run() -> None:
        service = OpenAPIService(clock=lambda: NOW)
        Builder().install(service)
        service.set_v2("broken", broken)
        service.set_v3("broken", broken)
        assert (await service.v2(Request("GET", "/openapi/v2"))).body == V2
        assert b"api/v1" in (await service.v3_index(Request("GET", "/openapi/v3"))).body

    asyncio.run(run())


def test_what_changes_is_built_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.endpoints.openapi.service._QUIET_SECONDS", 0.0)
    built = asyncio.Event()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        service = OpenAPIService(clock=lambda: NOW)
        builder = Builder()
        builder.install(service)
        task = asyncio.create_task(service.keep_built())

        def build() -> Mapping[str, Any]:
            loop.call_soon_threadsafe(built.set)
            return {}

        service.set_v2("crds", build)
        await built.wait()
        assert "v3" in builder.built
        task.cancel()

    asyncio.run(run())
