"""Small parts that the tests of auditing share."""

import asyncio
import io
from collections.abc import Sequence
from typing import Any

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.apimachinery.user import User
from pilothouse.audit.event import Event
from pilothouse.audit.metrics import AuditMetrics
from pilothouse.observability.logging import Logger
from pilothouse.observability.metrics import Registry


class Kept:
    """A backend that keeps its events."""

    name = "kept"

    def __init__(self, *, works: bool = True) -> None:
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

    async def process(self, events: Sequence[Event]) -> bool:
        self.batches.append(list(events))
        self.arrived.set()
        return self.works


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


def event(level: int = 1, **fields: Any) -> Event:
    return Event(level, {
        "level": "Metadata", "auditID": "id-1", "stage": "ResponseComplete", "requestURI": "/x", "verb": "get",
        "user": {"username": "bob"}, "requestReceivedTimestamp": "2026-01-02T03:04:05.600000Z",
        "stageTimestamp": "2026-01-02T03:04:05.700000Z", **fields,
    })
