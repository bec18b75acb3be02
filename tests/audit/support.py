"""Small parts that the tests of auditing share."""

import asyncio
import io
from collections.abc import Sequence
from typing import Any

import orjson

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.apimachinery.user import User
from pilothouse.audit.event import Event
from pilothouse.audit.interface import Sink
from pilothouse.audit.metrics import AuditMetrics
from pilothouse.audit.policy import LEVELS
from pilothouse.observability.logging import Logger
from pilothouse.observability.metrics import Registry

RECEIVED = 1_767_323_045_600_000_000
"""2026-01-02T03:04:05.6Z"""


class Kept:
    """A backend that keeps its events."""

    name = "kept"

    def __init__(self, *, works: bool = True, strict: bool = True, ordered: bool = True) -> None:
        self.strict = strict
        self.ordered = ordered
        self.batches: list[list[Event]] = []
        self.running: list[str] = []
        self.works = works
        self.arrived = asyncio.Event()

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]

    def start(self) -> None:
        self.running.append("start")

    async def stop(self) -> None:
        self.running.append("stop")

    def process(self, events: Sequence[Event]) -> list[asyncio.Future[bool]]:
        self.batches.append(list(events))
        self.arrived.set()
        future = asyncio.get_running_loop().create_future()
        future.set_result(self.works)
        return [future]


async def written(backend: Sink, events: Sequence[Event]) -> bool:
    """Whether they are, once that is known."""
    return all([await future for future in backend.process(events)])


def metrics() -> tuple[AuditMetrics, Registry]:
    registry = Registry()
    return AuditMetrics(registry, Logger(stream=io.StringIO())), registry


def request(method: str = "GET", url: str = "/api/v1/namespaces/ns/pods/p", **headers: str) -> Request:
    path, _, query = url.partition("?")
    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    made = Request(method, path, query, pairs, client=("192.0.2.7", 4711))
    made.context.request_info = resolve(made)
    made.context.user = User("bob", groups=("dev",))
    made.context.audit_id = "id-1"
    return made


def event(level: int = 1, objects: Sequence[bytes] = (), **fields: Any) -> Event:
    shown = {
        "level": LEVELS[level], "auditID": "id-1", "stage": "ResponseComplete", "requestURI": "/x", "verb": "get",
        "user": {"username": "bob"}, **fields,
    }
    times = {
        "requestReceivedTimestamp": "2026-01-02T03:04:05.600000Z", "stageTimestamp": "2026-01-02T03:04:05.700000Z",
    }
    if annotations := shown.pop("annotations", None):
        times["annotations"] = annotations
    return Event(level, (orjson.dumps(shown)[1:-1],), objects, (b",", orjson.dumps(times)[1:-1]), RECEIVED)
