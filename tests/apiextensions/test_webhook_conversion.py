"""Several versions with a webhook between them: a true one over TLS, one that lies, one that does not answer."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from pilothouse.apimachinery.http import StreamResponse
from pilothouse.transport import certificates
from tests.apiextensions.support import (
    MERGE,
    WIDGETS,
    CustomAPI,
    custom_api,
    definition,
    version,
    widget,
)
from tests.apimachinery.webhook.support import serving
from tests.endpoints.support import APPLY
from tests.spans import traced

Object = dict[str, Any]
V2 = WIDGETS.replace("/v1/", "/v2/")
NEW_SPEC = {"type": "object", "properties": {
    "amount": {"type": "integer"}, "color": {"type": "string"}, "unit": {"type": "string", "default": "kg"},
}}


class Hook:
    """Converts between size (v1) and amount (v2). `lie` changes an answer."""

    def __init__(self) -> None:
        self.reviews: list[Object] = []
        self.lie: Callable[[Object], Object | None] = lambda answer: answer
        self.url = ""
        self.bundle = ""

    async def handle(self, request: web.Request) -> web.Response:
        review = orjson.loads(await request.read())
        self.reviews.append(review)
        asked = review["request"]
        converted = [self._convert(obj, asked["desiredAPIVersion"]) for obj in asked["objects"]]
        answer: Object | None = {
            "apiVersion": review["apiVersion"], "kind": "ConversionReview",
            "response": {"uid": asked["uid"], "result": {"status": "Success"}, "convertedObjects": converted},
        }
        answer = self.lie(answer)  # type: ignore[arg-type]
        if answer is None:
            await asyncio.sleep(5)
        return web.Response(body=orjson.dumps(answer), content_type="application/json")

    def _convert(self, obj: Object, wanted: str) -> Object:
        old, new = ("size", "amount") if wanted.endswith("/v2") else ("amount", "size")
        spec = dict(obj.get("spec") or {})
        if old in spec:
            spec[new] = spec.pop(old)
        if new == "size":
            spec.pop("unit", None)
        return {**obj, "apiVersion": wanted, "spec": spec}


@contextlib.asynccontextmanager
async def hooked(tmp_path: Path, **client: Any) -> AsyncIterator[tuple[CustomAPI, Hook]]:
    """An API with a definition of two versions, v1 stored, and its webhook."""
    now = time.time()
    pem, key = certificates.authority(now - 60, now + 3600)
    authority = certificates.load_authority(pem, key)
    pair = certificates.serving(authority, ["hook.ns.svc"], ["127.0.0.1"], now - 60, now + 3600)
    for name, data in (("tls.crt", pair[0]), ("tls.key", pair[1])):
        (tmp_path / name).write_bytes(data)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    hook = Hook()
    async with serving(hook.handle, tls) as url, custom_api() as api:
        hook.url, hook.bundle = url, base64.b64encode(pem).decode()
        api.addresses["ns", "hook", 443] = ("127.0.0.1", int(url.split(":")[2].split("/")[0]))
        config = client or {"url": url, "caBundle": hook.bundle}
        if "service" in config:
            config["caBundle"] = hook.bundle
        conversion = {
            "strategy": "Webhook", "webhook": {"clientConfig": config, "conversionReviewVersions": ["v1", "v1beta1"]},
        }
        await api.define(definition(version(), version("v2", storage=False, spec=NEW_SPEC), conversion=conversion))
        yield api, hook


def check(tmp_path: Path, test: Callable[[CustomAPI, Hook], Any], **client: Any) -> None:
    async def main() -> None:
        async with hooked(tmp_path, **client) as (api, hook):
            await test(api, hook)

    asyncio.run(main())


def test_reads_lists_and_watches_are_converted(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        made = await api.ok("POST", WIDGETS, widget())
        assert hook.reviews == []
        await api.ok("POST", WIDGETS, widget("b", {"size": 4}))
        got = await api.ok("GET", f"{V2}/a")
        assert (got["apiVersion"], got["spec"]) == ("example.com/v2", {"amount": 3, "color": "red"})
        assert got["metadata"] == made["metadata"]
        listed = await api.ok("GET", V2)
        assert (listed["apiVersion"], [o["spec"]["amount"] for o in listed["items"]]) == ("example.com/v2", [3, 4])
        stream = await api.call("GET", V2, query="watch=1")
        assert isinstance(stream, StreamResponse)
        events = [orjson.loads(line) for line in (await anext(stream.stream)).splitlines()]
        assert [event["object"]["spec"]["amount"] for event in events] == [3, 4]
        await stream.stream.aclose()  # type: ignore[attr-defined]
        table = await api.ok("GET", V2, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
        assert [row["cells"][0] for row in table["rows"]] == ["a", "b"]
        # one review converted each of them, once
        assert [len(review["request"]["objects"]) for review in hook.reviews] == [1, 1]

    check(tmp_path, test)


def test_a_conversion_is_a_span_and_tells_of_it(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        await api.ok("POST", WIDGETS, widget())
        with traced() as tracer:
            await api.ok("GET", f"{V2}/a")
        assert dict(tracer.spans)["Call conversion webhook"] == {
            "custom-resource-definition": "widgets.example.com", "desired-api-version": "example.com/v2",
            "object-count": 1, "UID": hook.reviews[0]["request"]["uid"],
        }
        assert [call.told for call in tracer.calls] == [["POST", f"{hook.url}?timeout=500ms", 200, None]]

    check(tmp_path, test)


def test_writes_are_stored_in_the_storage_version(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        new = {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"amount": 5}}
        made = await api.ok("POST", V2, new)
        # what is stored is defaulted by its own version when it is read, and v1 knows no unit
        assert made["spec"] == {"amount": 5, "color": "red"}
        stored = await api.ok("GET", f"{WIDGETS}/a")
        assert stored["spec"] == {"color": "red", "size": 5}
        patched = await api.ok("PATCH", f"{V2}/a", {"spec": {"amount": 6}}, content_type=MERGE)
        assert (patched["apiVersion"], patched["spec"], patched["metadata"]["generation"]) == (
            "example.com/v2", {"amount": 6, "color": "red"}, 2,
        )
        assert (await api.ok("GET", f"{WIDGETS}/a"))["spec"]["size"] == 6
        await api.ok("DELETE", f"{V2}/a")

    check(tmp_path, test)


def test_a_service_of_the_cluster(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        await api.ok("POST", WIDGETS, widget())
        assert (await api.ok("GET", f"{V2}/a"))["spec"]["amount"] == 3
        api.addresses.clear()
        await api.ok("POST", WIDGETS, widget("b"))

    check(tmp_path, test, service={"namespace": "ns", "name": "hook", "path": "/convert"})


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        await api.ok("POST", WIDGETS, widget())
        code, body = await api.json("GET", f"{V2}/a")
        assert code == 500
        assert body["message"] == (
            'conversion webhook for example.com/v1, Kind=Widget failed: Post "https://gone.ns.svc:443/?timeout=500ms": '
            'service "gone" not found'
        )

    check(tmp_path, test, service={"namespace": "ns", "name": "gone"})


def _without_objects(answer: Object) -> Object:
    answer["response"]["convertedObjects"] = []
    return answer


def _other_uid(answer: Object) -> Object:
    answer["response"]["uid"] = "other"
    return answer


def _failing(answer: Object) -> Object:
    answer["response"]["result"] = {"status": "Failed", "message": "not today"}
    return answer


def _first(change: Callable[[Object], None]) -> Callable[[Object], Object]:
    def lie(answer: Object) -> Object:
        change(answer["response"]["convertedObjects"][0])
        return answer

    return lie


PREFIX = "conversion webhook for example.com/v1, Kind=Widget "
OBJECT = f"{PREFIX}returned invalid object"


@pytest.mark.parametrize(("lie", "message"), [
    (_without_objects, f"{PREFIX}returned 0 objects, expected 1"),
    (_failing, f"{PREFIX}failed: not today"),
    (lambda a: {**a, "kind": "Other"},
     f"{PREFIX}failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got "
     "apiextensions.k8s.io/v1, Kind=Other"),
    (lambda a: {**a, "response": None}, f"{PREFIX}failed: no response provided"),
    (lambda a: {**a, "response": {**a["response"], "result": {"status": "Odd"}}},
     f"{PREFIX}failed: response.result.status was 'Odd', not 'Success'"),
    (_first(lambda o: o.update(apiVersion="example.com/v3")),
     f"{OBJECT} at index 0: invalid groupVersion (expected example.com/v2, received example.com/v3)"),
    (_first(lambda o: o.update(kind="Other")), f"{OBJECT} at index 0: invalid kind (expected Widget, received Other)"),
    (_first(lambda o: o["metadata"].update(name="b")), f"{OBJECT}: must have the same name: a != b"),
    (_first(lambda o: o["metadata"].update(namespace="x")), f"{OBJECT}: must have the same namespace: ns != x"),
    (_first(lambda o: o.pop("metadata")), f"{PREFIX}returned invalid metadata: missing metadata in converted object"),
    (_first(lambda o: o["metadata"].update(labels={"a": 1})),
     f"{PREFIX}returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object"),
])
def test_lies_are_refused(tmp_path: Path, lie: Callable[[Object], Object], message: str) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        await api.ok("POST", WIDGETS, widget())
        hook.lie = lie
        code, body = await api.json("GET", f"{V2}/a")
        assert (code, body["message"]) == (500, message)
        assert (await api.ok("GET", f"{WIDGETS}/a"))["spec"]["size"] == 3

    check(tmp_path, test)


def test_another_uid_is_no_answer(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        await api.ok("POST", WIDGETS, widget())
        hook.lie = _other_uid
        code, body = await api.json("GET", f"{V2}/a")
        uid = hook.reviews[0]["request"]["uid"]
        assert (code, body["message"]) == (500, f'{PREFIX}failed: expected response.uid="{uid}", got "other"')

    check(tmp_path, test)


def test_metadata_is_put_back_but_labels_and_annotations(tmp_path: Path) -> None:
    def change(obj: Object) -> None:
        obj["metadata"].update(labels={"x": "y"}, generation=99, finalizers=["example.com/odd"])

    async def test(api: CustomAPI, hook: Hook) -> None:
        made = await api.ok("POST", WIDGETS, widget())
        hook.lie = _first(change)
        got = await api.ok("GET", f"{V2}/a")
        assert got["metadata"] == made["metadata"] | {"labels": {"x": "y"}}

    check(tmp_path, test)


def test_no_answer_is_waited_for_a_bounded_time(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        await api.ok("POST", WIDGETS, widget())
        hook.lie = lambda answer: None
        code, body = await api.json("GET", f"{V2}/a")
        assert code == 500
        assert body["message"].endswith("context deadline exceeded")
        stream = await api.call("GET", V2, query="watch=1")
        assert isinstance(stream, StreamResponse)
        event = orjson.loads(await anext(stream.stream))
        assert (event["type"], event["object"]["code"]) == ("ERROR", 500)

    check(tmp_path, test)


def test_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        await api.ok("POST", WIDGETS, widget())
        now = time.time()
        other, _ = certificates.authority(now - 60, now + 3600)
        bundle = base64.b64encode(other).decode()

        def distrust(obj: Object) -> None:
            obj["spec"]["conversion"]["webhook"]["clientConfig"]["caBundle"] = bundle

        await api.change("widgets.example.com", distrust)
        code, body = await api.json("GET", f"{V2}/a")
        assert code == 500
        assert body["message"].endswith(
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        )

    check(tmp_path, test)


def test_managers_are_told_in_terms_of_their_own_version(tmp_path: Path) -> None:
    async def test(api: CustomAPI, hook: Hook) -> None:
        def managers(obj: Object) -> dict[str, Any]:
            return {
                entry["manager"]: (entry["apiVersion"], entry["fieldsV1"].get("f:spec"))
                for entry in obj["metadata"]["managedFields"]
            }

        await api.ok("POST", WIDGETS, widget(), query="fieldManager=a")
        patched = await api.ok("PATCH", f"{V2}/a", {"spec": {"amount": 6}}, content_type=MERGE, query="fieldManager=b")
        assert managers(patched) == {
            "a": ("example.com/v1", {".": {}, "f:color": {}}), "b": ("example.com/v2", {"f:amount": {}, "f:unit": {}}),
        }
        mine = {"apiVersion": "example.com/v2", "kind": "Widget", "spec": {"amount": 7, "color": "blue"}}
        code, _ = await api.json("PATCH", f"{V2}/a", mine, content_type=APPLY, query="fieldManager=c")
        assert code == 409
        applied = await api.ok("PATCH", f"{V2}/a", mine, content_type=APPLY, query="fieldManager=c&force=true")
        assert managers(applied) == {
            "a": ("example.com/v1", {}), "b": ("example.com/v2", {"f:unit": {}}),
            "c": ("example.com/v2", {"f:amount": {}, "f:color": {}}),
        }
        again = await api.ok("PATCH", f"{WIDGETS}/a", {"spec": {"size": 8}}, content_type=MERGE, query="fieldManager=d")
        assert managers(again) == {
            "a": ("example.com/v1", {}), "b": ("example.com/v2", {"f:unit": {}}),
            "c": ("example.com/v2", {"f:color": {}}), "d": ("example.com/v1", {"f:size": {}}),
        }

    check(tmp_path, test)
