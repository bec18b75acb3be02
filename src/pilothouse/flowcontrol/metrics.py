"""Metrics of priority and fairness, kept for each flow schema so that counting costs little (upstream:
pkg/util/flowcontrol/metrics)."""

from __future__ import annotations

from pilothouse.flowcontrol.concurrency import EXECUTING, WAITING
from pilothouse.observability.metrics import ALPHA, BETA, REGISTRY, Registry
from pilothouse.observability.timing import TimingHistogram

_PREFIX = "apiserver_flowcontrol_"
_FLOW = ("priority_level", "flow_schema")
_LEVEL = ("priority_level",)
_NOMINAL = "nominal_limit_seats"
_SECONDS = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
_SEATS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0)
_REQUEST_UTILIZATION = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1.0)
_SEAT_UTILIZATION = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_DEMAND = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0, 2.8, 4.0, 6.0)
_WATCHES = (0.0, 1.0, 10.0, 100.0, 1000.0, 10000.0)
REASONS = ("queue-full", "concurrency-limit", "time-out", "cancelled")


class FlowMetrics:
    """The series of one flow schema at one priority level.

    What changes with every request is counted in plain numbers, since the last scrape: the requests and seats that
    have come to be executing, the requests dispatched without a wait, those of one seat. A scrape settles them.
    """

    __slots__ = (
        "_dispatched", "_estimated_seats", "_executed", "_executing", "_queued", "_queued_seats", "_rejected",
        "_running_seats", "_waited", "_waited_in_vain", "at_once", "executing", "of_one_seat", "seats", "watches",
    )

    def __init__(self, metrics: FlowControlMetrics, level: str, schema: str) -> None:
        labels = (level, schema)
        self._queued = metrics.queued.labels(*labels)
        self._queued_seats = metrics.queued_seats.labels(*labels)
        self._executing = metrics.executing.labels(*labels)
        self._running_seats = metrics.running_seats.labels(*labels)
        self._dispatched = metrics.dispatched.labels(*labels)
        self._executed = metrics.executed.labels(*labels, "regular"), metrics.executed.labels(*labels, "watch")
        self._waited = metrics.waited.labels(level, schema, "true")
        self._waited_in_vain = metrics.waited.labels(level, schema, "false")
        self._rejected = {reason: metrics.rejected.labels(level, schema, reason) for reason in REASONS}
        self._estimated_seats = metrics.estimated_seats.labels(*labels)
        self.watches = metrics.watches.labels(*labels)
        self.executing = self.seats = self.at_once = self.of_one_seat = 0
        metrics.flows.append(self)

    def settle(self) -> None:
        self._executing.value += self.executing
        self._running_seats.value += self.seats
        self._dispatched.value += self.at_once
        self._waited.counts[0] += self.at_once
        self._estimated_seats.counts[0] += self.of_one_seat
        self._estimated_seats.sum += self.of_one_seat
        self.executing = self.seats = self.at_once = self.of_one_seat = 0

    def queued(self, count: int, seats: int) -> None:
        self._queued.value += count
        self._queued_seats.value += seats

    def estimated(self, seats: int) -> None:
        """More than one."""
        self._estimated_seats.observe(seats)

    def dispatched(self, seconds: float) -> None:
        """After `seconds` in a queue."""
        self._dispatched.value += 1
        self._waited.observe(seconds)

    def executed(self, seconds: float, watch: bool) -> None:
        self._executed[watch].observe(seconds)

    def rejected(self, reason: str, seconds: float = 0.0) -> None:
        self._rejected[reason].value += 1
        self._waited_in_vain.observe(seconds)


class LevelMetrics:
    """What the limits of one priority level are, and what they follow from."""

    def __init__(self, metrics: FlowControlMetrics, level: str) -> None:
        (self.nominal, self.lower, self.upper, self.current, self.high, self.average, self.deviation, self.smoothed,
         self.target) = (gauge.labels(level) for gauge in metrics.level_gauges)
        self.current_r = metrics.current_r.labels(level)
        self.demand = metrics.demand.labels(level)
        self.executing_seats = metrics.seat_utilization.labels(level, EXECUTING)
        self.executing_requests = metrics.request_utilization.labels(EXECUTING, level)
        self.waiting_requests = metrics.request_utilization.labels(WAITING, level)


class FlowControlMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        self.registry = registry
        self.flows: list[FlowMetrics] = []
        self._define_flows(registry)
        self._define_levels(registry)
        self._define_utilization(registry)
        registry.add_collector(self._settle)

    def _settle(self) -> None:
        for flow in self.flows:
            flow.settle()

    def _define_flows(self, registry: Registry) -> None:
        self.queued = registry.gauge(
            f"{_PREFIX}current_inqueue_requests",
            "Number of requests currently pending in queues of the API Priority and Fairness subsystem", _FLOW, BETA,
        )
        self.queued_seats = registry.gauge(
            f"{_PREFIX}current_inqueue_seats",
            "Number of seats currently pending in queues of the API Priority and Fairness subsystem", _FLOW, ALPHA,
        )
        self.executing = registry.gauge(
            f"{_PREFIX}current_executing_requests",
            "Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority "
            "and Fairness subsystem", _FLOW, BETA,
        )
        self.running_seats = registry.gauge(
            f"{_PREFIX}current_executing_seats",
            "Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage "
            "otherwise) requests in the API Priority and Fairness subsystem", _FLOW, BETA,
        )
        self.dispatched = registry.counter(
            f"{_PREFIX}dispatched_requests_total",
            "Number of requests executed by API Priority and Fairness subsystem", _FLOW, BETA,
        )
        self.rejected = registry.counter(
            f"{_PREFIX}rejected_requests_total",
            "Number of requests rejected by API Priority and Fairness subsystem", (*_FLOW, "reason"), BETA,
        )
        self.executed = registry.histogram(
            f"{_PREFIX}request_execution_seconds",
            "Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API "
            "Priority and Fairness subsystem", (*_FLOW, "type"), ALPHA, _SECONDS,
        )
        self.waited = registry.histogram(
            f"{_PREFIX}request_wait_duration_seconds", "Length of time a request spent waiting in its queue",
            (*_FLOW, "execute"), BETA, _SECONDS,
        )
        self.estimated_seats = registry.histogram(
            f"{_PREFIX}work_estimated_seats",
            "Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority "
            "and Fairness", _FLOW, ALPHA, _SEATS,
        )
        self.watches = registry.histogram(
            f"{_PREFIX}watch_count_samples",
            "count of watchers for mutating requests in API Priority and Fairness", _FLOW, ALPHA, _WATCHES,
        )
        self.current_r = registry.gauge(
            f"{_PREFIX}current_r", "R(time of last change)", _LEVEL,
        )

    def _define_levels(self, registry: Registry) -> None:
        self.fair_fraction = registry.gauge(
            f"{_PREFIX}seat_fair_frac",
            "Fair fraction of server's concurrency to allocate to each priority level that can use it", (), ALPHA,
        ).labels()
        self.level_gauges = tuple(
            registry.gauge(f"{_PREFIX}{name}", help, _LEVEL, BETA if name == _NOMINAL else ALPHA) for name, help in (
                (_NOMINAL, "Nominal number of execution seats configured for each priority level"),
                ("lower_limit_seats", "Configured lower bound on number of execution seats available to each priority "
                 "level"),
                ("upper_limit_seats", "Configured upper bound on number of execution seats available to each priority "
                 "level"),
                ("current_limit_seats", "current derived number of execution seats available to each priority level"),
                ("demand_seats_high_watermark", "High watermark, over last adjustment period, of demand_seats"),
                ("demand_seats_average", "Time-weighted average, over last adjustment period, of demand_seats"),
                ("demand_seats_stdev", "Time-weighted standard deviation, over last adjustment period, of "
                 "demand_seats"),
                ("demand_seats_smoothed", "Smoothed seat demands"),
                ("target_seats", "Seat allocation targets"),
            )
        )

    def _define_utilization(self, registry: Registry) -> None:
        self.demand = registry.define(TimingHistogram(
            f"{_PREFIX}demand_seats",
            "Observations, at the end of every nanosecond, of (the number of seats each priority level could use) / "
            "(nominal number of seats for that level)", _LEVEL, buckets=_DEMAND,
        ))
        self.seat_utilization = registry.define(TimingHistogram(
            f"{_PREFIX}priority_level_seat_utilization",
            "Observations, at the end of every nanosecond, of utilization of seats for any stage of execution (but "
            "only initial stage for WATCHes)", (*_LEVEL, "phase"), buckets=_SEAT_UTILIZATION,
        ))
        self.request_utilization = registry.define(TimingHistogram(
            f"{_PREFIX}priority_level_request_utilization",
            "Observations, at the end of every nanosecond, of number of requests (as a fraction of the relevant "
            "limit) waiting or in any stage of execution (but only initial stage for WATCHes)", ("phase", *_LEVEL),
            buckets=_REQUEST_UTILIZATION,
        ))
