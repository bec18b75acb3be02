"""The filter chain: every filter in the order in which a request meets it, with the reason for its place.

Upstream writes the same chain inside out (k8s.io/apiserver pkg/server/config.go, DefaultBuildHandlerChain);
here the first line runs first. The list is data and is built once, at start; a filter that is switched off
gives back the handler itself and costs nothing. A test pins the order.
"""

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pilothouse.apimachinery.http import ErrorRenderer, Handler
from pilothouse.observability.logging import Logger, log
from pilothouse.server.filters.audit import with_audit
from pilothouse.server.filters.audit_init import with_audit_init
from pilothouse.server.filters.authentication import with_authentication
from pilothouse.server.filters.authorization import with_authorization
from pilothouse.server.filters.cache_control import with_cache_control
from pilothouse.server.filters.cors import with_cors
from pilothouse.server.filters.goaway import with_probabilistic_goaway
from pilothouse.server.filters.hsts import with_hsts
from pilothouse.server.filters.http_log import with_http_logging
from pilothouse.server.filters.impersonation import with_impersonation
from pilothouse.server.filters.late_requests import with_late_connection_filter, with_non_ready_request_logging
from pilothouse.server.filters.latency_trackers import with_latency_trackers
from pilothouse.server.filters.max_in_flight import with_max_in_flight
from pilothouse.server.filters.mux_complete import with_mux_and_discovery_complete
from pilothouse.server.filters.panic_recovery import with_panic_recovery
from pilothouse.server.filters.priority_and_fairness import FlowControl, with_priority_and_fairness
from pilothouse.server.filters.received_timestamp import with_received_timestamp
from pilothouse.server.filters.request_deadline import with_request_deadline
from pilothouse.server.filters.request_info import with_request_info
from pilothouse.server.filters.retry_after import with_not_ready, with_opt_in_retry_after, with_retry_after
from pilothouse.server.filters.shutdown_header import with_shutdown_response_header
from pilothouse.server.filters.startup_annotation import with_startup_early_annotation
from pilothouse.server.filters.timeout import with_timeout
from pilothouse.server.filters.tracing import with_tracing
from pilothouse.server.filters.wait_group import with_wait_group
from pilothouse.server.filters.warning_recorder import with_warning_recorder
from pilothouse.server.filters.watch_termination import with_watch_termination
from pilothouse.server.lifecycle import LifecycleSignals
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import render_status
from pilothouse.server.waitgroup import WaitGroup

if TYPE_CHECKING:
    from pilothouse.audit.auditor import Auditor
    from pilothouse.authentication.interface import Authenticator
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.observability.tracing import Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainConfig:
    """What the filters are built from. Times in seconds; the defaults are kube-apiserver's."""

    authenticator: "Authenticator | None" = None
    """None switches authentication off, as upstream: then requests have no user and no authorizer may be given."""
    authorizer: "Authorizer | None" = None
    constrained_impersonation: bool = True
    """Whether the constrained modes of acting as somebody else are there beside the old one."""
    tracer: "Tracer | None" = None
    """Spans of requests go there; None where nothing is traced."""
    auditor: "Auditor | None" = None
    """None where there is no audit policy, or nowhere to write to."""
    api_audiences: Sequence[str] = ()
    front_proxy_headers: Sequence[str] = ()
    front_proxy_extra_prefixes: Sequence[str] = ()
    render: ErrorRenderer = render_status
    request_timeout: float = 60.0
    flow_control: FlowControl | None = None
    """Priority and fairness; without it the two limits that follow hold."""
    max_requests_in_flight: int = 400
    max_mutating_requests_in_flight: int = 200
    hsts_directives: Sequence[str] = ()
    cors_allowed_origins: Sequence[str] = ()
    goaway_chance: float = 0.0
    """The share of HTTP/2 requests after which a client is asked to connect again."""
    anonymous_http2_mitigation: bool = False
    """Whether an HTTP/2 connection ends with an anonymous or refused request."""
    shutdown_delay: float = 0.0
    shutdown_send_retry_after: bool = False
    send_retry_after_while_not_ready_once: bool = False
    late_connections: Container[tuple[str, int]] | None = None
    server_id: str = ""
    signals: LifecycleSignals = field(default_factory=LifecycleSignals)
    requests: WaitGroup = field(default_factory=WaitGroup)
    """Requests that are not long-running; a shutdown waits for them."""
    watches: WaitGroup = field(default_factory=WaitGroup)
    metrics: ServerMetrics = field(default_factory=ServerMetrics)
    logger: Logger = log
    clock: Callable[[], float] = time.monotonic


class Place(NamedTuple):
    """One filter's place. `why` says why it stands where it stands."""

    name: str
    why: str
    build: Callable[[Handler, ChainConfig], Handler]


FILTERS: tuple[Place, ...] = (
    Place("AuditInit", "every answer carries an Audit-ID, also that of a bug",
          lambda h, c: with_audit_init(h)),
    Place("PanicRecovery", "whatever goes wrong in any filter becomes an answer",
          lambda h, c: with_panic_recovery(h, c.render, c.metrics)),
    Place("MuxAndDiscoveryComplete", "what matters is whether paths were complete when the request came",
          lambda h, c: with_mux_and_discovery_complete(h, c.signals.mux_and_discovery_complete)),
    Place("RequestReceivedTimestamp", "latencies and deadlines count from here",
          lambda h, c: with_received_timestamp(h, c.clock)),
    Place("RequestInfo", "nearly every filter below asks what the request is for",
          lambda h, c: with_request_info(h)),
    Place("LatencyTrackers", "around all phases that it measures",
          lambda h, c: with_latency_trackers(h)),
    Place("HTTPLogging", "refusals of the filters below are logged too",
          lambda h, c: with_http_logging(h, c.logger, c.clock)),
    Place("ShutdownResponseHeader", "also on refusals",
          lambda h, c: with_shutdown_response_header(
              h, c.signals.shutdown_initiated, c.shutdown_delay, c.server_id, c.clock)),
    Place("OptInRetryAfter", "refuses before any work is done",
          lambda h, c: with_opt_in_retry_after(h, c.signals.has_been_ready)),
    Place("RetryAfter", "refuses before the wait group counts the request",
          lambda h, c: with_retry_after(h, c.signals.not_accepting_new_request)
          if c.shutdown_send_retry_after else h),
    Place("HSTS", "on every answer that is served, refused or not",
          lambda h, c: with_hsts(h, c.hsts_directives)),
    Place("CacheControl", "on every answer that is served, refused or not",
          lambda h, c: with_cache_control(h)),
    Place("ProbabilisticGoaway", "counts every request that is served, refused or not",
          lambda h, c: with_probabilistic_goaway(h, c.goaway_chance)),
    Place("WatchTerminationDuringShutdown", "outside the wait group, which leaves watches out",
          lambda h, c: with_watch_termination(h, c.signals.not_accepting_new_request, c.watches)),
    Place("LateConnection", "sees every request that is served",
          lambda h, c: with_late_connection_filter(h, c.late_connections)),
    Place("NonReadyRequestLogging", "sees every request that is served",
          lambda h, c: with_non_ready_request_logging(h, c.signals.has_been_ready)),
    Place("WaitGroup", "counts before anything below may wait",
          lambda h, c: with_wait_group(h, c.requests)),
    Place("RequestDeadline", "sets what the next filter enforces",
          lambda h, c: with_request_deadline(h, c.request_timeout, c.render, c.auditor)),
    Place("TimeoutForNonLongRunningRequests", "around everything that may take long, authentication included",
          lambda h, c: with_timeout(h, c.request_timeout, c.metrics, c.clock)),
    Place("WarningRecorder", "inside the timeout: an answer that is cut off carries no warnings",
          lambda h, c: with_warning_recorder(h)),
    Place("CORS", "a preflight comes without credentials, so before authentication",
          lambda h, c: with_cors(h, c.cors_allowed_origins)),
    Place("Authentication", "everything below may ask who it is",
          lambda h, c: with_authentication(
              h, c.authenticator, c.render, c.metrics, api_audiences=c.api_audiences,
              front_proxy_headers=c.front_proxy_headers, front_proxy_extra_prefixes=c.front_proxy_extra_prefixes,
              auditor=c.auditor, mitigate_http2=c.anonymous_http2_mitigation)),
    Place("Tracing", "behind authentication: only known clients may influence sampling",
          lambda h, c: with_tracing(h, c.tracer, c.clock)),
    Place("StartupEarlyAnnotation", "needs the user, to leave out the server itself",
          lambda h, c: with_startup_early_annotation(h, c.signals.has_been_ready)),
    Place("Audit", "knows the real user, sees what impersonation and the rest decide",
          lambda h, c: with_audit(h, c.auditor, c.render, c.metrics.filters, c.clock)),
    Place("Impersonation", "what follows judges the user acted as",
          lambda h, c: with_impersonation(
              h, c.authorizer, c.render, c.metrics, constrained=c.constrained_impersonation, clock=c.clock)),
    Place("NotReady", "lets the server's own user pass",
          lambda h, c: with_not_ready(h, c.signals.has_been_ready)
          if c.send_retry_after_while_not_ready_once else h),
    Place("PriorityAndFairness", "before authorization, which may be costly, and after it is known whom to be fair to",
          lambda h, c: with_max_in_flight(
              h, c.max_requests_in_flight, c.max_mutating_requests_in_flight, c.metrics)
          if c.flow_control is None else with_priority_and_fairness(h, c.flow_control, c.metrics, clock=c.clock)),
    Place("Authorization", "last before the handler: nothing is served that was not allowed",
          lambda h, c: with_authorization(
              h, c.authorizer, c.render, c.metrics, queued=c.flow_control is not None)),
    Place("Director", "the handler itself: API groups, then the mux, then the delegate", lambda h, c: h),
)


def build_chain(handler: Handler, config: ChainConfig) -> Handler:
    """The whole chain around `handler` (the director)."""
    for place in reversed(FILTERS):
        handler = place.build(handler, config)
    return handler
