"""Fair queuing for one priority level (upstream: pkg/util/flowcontrol/fairqueuing/queueset).

Every flow is dealt a few of the level's queues and waits in the one with the least work. When seats are free, the
queue goes first whose oldest request would be the first to finish if all queues were served at the same pace. Progress
is counted in seat-seconds for each queue (R, the virtual time): it grows with the seats that are wanted or there,
divided by the queues that want any. So a flow that floods its queues waits behind itself, and the others go on.

A level without queues takes what fits and refuses the rest; an exempt one takes everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pilothouse.flowcontrol.dealer import Dealer
from pilothouse.flowcontrol.work import ESTIMATED_SECONDS, USE_BITS, Work

if TYPE_CHECKING:
    from pilothouse.flowcontrol.metrics import FlowMetrics
    from pilothouse.observability.timing import Spells

EXEMPT, UNQUEUED = -1, 0
"""Numbers of queues of a level that limits nothing, and of one that has none."""
_WAITING = 2 * USE_BITS
_MOST_QUEUES = 1024
"""The ten millions that a level may ask for would fill the memory; more than some hundred change little."""


class Ticket:
    """A request's place. `notify` is called when it is dispatched after it has waited.

    `subject` is (user, request info), for dumps.
    """

    __slots__ = ("arrival_r", "arrived", "executing", "flow", "notify", "queue", "started", "subject", "work")

    def __init__(self, work: Work, flow: FlowMetrics, arrived: float, arrival_r: float, subject: Any) -> None:
        self.work = work
        self.flow = flow
        self.arrived = arrived
        self.arrival_r = arrival_r
        self.subject = subject
        self.queue: Queue | None = None
        self.started = 0.0
        self.executing = False
        self.notify: Callable[[], None] | None = None


class Queue:
    __slots__ = ("executing", "index", "next_dispatch_r", "seats", "waiting", "waiting_work")

    def __init__(self, index: int) -> None:
        self.index = index
        self.waiting: deque[Ticket] = deque()
        self.waiting_work = 0.0
        """Seat-seconds of all that wait."""
        self.executing: set[Ticket] = set()
        self.seats = 0
        self.next_dispatch_r = 0.0

    @property
    def active(self) -> bool:
        return bool(self.waiting or self.executing)

    def bound(self) -> None:
        """No credit for the time before the oldest request came (upstream: boundNextDispatchLocked)."""
        if self.waiting and self.next_dispatch_r < self.waiting[0].arrival_r:
            self.next_dispatch_r = self.waiting[0].arrival_r


class QueueSet:
    """`clock` gives monotonic seconds; `later(seconds, function)` runs a function later; `usage` is told what runs
    and what waits (see `work.Work.use`)."""

    def __init__(
        self, clock: Callable[[], float], later: Callable[[float, Callable[[], None]], object], usage: Spells
    ) -> None:
        self._clock = clock
        self._later = later
        self._usage = usage
        self._use = 0
        self.wanted_queues = UNQUEUED
        self.limit = 0
        self._length_limit = 0
        self._dealer: Dealer | None = None
        self._hands: dict[int, tuple[int, ...]] = {}
        self.queues: list[Queue] = []
        self._waiting: set[Queue] = set()
        """Queues in which somebody waits."""
        self._active = 0
        self.r = 0.0
        self._synced = clock()
        self._robin = 0
        self._enqueued = 0
        self.unqueued: set[Ticket] = set()
        """What runs without having been in a queue."""
        self.waiting = self.executing = self.seats = self.waiting_seats = 0
        self.dispatched = self.rejected = self.timed_out = 0

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.executing

    def configure(self, queues: int, length_limit: int, hand_size: int, limit: int) -> None:
        """Take effect at once; queues that are too many go when they are empty. Raises ValueError."""
        self._sync()
        queues = min(queues, _MOST_QUEUES)
        if queues > 0:
            self._dealer = Dealer(queues, hand_size)
            self._length_limit = length_limit
            self.queues += [Queue(i) for i in range(len(self.queues), queues)]
        self._hands.clear()
        self.wanted_queues = queues
        self.limit = limit
        self._dispatch_all()

    # Coming

    def start(self, work: Work, flow_hash: int, flow: FlowMetrics, subject: Any) -> Ticket | str:
        """A ticket, executing or waiting; or why there is none ("queue-full", "concurrency-limit")."""
        now = self._sync()
        ticket = Ticket(work, flow, now, self.r, subject)
        if self.wanted_queues < 1:
            if self.wanted_queues != EXEMPT and not self._fits(work.seats):
                self.rejected += 1
                return "concurrency-limit"
            self.unqueued.add(ticket)
            self._execute(ticket, now)
            return ticket
        queue = self._choose(flow_hash)
        if self.seats >= self.limit and len(queue.waiting) >= self._length_limit:
            self.rejected += 1
            return "queue-full"
        if self.waiting or not self._fits(work.seats):
            self._enqueue(queue, ticket, now)
            self._dispatch_all()
        else:
            # what would be dispatched at once does not go through the queue
            ticket.queue = queue
            self._begin(queue)
            self._dispatch_from(queue, ticket)
        return ticket

    def _choose(self, flow_hash: int) -> Queue:
        """Of the flow's hand the queue with the least work; of equals the next in turn."""
        hand = self._hands.get(flow_hash)
        if hand is None:
            assert self._dealer is not None
            if len(self._hands) > 4096:
                self._hands.clear()
            hand = self._hands[flow_hash] = self._dealer.deal(flow_hash)
        offset = self._enqueued % len(hand)
        self._enqueued += 1
        queues = self.queues
        best = queues[hand[offset]]
        if not best.waiting_work:
            return best
        for i in hand[offset + 1 :] + hand[:offset]:
            if queues[i].waiting_work < best.waiting_work:
                best = queues[i]
        return best

    def _enqueue(self, queue: Queue, ticket: Ticket, now: float) -> None:
        self._begin(queue)
        ticket.queue = queue
        queue.waiting.append(ticket)
        queue.waiting_work += ticket.work.total
        self._waiting.add(queue)
        self.waiting += 1
        self.waiting_seats += ticket.work.seats
        self._use += ticket.work.use << _WAITING
        ticket.flow.queued(1, ticket.work.seats)
        self._usage.set(self._use, now)
        queue.bound()

    def _begin(self, queue: Queue) -> None:
        """Something comes to the queue: one that had nothing begins now."""
        if not queue.active:
            queue.next_dispatch_r = self.r
            self._active += 1

    def _leave_queue(self, queue: Queue, ticket: Ticket) -> None:
        queue.waiting.remove(ticket) if queue.waiting[0] is not ticket else queue.waiting.popleft()
        queue.waiting_work = queue.waiting_work - ticket.work.total if queue.waiting else 0.0
        if not queue.waiting:
            self._waiting.discard(queue)
        self.waiting -= 1
        self.waiting_seats -= ticket.work.seats
        self._use -= ticket.work.use << _WAITING
        ticket.flow.queued(-1, -ticket.work.seats)

    # Running

    def _fits(self, seats: int) -> bool:
        if self.wanted_queues == EXEMPT:
            return True
        if seats > self.limit:
            # more than there ever will be: it runs alone
            return not self.executing
        return self.seats + seats <= self.limit

    def _dispatch_all(self) -> None:
        while self.waiting and self.seats < self.limit and self._dispatch():
            pass

    def _dispatch(self) -> bool:
        queue = self._next_queue()
        ticket = queue.waiting[0]
        if not self._fits(ticket.work.seats):
            return False
        self._leave_queue(queue, ticket)
        self._dispatch_from(queue, ticket)
        return True

    def _dispatch_from(self, queue: Queue, ticket: Ticket) -> None:
        if ticket.work.final_seats > self.limit:
            seats = max(1, self.limit)
            work = ticket.work
            ticket.work = Work(work.initial_seats, seats, work.final_seats * work.linger / seats)
        self._robin = queue.index
        queue.executing.add(ticket)
        queue.seats += ticket.work.seats
        self._execute(ticket, self._synced)
        queue.next_dispatch_r += ticket.work.total
        if queue.waiting:
            queue.bound()

    def _next_queue(self) -> Queue:
        """The queue whose oldest request would finish first; of equals the next in turn."""
        if len(self._waiting) == 1:
            return next(iter(self._waiting))
        count, after = len(self.queues), self._robin + 1
        return min(
            self._waiting,
            key=lambda q: (q.next_dispatch_r + q.waiting[0].work.total, (q.index - after) % count),
        )

    def _execute(self, ticket: Ticket, now: float) -> None:
        work, flow = ticket.work, ticket.flow
        seats = work.seats
        self._use += work.use
        ticket.started = now
        ticket.executing = True
        self.executing += 1
        self.seats += seats
        self.dispatched += 1
        flow.executing += 1
        flow.seats += seats
        self._usage.set(self._use, now)
        if ticket.notify is not None:
            ticket.notify()

    # Going

    def cancel(self, ticket: Ticket) -> bool:
        """The request no longer waits; False if it is executing already."""
        if ticket.executing:
            return False
        now = self._sync()
        queue = ticket.queue
        assert queue is not None
        self._leave_queue(queue, ticket)
        self.rejected += 1
        self.timed_out += 1
        self._usage.set(self._use, now)
        if not queue.active:
            self._active -= 1
        queue.bound()
        self._drop_surplus(queue)
        return True

    def finish(self, ticket: Ticket) -> float:
        """The request has been served; its seats become free, after it has lingered. Returns the time."""
        now = self._sync()
        self.executing -= 1
        ticket.flow.executing -= 1
        queue = ticket.queue
        if queue is None:
            self.unqueued.discard(ticket)
        else:
            queue.executing.discard(ticket)
            # what it really took, in place of what was taken for granted
            queue.next_dispatch_r -= ticket.work.initial_seats * (ESTIMATED_SECONDS - (now - ticket.started))
            if queue.waiting:
                queue.bound()
            elif not queue.executing:
                self._active -= 1
        if ticket.work.linger > 0:
            self._use -= 1
            self._usage.set(self._use, now)
            self._later(ticket.work.linger, lambda: self._linger_over(ticket))
        else:
            self._release(ticket, now, ticket.work.use)
        if self.waiting:
            self._dispatch_all()
        return now

    def _linger_over(self, ticket: Ticket) -> None:
        self._release(ticket, self._sync(), ticket.work.use - 1)
        self._dispatch_all()

    def _release(self, ticket: Ticket, now: float, use: int) -> None:
        seats = ticket.work.seats
        self.seats -= seats
        self._use -= use
        ticket.flow.seats -= seats
        self._usage.set(self._use, now)
        if ticket.queue is not None:
            ticket.queue.seats -= seats
            self._drop_surplus(ticket.queue)

    def _drop_surplus(self, queue: Queue) -> None:
        if len(self.queues) <= self.wanted_queues or queue.active or queue.seats:
            return
        if queue.index < len(self.queues) and self.queues[queue.index] is queue:
            del self.queues[queue.index]
            for i in range(queue.index, len(self.queues)):
                self.queues[i].index = i
            if self._robin >= queue.index:
                self._robin -= 1

    # Virtual time

    def _sync(self) -> float:
        """Brings R up to now, which it returns."""
        now = self._clock()
        if self._active:
            wanted = self.seats + self.waiting_seats
            self.r += min(wanted, self.limit) / self._active * (now - self._synced)
        self._synced = now
        return now
