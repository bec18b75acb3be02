"""The informer against a scripted server: what each list and each watch answers is given."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.server.informer import Informer
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.responses import render_status


def thing(name: str, revision: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns", "resourceVersion": str(revision)}}


def listing(revision: int, *items: dict[str, Any]) -> Response:
    body = {"kind": "ThingList", "apiVersion": "v1", "metadata": {"resourceVersion": str(revision)}, "items": items}
    return Response(200, orjson.dumps(body))


def watch(*events: tuple[str, dict[str, Any]], open_end: bool = False) -> Response:
    async def stream() -> AsyncIterator[bytes]:
        for kind, obj in events:
            yield orjson.dumps({"type": kind, "object": obj}) + b"\n"
        if open_end:
            await asyncio.Event().wait()

    return StreamResponse(stream())


EXPIRED = {"code": 410, "reason": "Expired", "message": "too old resource version"}


class Script:
    """Answers in turn; after the last answer a request waits for ever."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.queries: list[dict[str, str]] = []
        self.used_up = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        self.queries.append(dict(request.query))
        if not self.answers:
            self.used_up.set()
            await asyncio.Event().wait()
        return self.answers.pop(0)


class Log:
    def __init__(self, informer: Informer) -> None:
        self.lines: list[str] = []
        informer.add_handler(
            on_add=lambda o: self.note("add", o), on_update=lambda old, new: self.note("update", new),
            on_delete=lambda o: self.note("delete", o),
        )

    def note(self, what: str, obj: dict[str, Any]) -> None:
        self.lines.append(f"{what} {obj['metadata']['name']}@{obj['metadata']['resourceVersion']}")


def follow(*answers: Response) -> tuple[list[str], list[dict[str, str]], list[float], Informer]:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def run() -> tuple[list[str], list[dict[str, str]], list[float], Informer]:
        script = Script(*answers)
        informer = Informer(LoopbackClient(script), "", "v1", "things", sleep=nap)
        log = Log(informer)
        task = asyncio.create_task(informer.run())
        await script.used_up.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return log.lines, script.queries, naps, informer

    return asyncio.run(run())


def test_list_then_watch() -> None:
    lines, queries, naps, informer = follow(
        listing(5, thing("a", 1), thing("b", 4)),
        watch(("ADDED", thing("c", 6)), ("MODIFIED", thing("a", 7)), ("DELETED", thing("b", 8)),
              ("BOOKMARK", {"metadata": {"resourceVersion": "20"}})),
    )
    assert lines == ["add a@1", "add b@4", "add c@6", "update a@7", "delete b@8"]
    assert queries[1] == {"watch": "true", "resourceVersion": "5", "allowWatchBookmarks": "true"}
    assert queries[2]["resourceVersion"] == "20"
    assert naps == []
    assert informer.synced.is_set()
    assert sorted(o["metadata"]["name"] for o in informer) == ["a", "c"]
    first = informer.get("ns", "a")
    assert first is not None
    assert first["metadata"]["resourceVersion"] == "7"
    assert len(informer) == 2


def test_items_of_a_list_get_their_kind() -> None:
    informer = follow(listing(5, thing("a", 1)))[3]
    a = informer.get("ns", "a")
    assert a is not None
    assert (a["kind"], a["apiVersion"]) == ("Thing", "v1")


def test_expired_lists_again_and_reports_the_difference() -> None:
    lines, queries, _, _ = follow(
        listing(5, thing("a", 1), thing("b", 2), thing("c", 3)),
        watch(("ERROR", EXPIRED)),
        listing(50, thing("a", 1), thing("b", 40), thing("d", 41)),
    )
    assert lines == ["add a@1", "add b@2", "add c@3", "delete c@3", "update b@40", "add d@41"]
    assert queries[3]["resourceVersion"] == "50"


def test_a_refused_watch_with_410_lists_again() -> None:
    gone = render_status(Request("GET", "/"), status.expired("too old"))
    lines, _, naps, _ = follow(listing(5, thing("a", 1)), gone, listing(6, thing("a", 1)))
    assert lines == ["add a@1"]
    assert naps == []


def test_other_errors_are_tried_again_later_and_later() -> None:
    down = [render_status(Request("GET", "/"), status.service_unavailable("not yet")) for _ in range(3)]
    lines, _, naps, _ = follow(*down, listing(5, thing("a", 1)))
    assert lines == ["add a@1"]
    assert naps == [0.2, 0.4, 0.8]


def test_what_is_no_list_and_no_event_is_asked_for_again() -> None:
    lines, queries, naps, _ = follow(Response(200, b"?"), listing(5, thing("a", 1)), watch(("ADDED", {})))
    assert lines == ["add a@1"]
    assert naps == [0.2, 0.4]
    assert [query.get("resourceVersion") for query in queries] == [None, None, "5", None]


def test_a_late_handler_sees_what_is_there_and_a_broken_one_harms_nobody() -> None:
    informer = follow(listing(5, thing("a", 1)))[3]

    def broken(obj: dict[str, Any]) -> None:
        raise RuntimeError("bug")

    informer.add_handler(on_add=broken)
    assert Log(informer).lines == ["add a@1"]
