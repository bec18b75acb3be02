"""What is going on in the queues, as text (upstream: pkg/util/flowcontrol/apf_controller_debug.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.meta import format_micro_time
from pilothouse.flowcontrol.controller import FlowController
from pilothouse.flowcontrol.queueset import Ticket

_LEVELS = (
    "PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests",
    "DispatchedRequests", "RejectedRequests", "TimedoutRequests", "CancelledRequests",
)
_QUEUES = (
    "PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse", "NextDispatchR",
    "InitialSeatsSum", "MaxSeatsSum", "TotalWorkSum",
)
_REQUESTS = (
    "PriorityLevelName", "FlowSchemaName", "QueueIndex", "RequestIndexInQueue", "FlowDistingsher", "ArriveTime",
    "InitialSeats", "FinalSeats", "AdditionalLatency", "StartTime",
)
_DETAILS = ("UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource")


def priority_levels(controller: FlowController) -> str:
    rows = [_LEVELS]
    for name, level in sorted(controller.levels.items()):
        s = level.set
        rows.append((
            name, _n(sum(1 for queue in s.queues if queue.waiting)), _b(s.idle), _b(level.quiescing), _n(s.waiting),
            _n(s.executing), _n(s.dispatched), _n(s.rejected), _n(0), _n(s.timed_out),
        ))
    return _table(rows)


def queues(controller: FlowController) -> str:
    rows = [_QUEUES]
    for name, level in sorted(controller.levels.items()):
        for queue in level.set.queues:
            works = [ticket.work for ticket in queue.waiting]
            rows.append((
                name, _n(queue.index), _n(len(queue.waiting)), _n(len(queue.executing)), _n(queue.seats),
                _seat_seconds(queue.next_dispatch_r), _n(sum(work.initial_seats for work in works)),
                _n(sum(work.seats for work in works)), _seat_seconds(sum(work.total for work in works)),
            ))
    return _table(rows)


def requests(controller: FlowController, *, details: bool, wall: Callable[[float], float]) -> str:
    """`wall` gives the Unix seconds of a time of the controller's clock."""
    rows: list[Sequence[str]] = [(*_REQUESTS, *_DETAILS) if details else _REQUESTS]
    for name, level in sorted(controller.levels.items()):
        for queue in level.set.queues:
            for i, ticket in enumerate(queue.waiting):
                rows.append((name, *_request(ticket, queue.index, i, wall, details)))
            rows += [(name, *_request(ticket, queue.index, -1, wall, details)) for ticket in queue.executing]
        rows += [(name, *_request(ticket, -1, -1, wall, details)) for ticket in level.set.unqueued]
    return _table(rows)


def _request(
    ticket: Ticket, queue: int, index: int, wall: Callable[[float], float], details: bool
) -> Iterator[str]:
    user, info, found = ticket.subject
    work = ticket.work
    yield from (found.schema.name, _n(queue), _n(index), found.distinguisher, format_micro_time(wall(ticket.arrived)))
    yield from (_n(work.initial_seats), _n(work.final_seats), duration.format(round(work.linger * 1e9)))
    yield format_micro_time(wall(ticket.started)) if ticket.executing else "0001-01-01T00:00:00Z"
    if details:
        version = f"{info.api_group}/{info.api_version}" if info.api_group else info.api_version
        yield from (user.name, info.verb, info.path, info.namespace, info.name, version, info.resource)
        yield info.subresource


def _n(value: int) -> str:
    return str(value)


def _b(value: bool) -> str:
    return "true" if value else "false"


def _seat_seconds(value: float) -> str:
    return f"{value:.8f}ss"


def _table(rows: Iterable[Sequence[str]]) -> str:
    """Columns padded as Go's tabwriter does it: every cell but the last ends with a comma."""
    cells = [[f"{cell}," for cell in row[:-1]] + [row[-1]] for row in rows]
    widths = [max(8, *(len(row[i]) + 1 for row in cells)) for i in range(len(cells[0]) - 1)]
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + row[-1] + "\n" for row in cells
    )
