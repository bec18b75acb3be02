"""A clock and timers that a test moves, and what most tests of flow control need."""

import heapq
from collections.abc import Callable
from typing import Any

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.requestinfo import RequestInfo, resolve
from pilothouse.apimachinery.user import User
from pilothouse.flowcontrol.controller import FlowController
from pilothouse.flowcontrol.metrics import FlowControlMetrics, FlowMetrics, LevelMetrics
from pilothouse.flowcontrol.queueset import QueueSet, Ticket
from pilothouse.flowcontrol.usage import Usage
from pilothouse.flowcontrol.work import ONE_SEAT, Work
from pilothouse.observability.metrics import Registry


class Clock:
    """`later` is called as time goes by in `advance`."""

    def __init__(self) -> None:
        self.now = 100.0
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._timers, (self.now + seconds, self._count, function))

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.now, _, function = heapq.heappop(self._timers)
            function()
        self.now = until


class Level:
    """A queue set with its clock; flows are told apart by their hash."""

    def __init__(self, queues: int, limit: int, *, length: int = 50, hand: int = 1) -> None:
        self.clock = Clock()
        self.registry = Registry()
        self.metrics = FlowControlMetrics(self.registry)
        self.usage = Usage(self.clock, LevelMetrics(self.metrics, "level"))
        self.set = QueueSet(self.clock, self.clock.later, self.usage.spells)
        self.set.configure(queues, length, hand, limit)

    def start(self, flow: int = 0, work: Work = ONE_SEAT) -> Ticket:
        ticket = self.set.start(work, flow, FlowMetrics(self.metrics, "level", f"flow-{flow}"), None)
        assert isinstance(ticket, Ticket), ticket
        return ticket

    def refused(self, flow: int = 0, work: Work = ONE_SEAT) -> str:
        reason = self.set.start(work, flow, FlowMetrics(self.metrics, "level", f"flow-{flow}"), None)
        assert isinstance(reason, str)
        return reason


def info(method: str = "GET", url: str = "/api/v1/namespaces/ns/pods/p") -> RequestInfo:
    return request(method, url).context.request_info


def request(method: str = "GET", url: str = "/api/v1/namespaces/ns/pods/p") -> Request:
    path, _, query = url.partition("?")
    made = Request(method, path, query)
    made.context.request_info = resolve(made)
    made.context.user = User("bob", groups=("dev", "system:authenticated"))
    return made


def controller(clock: Clock, limit: int = 100) -> tuple[FlowController, Registry]:
    registry = Registry()
    return FlowController(limit, clock.later, metrics=FlowControlMetrics(registry), clock=clock), registry


def level(name: str, shares: int = 30, **limited: Any) -> dict[str, Any]:
    response = limited.pop("response", {"type": "Reject"})
    return {"metadata": {"name": name, "uid": f"uid-{name}"}, "spec": {"type": "Limited", "limited": {
        "nominalConcurrencyShares": shares, "lendablePercent": 0, "limitResponse": response, **limited,
    }}}


def queuing(queues: int = 8, length: int = 50, hand: int = 2) -> dict[str, Any]:
    return {"type": "Queue", "queuing": {"queues": queues, "queueLengthLimit": length, "handSize": hand}}


def schema(name: str, level: str, precedence: int = 1000, **rule: Any) -> dict[str, Any]:
    rules = {
        "subjects": [{"kind": "User", "user": {"name": "bob"}}],
        "resourceRules": [{
            "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True,
        }],
    } | rule
    return {"metadata": {"name": name, "uid": f"uid-{name}"}, "spec": {
        "priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence,
        "distinguisherMethod": {"type": "ByUser"}, "rules": [rules],
    }}
